/// How much a journal keeps.
public struct JournalOptions: Sendable, Equatable {
  /// What happens when a bound is reached and every entry is still needed by a sink.
  public enum WhenFull: String, Sendable, Equatable, CaseIterable {
    /// Commits are refused (`StoreError.full`), so nothing is acknowledged: broker and devices keep the readings.
    case block
    /// The oldest entries go, though a sink has not got them: they are lost, and counted in `Journal.lostEntries`.
    case dropOldest
  }

  /// The most entries kept.
  public var maxEntries: Int64 = 5_000_000
  /// The most bytes in use, free pages not counted; an entry with its keys takes about 0.6 KB.
  public var maxBytes: Int64 = 4 << 30
  /// What gives way at these bounds.
  public var whenFull = WhenFull.block
  /// How long an entry stays after every sink has it, in seconds. It is what makes a late redelivery a known duplicate.
  public var keepDeliveredSeconds: Int64 = 86_400
  /// How many entries stay at most although every sink has them.
  public var keepDeliveredEntries: Int64 = 1_000_000
  /// The most dead letters kept; the oldest go first.
  public var maxDeadLetters: Int64 = 10_000
  /// The most boot offsets kept; the oldest go first.
  public var maxBootOffsets: Int64 = 100_000

  /// The defaults.
  public init() {}
}
