/// Neighbouring readings of one boot of a device that are missing, or were.
public struct Gap: Sendable, Equatable {
  /// What became of it.
  public enum Outcome: UInt8, Sendable, Equatable, CaseIterable {
    /// Still missing: on its way, held by the device, or lost without anybody having said so.
    case open
    /// It came after all.
    case repaired
    /// It will not come, and `reason` says where it was lost.
    case lost

    /// The word in the database.
    public var name: String {
      switch self {
      case .open: "open"
      case .repaired: "repaired"
      case .lost: "lost"
      }
    }
  }

  /// The device's id.
  public var device: String
  /// The device's count of starts.
  public var boot: Int64
  /// The first and the last missing number.
  public var seqs: ClosedRange<Int64>
  /// When it was noticed, microseconds since 1970 UTC.
  public var detected: Int64
  /// When it was repaired or known to be lost, microseconds since 1970 UTC.
  public var closed: Int64?
  /// What became of it.
  public var outcome: Outcome
  /// For what is lost the hop and the cause: `device: dropped`, `gateway: journal full`, `database: refused`.
  public var reason: String?

  /// How many readings it is.
  public var count: Int64 { seqs.upperBound - seqs.lowerBound + 1 }

  /// A gap, open unless said otherwise.
  public init(
    device: String, boot: Int64, seqs: ClosedRange<Int64>, detected: Int64, closed: Int64? = nil,
    outcome: Outcome = .open, reason: String? = nil
  ) {
    self.device = device
    self.boot = boot
    self.seqs = seqs
    self.detected = detected
    self.closed = closed
    self.outcome = outcome
    self.reason = reason
  }
}

/// A reading that reached the gateway, or of which somebody said so, and that will not be in the database.
public struct Loss: Sendable, Equatable {
  /// The device's id.
  public var device: String
  /// The device's count of starts.
  public var boot: Int64
  /// The numbers, first and last included.
  public var seqs: ClosedRange<Int64>
  /// Hop and cause, as `Gap.reason`.
  public var reason: String
  /// Whether a reading in the range that did arrive counts as arrived (what a device reports may be too wide), or is lost all the
  /// same (what a gateway drops or a database refuses had arrived before).
  public var sparesArrived: Bool

  /// A loss.
  public init(device: String, boot: Int64, seqs: ClosedRange<Int64>, reason: String, sparesArrived: Bool) {
    self.device = device
    self.boot = boot
    self.seqs = seqs
    self.reason = reason
    self.sparesArrived = sparesArrived
  }
}

/// Counts of the completeness ledger.
public struct GapCounts: Sendable, Equatable {
  /// Gaps that are open now.
  public var openGaps: Int64 = 0
  /// Readings in them.
  public var openReadings: Int64 = 0
  /// Readings of gaps that came after all, since the start of the process.
  public var repairedReadings: Int64 = 0
  /// Readings known to be lost, by reason, since the start of the process.
  public var lostReadings: [String: Int64] = [:]

  /// Nothing missing.
  public init() {}
}
