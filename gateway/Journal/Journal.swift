import GRDB
import GatewayCore
import Glibc
import Synchronization

/// The durable memory of the gateway: one SQLite file that holds every accepted message before it is acknowledged.
///
/// ```swift
/// let journal = try Journal(path: "/var/lib/martlet/journal.sqlite")
/// let result = try journal.commit(batch)      // returns when a power cut would not undo it
/// let next = try journal.entries(after: cursor, limit: 5000)
/// ```
///
/// **What a power cut can take.** The file is in WAL mode with `synchronous = FULL`: each commit is followed by an fsync
/// of the write-ahead log, before `commit` returns. A power cut can take a commit that has not returned, as a whole; it
/// cannot take one that has, nor tear one (frames carry checksums), nor damage what the main file held (a checkpoint
/// syncs the log before and the file after it copies). It cannot protect from a disk that lies about fsync. With
/// `NORMAL`, GRDB's default in WAL mode, the log is synced only at checkpoints: after a power cut the last acknowledged
/// commits could be gone. It would gain little: fsync is paid once a batch.
///
/// **Identity.** UNIQUE (device, boot, seq) makes a redelivery a known duplicate for as long as its entry is kept; after
/// that the unique key of the database catches it. Ids ascend, with gaps, and are never reused. `id` names the file: a sink keeps it
/// with its cursor, so that the cursor of another journal is not mistaken for one of this; and the session (each opening is one), so
/// that neither is the cursor of this journal for one of an older copy of it that was put back.
///
/// **One writer.** `commit` belongs to the ingest thread. What sinks report (`advance`) is kept in memory and written
/// with the next commit, as is the deletion of what every registered sink has: no fsync of their own, and a lost cursor
/// only delays a deletion (the sink's own cursor decides what is delivered). `bury` is the exception: it writes at once,
/// because it must be durable before the sink goes on. Readers work on snapshots and never wait for the writer.
///
/// **Bounds.** See `JournalOptions`. Each commit deletes at most `pruneLimit` entries.
public final class Journal: Store, Sendable {
  /// The file.
  public let path: String
  /// The journal's own name, 32 hexadecimal digits, given at its creation.
  public let id: String
  /// The bounds.
  public let options: JournalOptions
  private let clock: GatewayClock

  /// The most entries one commit deletes beside its own work: more than it adds, so that a backlog shrinks.
  static let pruneLimit: Int64 = 4000

  let pool: DatabasePool
  private let lock: JournalLock
  private let state: Mutex<State>
  /// The ledger's memory of boots; taken by the writer for a whole transaction, after SQLite's own lock.
  private let ledgerCache = Mutex(LedgerWriter.Cache())

  /// What the writer knows without asking the file.
  struct State {
    var entries: Int64
    var lastID: Int64
    var cursors: [String: Int64]
    /// Whether `cursors` differs from what is in the file.
    var cursorsChanged = false
    /// The sinks of this process; without any, nothing counts as delivered.
    var registered: Set<String> = []
    /// Those of them that a full journal waits for.
    var required: Set<String> = []
    /// Entries that went before a sink had them, since the start.
    var missed: [String: Int64] = [:]
    /// Whether SQLite met damage since the start.
    var isDamaged = false
    var lost: Int64 = 0
    var ledger = Ledger()

    /// Up to which id every registered sink has everything.
    var watermark: Int64 {
      registered.map { cursors[$0] ?? 0 }.min() ?? 0
    }

    /// Up to which id every required sink has everything; where none is required, no entry need stay.
    var requiredWatermark: Int64 {
      required.map { cursors[$0] ?? 0 }.min() ?? .max
    }
  }

  /// Opens the journal, or makes it; takes the lock and checks the file.
  ///
  /// - Throws: `.locked` where another process writes it, `.corrupt` where the check fails or the file is none of ours,
  ///   `.diskFull`, `.io`.
  public convenience init(
    path: String, options: JournalOptions = JournalOptions(), clock: GatewayClock = .system
  ) throws(StoreError) {
    try self.init(path: path, options: options, lock: JournalLock(path: path + ".lock"), clock: clock)
  }

  /// Opens the journal under a lock that is held already.
  init(path: String, options: JournalOptions, lock: JournalLock, clock: GatewayClock = .system) throws(StoreError) {
    self.clock = clock
    self.path = path
    self.options = options
    self.lock = lock
    do {
      var configuration = Configuration()
      configuration.label = "journal"
      pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { db in
        // With SQLite's own 2 MB the writer reads pages of its index again and again.
        try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -4000")
        guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
          throw StoreError(.io, "SQLite does not take synchronous = FULL")
        }
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard verdict == "ok" else {
          throw StoreError(.corrupt, "\(path) is damaged (\(verdict ?? "no answer"))")
        }
        guard access(Self.marker(path), F_OK) != 0 else {
          throw StoreError(.corrupt, "\(path) was found damaged while it was in use")
        }
        guard try !JournalSchema.migrator.hasBeenSuperseded(db) else {
          throw StoreError(.io, "\(path) was written by a newer version; install that one again")
        }
      }
      try JournalSchema.migrator.migrate(pool)
      try pool.read(Self.checkEntries)
      let (id, initial) = try pool.write { db in
        let loaded = try Self.load(db)
        try Self.beginSession(db, after: loaded.state.lastID)
        return loaded
      }
      self.id = id
      state = Mutex(initial)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(error, "open \(path)")
    }
  }

  /// Columns that hold what no version writes would stop every sink that comes to them.
  private static func checkEntries(_ db: Database) throws {
    let strange = try Int64.fetchOne(
      db,
      sql: "SELECT id FROM entry WHERE time_source NOT BETWEEN 0 AND ? OR profile NOT BETWEEN 1 AND ? LIMIT 1",
      arguments: [Int64(TimeSource.allCases.count - 1), Int64(Profile.allCases.count)])
    if let strange { throw StoreError(.corrupt, "entry \(strange) has an unknown time source or profile") }
  }

  /// The journal's name, and what its writer has to know.
  static func load(_ db: Database) throws -> (id: String, state: State) {
    let id = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'journal'") ?? ""
    let entries = try Int64.fetchOne(db, sql: "SELECT count(*) FROM entry") ?? 0
    // The sequence is ahead of the last entry where duplicates took numbers in vain; it counts when no entry is left.
    let lastID =
      try Int64.fetchOne(
        db,
        sql: "SELECT coalesce((SELECT max(id) FROM entry), (SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0)"
      ) ?? 0
    var cursors: [String: Int64] = [:]
    let rows = try GRDB.Row.fetchCursor(db, sql: "SELECT sink, position FROM sink_cursor")
    while let row = try rows.next() { cursors[row[0]] = row[1] }
    let ledger = try db.tableExists("reading_gap") ? Ledger.load(db) : Ledger()
    return (id, State(entries: entries, lastID: lastID, cursors: cursors, ledger: ledger))
  }

  /// Notes this opening; the last thousand are kept.
  private static func beginSession(_ db: Database, after lastID: Int64) throws {
    try db.execute(
      sql: "INSERT INTO session (id, first) VALUES (lower(hex(randomblob(8))), ?)", arguments: [lastID + 1])
    try db.execute(sql: "DELETE FROM session WHERE number <= (SELECT max(number) FROM session) - 1000")
  }

  static func sessions(_ db: Database) throws -> [StoreSession] {
    try GRDB.Row.fetchAll(db, sql: "SELECT id, first FROM session ORDER BY number").map {
      StoreSession(id: $0[0], first: $0[1])
    }
  }

  /// Writes what is only in memory and closes the file. Nothing may be called afterwards.
  public func close() throws(StoreError) {
    _ = try commit(Batch())
    // GRDB closes its readers last, and a reader cannot empty the log; a copy of the file alone would then lack it.
    // Where somebody still reads it stays, complete and durable, and the next start takes it in.
    _ = try? pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    do { try pool.close() } catch { throw StoreError(error, "close \(path)") }
    lock.release()
  }

  // MARK: Writing

  /// See `Store`; one transaction and one fsync.
  public func commit(_ batch: Batch) throws(StoreError) -> CommitResult {
    try writing("commit \(batch.entries.count) entries") { db in
      // A copy: the state changes only when the transaction has become durable.
      var next = state.withLock { $0 }
      var isNew: [Bool] = []
      var newIDs: [Int64] = []
      var isFull = false
      // A relayed reading was received by another gateway, perhaps long ago.
      let now = batch.entries.last { $0.via == nil }?.received ?? clock.wallMicroseconds()
      try withLedger { cache in
        try db.inTransaction(.immediate) {
          var writer = try JournalWriter(db, options, next, now: now)
          isFull = try !writer.makeRoom(for: batch, now: now)
          if !isFull { isNew = try writer.insert(batch, &cache) }
          try writer.saveCursors()
          newIDs = writer.newIDs
          next = writer.state
          return .commit
        }
      }
      let hasDropped = state.withLock { shared in
        let hasDropped = shared.lost != next.lost
        shared.entries = next.entries
        shared.lastID = next.lastID
        shared.lost = next.lost
        shared.missed = next.missed
        shared.ledger = next.ledger
        // A sink may have moved its cursor meanwhile; then it stays marked for the next commit.
        if shared.cursors == next.cursors { shared.cursorsChanged = false }
        return hasDropped
      }
      if isFull {
        throw StoreError(
          .full,
          "\(next.entries) entries are kept and the bound is reached (max_entries \(options.maxEntries), "
            + "max_bytes \(options.maxBytes)); a sink must catch up, or the bound be raised")
      }
      return CommitResult(isNew: isNew, lastID: next.lastID, newIDs: newIDs, hasDropped: hasDropped)
    }
  }

  /// Keeps what `sink` has not got; without any sink nothing counts as delivered.
  public func register(sink: String, isRequired: Bool) throws(StoreError) {
    state.withLock {
      $0.registered.insert(sink)
      if isRequired { $0.required.insert(sink) }
    }
  }

  /// See `Store`; in memory until the next commit. A cursor may also go back, when a sink lost rows.
  public func advance(sink: String, to id: Int64) throws(StoreError) {
    state.withLock {
      $0.registered.insert(sink)
      if $0.cursors[sink] == id { return }
      $0.cursors[sink] = id
      $0.cursorsChanged = true
    }
  }

  /// Writes what sinks reported since the last commit, where anything is left to write: for times without commits. From any
  /// thread.
  public func saveCursors() throws(StoreError) {
    guard state.withLock({ $0.cursorsChanged }) else { return }
    try writing("keep the cursors") { db in
      let next = state.withLock { $0 }
      try db.inTransaction(.immediate) {
        try JournalWriter(db, options, next, now: clock.wallMicroseconds()).saveCursors()
        return .commit
      }
      state.withLock { if $0.cursors == next.cursors { $0.cursorsChanged = false } }
    }
  }

  /// See `Store`; a transaction of its own, from any thread.
  public func bury(_ letters: [DeadLetter]) throws(StoreError) {
    if letters.isEmpty { return }
    try writing("keep \(letters.count) dead letters") { db in
      var next = state.withLock { $0 }
      try withLedger { cache in
        try db.inTransaction(.immediate) {
          var writer = try JournalWriter(db, options, next, now: clock.wallMicroseconds())
          try writer.insert(letters, &cache)
          next = writer.state
          return .commit
        }
      }
      state.withLock { $0.ledger = next.ledger }
    }
  }

  /// See `Store`; a transaction of its own, from any thread.
  public func close(_ gaps: [Gap]) throws(StoreError) {
    if gaps.isEmpty { return }
    try writing("close \(gaps.count) gaps") { db in
      var next = state.withLock { $0 }
      try withLedger { cache in
        try db.inTransaction(.immediate) {
          var writer = try JournalWriter(db, options, next, now: clock.wallMicroseconds())
          try writer.close(gaps, &cache)
          next = writer.state
          return .commit
        }
      }
      state.withLock { $0.ledger = next.ledger }
    }
  }

  /// Lends the ledger's memory to one transaction; what does not become durable is forgotten.
  private func withLedger(_ body: (inout LedgerWriter.Cache) throws -> Void) throws {
    try ledgerCache.withLock { cache in
      do { try body(&cache) } catch {
        cache.forget()
        throw error
      }
    }
  }

  private func writing<Result>(
    _ what: @autoclosure () -> String, _ body: (Database) throws -> Result
  ) throws(StoreError) -> Result {
    do {
      return try pool.writeWithoutTransaction(body)
    } catch let error as StoreError {
      throw error
    } catch {
      throw noted(StoreError(error, what()))
    }
  }

  /// See `Store`; counts from memory, sizes from the file system.
  public func statistics() throws(StoreError) -> StoreStatistics {
    let letters = try reading("count") { db in
      try Int64.fetchOne(db, sql: "SELECT count(*) FROM dead_letter") ?? 0
    }
    let state = state.withLock { $0 }
    return StoreStatistics(
      entries: state.entries, lastID: state.lastID, deadLetters: letters,
      bytes: Self.size(ofFilesAt: path), cursors: state.cursors, gaps: state.ledger.counts, missed: state.missed)
  }

  /// Entries that went before every sink had them (`WhenFull.dropOldest`), since the start of the process.
  public var lostEntries: Int64 { state.withLock { $0.lost } }

  func reading<Result>(
    _ what: @autoclosure () -> String, _ body: (Database) throws -> Result
  ) throws(StoreError) -> Result {
    do { return try pool.read(body) } catch { throw noted(StoreError(error, what())) }
  }

  /// Whether damage was met since the start. The service should then end: the next start sets the file aside.
  public var isDamaged: Bool { state.withLock { $0.isDamaged } }

  /// Damage that the check at the start does not see, an index that lost a row, must not be met at every start anew.
  private func noted(_ error: StoreError) -> StoreError {
    guard error.code == .corrupt else { return error }
    state.withLock { $0.isDamaged = true }
    let descriptor = Glibc.open(Self.marker(path), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor >= 0 { Glibc.close(descriptor) }
    return error
  }

  /// The file whose presence says that damage was met.
  static func marker(_ path: String) -> String { path + ".damaged" }

  /// Bytes on disk, the log included.
  static func size(ofFilesAt path: String) -> Int64 {
    [path, path + "-wal"].reduce(0) { sum, file in
      var status = stat()
      return stat(file, &status) == 0 ? sum + Int64(status.st_size) : sum
    }
  }
}

extension StoreError {
  /// SQLite's error with our code.
  init(_ error: any Error, _ what: String) {
    let detail = "cannot \(what): \(error)"
    guard let error = error as? DatabaseError else {
      self.init(.io, detail)
      return
    }
    let words = "cannot \(what): \(error.message ?? "SQLite error") (\(error.extendedResultCode.rawValue))"
    switch error.resultCode {
    case .SQLITE_FULL: self.init(.diskFull, words)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self.init(.corrupt, words)
    // A damaged header, not a newer file: there is no later format than 4, of 2005 (SQLite, "Database File Format", 1.3.10).
    case .SQLITE_ERROR where error.message == "unsupported file format": self.init(.corrupt, words)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.locked, words)
    default: self.init(.io, words)
    }
  }
}
