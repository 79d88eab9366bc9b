/// What one commit makes durable, all or nothing.
public struct Batch: Sendable {
  /// Accepted messages, in the order they came.
  public var entries: [Entry] = []
  /// Refused messages, with the reason.
  public var deadLetters: [DeadLetter] = []
  /// Offsets of boots seen for the first time.
  public var bootOffsets: [BootOffset] = []
  /// Readings that devices say they had to drop.
  public var losses: [Loss] = []

  /// An empty batch.
  public init() {}

  /// Whether there is nothing to commit.
  public var isEmpty: Bool { entries.isEmpty && deadLetters.isEmpty && bootOffsets.isEmpty && losses.isEmpty }
}

/// A message that could not be taken, kept whole (to a bound) so that a person can see why.
public struct DeadLetter: Sendable, Equatable {
  /// The store's number; 0 until committed.
  public var id: Int64
  /// Microseconds since 1970 UTC.
  public var received: Int64
  /// Where it came from.
  public var topic: String
  /// A short stable code: `not-json`, `wrong-type`, `too-large`, `invalid-utf8`, `unknown-topic`, `refused-by-database`, …
  public var reason: String
  /// What exactly, for a person: the key, the byte offset, the database's words.
  public var detail: String
  /// The payload, cut at 4,096 bytes.
  public var bytes: [UInt8]
  /// How long the payload was.
  public var length: Int
  /// Which reading of version 2 will therefore not be in the database, for the ledger; not kept with the letter.
  public var loss: Loss?

  /// The longest payload prefix that is kept.
  public static let keptBytes = 4096

  /// A letter that is not committed yet.
  public init(
    id: Int64 = 0, received: Int64, topic: String, reason: String, detail: String, bytes: [UInt8], length: Int? = nil,
    loss: Loss? = nil
  ) {
    self.id = id
    self.received = received
    self.topic = topic
    self.reason = reason
    self.detail = detail
    self.bytes = bytes.count > Self.keptBytes ? Array(bytes.prefix(Self.keptBytes)) : bytes
    self.length = length ?? bytes.count
    self.loss = loss
  }
}

/// The moment a boot's uptime counts from, fixed once.
public struct BootOffset: Sendable, Equatable {
  /// The device's id.
  public var device: String
  /// The device's count of starts.
  public var boot: Int64
  /// Microseconds since 1970 UTC at which the device's uptime was 0.
  public var epoch: Int64

  /// An offset of one boot.
  public init(device: String, boot: Int64, epoch: Int64) {
    self.device = device
    self.boot = boot
    self.epoch = epoch
  }
}

/// The durable memory between the broker and the sinks.
///
/// One thread writes (the ingest thread); any number read. `commit` returns only when a power cut would not undo it.
public protocol Store: Sendable {
  /// Makes the batch durable. An entry whose (device, boot, seq) is already there is counted and left out.
  ///
  /// - Returns: how many entries were new.
  /// - Throws: `StoreError`; nothing of the batch is kept then.
  func commit(_ batch: Batch) throws(StoreError) -> CommitResult

  /// The offset of a boot, or `nil` while none is fixed.
  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64?

  /// The entries after `id`, oldest first, at most `limit`.
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry]

  /// The last entries of a device, oldest first, at most `limit`.
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry]

  /// The devices the store has entries of.
  func devices() throws(StoreError) -> [String]

  /// Says that `sink` will take entries from this store, before the first commit: what it has not got stays.
  ///
  /// - Parameter isRequired: whether a store at its bound waits for this sink. Otherwise the bound wins: the oldest entries
  ///   go, and what this sink has not got of them it misses (`StoreStatistics.missed`).
  func register(sink: String, isRequired: Bool) throws(StoreError)

  /// The openings of the store, oldest first, the running one last; at least the last thousand.
  func sessions() throws(StoreError) -> [StoreSession]

  /// Remembers that `sink` holds everything up to `id`, so that older entries may go when room is needed.
  func advance(sink: String, to id: Int64) throws(StoreError)

  /// Keeps what a sink refused.
  func bury(_ letters: [DeadLetter]) throws(StoreError)

  /// The newest letters, newest first.
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter]

  /// Counts for health and metrics.
  func statistics() throws(StoreError) -> StoreStatistics

  /// What the completeness ledger wrote after `revision`, in that order, at most `limit`, and up to which revision that is.
  func gaps(after revision: Int64, limit: Int) throws(StoreError) -> (gaps: [Gap], revision: Int64)

  /// Closes what of these gaps is open: the readings are in the database, from another gateway.
  func close(_ gaps: [Gap]) throws(StoreError)
}

extension Store {
  /// A store that deletes nothing need not know its sinks.
  public func register(sink: String, isRequired: Bool) throws(StoreError) {}

  /// A sink that the store's bound waits for.
  public func register(sink: String) throws(StoreError) { try register(sink: sink, isRequired: true) }

  /// A store that nobody can put back from a copy has one session without a name.
  public func sessions() throws(StoreError) -> [StoreSession] { [] }

  /// A store without a ledger knows of no gaps.
  public func gaps(after revision: Int64, limit: Int) throws(StoreError) -> (gaps: [Gap], revision: Int64) {
    ([], revision)
  }

  /// A store without a ledger has none to close.
  public func close(_ gaps: [Gap]) throws(StoreError) {}
}

/// What a commit did.
public struct CommitResult: Sendable, Equatable {
  /// For each entry of the batch, in its order: whether it was new (`false`: a duplicate of one already kept).
  public var isNew: [Bool]
  /// The highest id in the store.
  public var lastID: Int64
  /// The ids of the new entries, in their order; empty where the store does not say.
  public var newIDs: [Int64]
  /// Whether entries that some sink had not got made room.
  public var hasDropped: Bool

  /// The outcome of one commit.
  public init(isNew: [Bool], lastID: Int64, newIDs: [Int64] = [], hasDropped: Bool = false) {
    self.isNew = isNew
    self.lastID = lastID
    self.newIDs = newIDs
    self.hasDropped = hasDropped
  }
}

/// Counts of a store.
public struct StoreStatistics: Sendable, Equatable {
  /// Entries kept now.
  public var entries: Int64
  /// The highest id ever given.
  public var lastID: Int64
  /// Dead letters kept now.
  public var deadLetters: Int64
  /// Bytes on disk.
  public var bytes: Int64
  /// Each sink's cursor.
  public var cursors: [String: Int64]
  /// What is missing.
  public var gaps: GapCounts
  /// Entries that went before a sink had them, since the start of the process, by sink.
  public var missed: [String: Int64]

  /// Counts at one moment.
  public init(
    entries: Int64, lastID: Int64, deadLetters: Int64, bytes: Int64, cursors: [String: Int64],
    gaps: GapCounts = GapCounts(), missed: [String: Int64] = [:]
  ) {
    self.entries = entries
    self.lastID = lastID
    self.deadLetters = deadLetters
    self.bytes = bytes
    self.cursors = cursors
    self.gaps = gaps
    self.missed = missed
  }
}

/// Why the store could not do what was asked.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// What kind of fault.
  public enum Code: Sendable, Equatable {
    /// The bound is reached and nothing may be dropped.
    case full
    /// The disk is full.
    case diskFull
    /// The file is damaged.
    case corrupt
    /// Another process holds the file.
    case locked
    /// Anything else the disk or the library says.
    case io
  }

  /// What kind of fault.
  public var code: Code
  /// What was being done, and what the cause said.
  public var detail: String

  /// A fault with its cause.
  public init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  /// The fault in one line.
  public var description: String { "journal: \(code): \(detail)" }
}
