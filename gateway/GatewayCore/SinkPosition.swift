/// What of a store a sink has: everything up to an entry, and, while a backlog is brought in behind newer readings,
/// stretches beyond it.
///
/// ```swift
/// var position = SinkPosition(upTo: 100)
/// position.deliver(after: 900, through: 950)   // ahead: 901…950
/// position.deliver(after: 100, through: 900)   // upTo: 950
/// ```
///
/// Stretches are by id: entries that came to nothing (a duplicate takes a number in vain) belong to the one around them.
public struct SinkPosition: Sendable, Equatable {
  /// Every entry up to this one is there.
  public private(set) var upTo: Int64
  /// What is there beyond, ascending; neighbours are joined.
  public private(set) var ahead: [ClosedRange<Int64>]
  /// In which session of the store this was written (`StoreSession`); `nil` from before there were any.
  public var session: String?

  /// A position; `ahead` ascending and beyond `upTo`.
  public init(upTo: Int64, ahead: [ClosedRange<Int64>] = [], session: String? = nil) {
    self.upTo = upTo
    self.ahead = []
    self.session = session
    for stretch in ahead { deliver(after: stretch.lowerBound - 1, through: stretch.upperBound) }
  }

  /// The highest entry that is there.
  public var end: Int64 { ahead.last?.upperBound ?? upTo }

  /// The last entry of the first stretch that is missing below `front`.
  public func holeEnd(below front: Int64) -> Int64 {
    ahead.first.map { min($0.lowerBound - 1, front) } ?? front
  }

  /// Takes in that everything after one entry up to another is there.
  public mutating func deliver(after: Int64, through: Int64) {
    guard through > after else { return }
    var stretch = after + 1...through
    var apart: [ClosedRange<Int64>] = []
    for other in ahead {
      if other.upperBound < stretch.lowerBound - 1 || other.lowerBound > stretch.upperBound + 1 {
        apart.append(other)
      } else {
        stretch = min(stretch.lowerBound, other.lowerBound)...max(stretch.upperBound, other.upperBound)
      }
    }
    if stretch.lowerBound <= upTo + 1 {
      upTo = max(upTo, stretch.upperBound)
      ahead = apart
    } else {
      ahead = (apart + [stretch]).sorted { $0.lowerBound < $1.lowerBound }
    }
  }

  /// What of it lies at or below an entry.
  public func cut(at limit: Int64) -> SinkPosition {
    SinkPosition(
      upTo: min(upTo, limit),
      ahead: ahead.compactMap { $0.lowerBound <= limit ? $0.lowerBound...min($0.upperBound, limit) : nil },
      session: session)
  }
}

/// One opening of a store's file, from its first entry on.
///
/// A file that is put back from an older copy goes on with the same ids for other entries. Its sessions tell: the copy
/// lacks those that came later, and opens a new one before the ids a sink has already seen.
public struct StoreSession: Sendable, Equatable {
  /// Drawn anew at each opening.
  public var id: String
  /// The first id that it could give.
  public var first: Int64

  /// A session.
  public init(id: String, first: Int64) {
    self.id = id
    self.first = first
  }
}

extension SinkPosition {
  /// What of this position can be believed of a store with these sessions, which begins the newest now.
  ///
  /// - Parameters:
  ///   - sessions: oldest first, the running one last.
  ///   - last: the highest id the store ever gave.
  public func verified(by sessions: [StoreSession], last: Int64) -> SinkPosition {
    var verified = self
    if let session, !sessions.isEmpty {
      if let index = sessions.firstIndex(where: { $0.id == session }) {
        // What a later session numbers anew is not what this position speaks of.
        verified = cut(at: index + 1 < sessions.count ? sessions[index + 1].first - 1 : last)
      } else {
        verified = SinkPosition(upTo: 0)
      }
    } else if end > last {
      verified = SinkPosition(upTo: 0)
    }
    verified.session = sessions.last?.id
    return verified
  }
}
