/// The gaps of one boot of one device: the arithmetic of the completeness ledger, without a file.
///
/// ```swift
/// var list = GapList(device: "Attic06", boot: 17)
/// list.open(5...9, at: now)                           // 10 came after 4
/// list.arrive(7...7, at: now)                         // 5–6 open, 7 repaired, 8–9 open
/// list.lose(8...9, "device: dropped", arrived: .spared(seen: 1...10), at: now)
/// ```
///
/// Pieces are ascending and never overlap; neighbours of the same fate are one piece.
public struct GapList: Sendable, Equatable {
  /// The pieces, ascending.
  public private(set) var pieces: [Gap]
  private let device: String
  private let boot: Int64

  /// A list of these pieces, which must be ascending and disjoint.
  public init(device: String, boot: Int64, pieces: [Gap] = []) {
    self.device = device
    self.boot = boot
    self.pieces = pieces
  }

  /// Numbers that were passed over. What is known of them already stays as it is.
  public mutating func open(_ range: ClosedRange<Int64>, at now: Int64) {
    for part in uncovered(range) { pieces.append(Gap(device: device, boot: boot, seqs: part, detected: now)) }
    settle()
  }

  /// Readings came. What was open, or said to be lost, is repaired.
  public mutating func arrive(_ range: ClosedRange<Int64>, at now: Int64) {
    for var part in cut(range) {
      if part.outcome != .repaired {
        part.outcome = .repaired
        part.reason = nil
        part.closed = now
      }
      pieces.append(part)
    }
    settle()
  }

  /// Which readings of a loss had arrived.
  public enum Arrived: Sendable {
    /// These numbers have been seen, and what is in no gap among them has arrived: it stays so. `nil`: none was seen.
    case spared(seen: ClosedRange<Int64>?)
    /// All of it is lost, arrived or not.
    case lost
  }

  /// Readings are known to be lost.
  public mutating func lose(
    _ range: ClosedRange<Int64>, _ reason: String, arrived: Arrived, at now: Int64
  ) {
    var fresh = uncovered(range)
    let coversArrived: Bool
    switch arrived {
    case .lost: coversArrived = true
    case .spared(let seen):
      coversArrived = false
      if let seen { fresh = fresh.flatMap { Self.subtract(seen, from: $0) } }
    }
    for var part in cut(range) {
      if part.outcome == .open || part.outcome == .repaired && coversArrived {
        part.outcome = .lost
        part.reason = reason
        part.closed = now
      }
      pieces.append(part)
    }
    for part in fresh {
      pieces.append(
        Gap(device: device, boot: boot, seqs: part, detected: now, closed: now, outcome: .lost, reason: reason))
    }
    settle()
  }

  // MARK: Arithmetic

  /// Takes the range out of the pieces; gives what was in it.
  private mutating func cut(_ range: ClosedRange<Int64>) -> [Gap] {
    var inside: [Gap] = []
    pieces = pieces.flatMap { piece -> [Gap] in
      guard piece.seqs.overlaps(range) else { return [piece] }
      inside.append(piece.with(piece.seqs.clamped(to: range)))
      return Self.subtract(range, from: piece.seqs).map(piece.with)
    }
    return inside
  }

  /// The parts of the range that no piece covers.
  private func uncovered(_ range: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
    pieces.reduce([range]) { parts, piece in parts.flatMap { Self.subtract(piece.seqs, from: $0) } }
  }

  private static func subtract(_ hole: ClosedRange<Int64>, from range: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
    guard hole.overlaps(range) else { return [range] }
    var parts: [ClosedRange<Int64>] = []
    if range.lowerBound < hole.lowerBound { parts.append(range.lowerBound...hole.lowerBound - 1) }
    if range.upperBound > hole.upperBound { parts.append(hole.upperBound + 1...range.upperBound) }
    return parts
  }

  /// Order, and one piece for neighbours of the same fate.
  private mutating func settle() {
    pieces.sort { $0.seqs.lowerBound < $1.seqs.lowerBound }
    var settled: [Gap] = []
    for piece in pieces {
      if let last = settled.last, last.seqs.upperBound + 1 == piece.seqs.lowerBound, last.outcome == piece.outcome,
        last.reason == piece.reason
      {
        settled[settled.count - 1].seqs = last.seqs.lowerBound...piece.seqs.upperBound
        settled[settled.count - 1].detected = min(last.detected, piece.detected)
        settled[settled.count - 1].closed = last.closed.flatMap { a in piece.closed.map { max(a, $0) } }
      } else {
        settled.append(piece)
      }
    }
    pieces = settled
  }
}

extension Gap {
  fileprivate func with(_ seqs: ClosedRange<Int64>) -> Gap {
    var copy = self
    copy.seqs = seqs
    return copy
  }
}
