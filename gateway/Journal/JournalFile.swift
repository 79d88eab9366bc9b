import GRDB
import GatewayCore
import Glibc

/// A journal's file looked at from outside: counted, read, checked, made smaller. Never made, never upgraded.
///
/// ```swift
/// let file = try JournalFile(path: path, exclusively: false)   // also while a gateway writes it
/// let page = try file.entries(after: 0, limit: 5000)
/// ```
///
/// Beside a running gateway it is a reader like the gateway's own: a snapshot for each call, no write, and no lock that a
/// commit would wait for (SQLite, "Write-Ahead Logging", section Concurrency). Read in pages: while one snapshot is open
/// the log cannot be emptied and grows. What takes long in one piece, the check and the compaction, is therefore only
/// done `exclusively`, with the lock that a gateway holds.
public final class JournalFile {
  /// The file.
  public let path: String
  private let queue: DatabaseQueue
  private let lock: JournalLock?

  /// Opens a file that is there.
  ///
  /// - Throws: `.io` where there is none, `.locked` where it shall be exclusive and is not, `.corrupt`.
  public init(path: String, exclusively: Bool) throws(StoreError) {
    guard access(path, F_OK) == 0 else {
      throw StoreError(.io, "\(path): there is no such file; name it with --journal")
    }
    self.path = path
    lock = exclusively ? try JournalLock(path: path + ".lock") : nil
    do {
      var configuration = Configuration()
      configuration.readonly = !exclusively
      configuration.busyMode = .timeout(5)
      configuration.label = "journal file"
      queue = try DatabaseQueue(path: path, configuration: configuration)
      let isOurs = try queue.inDatabase { db in try db.tableExists("entry") && db.tableExists("meta") }
      guard isOurs else { throw StoreError(.corrupt, "\(path) is no journal of martlet") }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(error, "open \(path)")
    }
  }

  func reading<Result>(_ what: String, _ body: (Database) throws -> Result) throws(StoreError) -> Result {
    do { return try queue.read(body) } catch { throw StoreError(error, "\(what) of \(path)") }
  }

  /// What it holds.
  public func statistics() throws(StoreError) -> StoreStatistics {
    try reading("count the entries") { db in
      let state = try Journal.load(db).state
      return StoreStatistics(
        entries: state.entries, lastID: state.lastID,
        deadLetters: try Int64.fetchOne(db, sql: "SELECT count(*) FROM dead_letter") ?? 0,
        bytes: Journal.size(ofFilesAt: path), cursors: state.cursors, gaps: state.ledger.counts)
    }
  }

  /// The journal's own name, `Journal.id`.
  public func identity() throws(StoreError) -> String {
    try reading("read the name") { db in try Journal.load(db).id }
  }

  /// The entries after `id`, oldest first, at most `limit`.
  ///
  /// - Parameter damaged: told of each entry that cannot be one, instead of an error.
  public func entries(
    after id: Int64, limit: Int, damaged: ((_ id: Int64, _ detail: String) -> Void)? = nil
  ) throws(StoreError) -> [Entry] {
    try reading("read the entries after \(id)") { db in
      try EntryColumns.fetch(
        db, "WHERE id > ? ORDER BY id LIMIT ?", [id, limit],
        damaged: damaged.map { damaged in { damaged($0.id, $0.detail) } })
    }
  }

  /// The gaps the ledger holds, by device, boot and number; none in a file from before there was a ledger.
  public func gaps(device: String? = nil) throws(StoreError) -> [Gap] {
    try reading("read the gaps") { db in
      guard try db.tableExists("reading_gap") else { return [] }
      return try GapColumns.fetch(
        db, "WHERE device = ?1 OR ?1 IS NULL ORDER BY device, boot, seq_from", [device])
    }
  }

  /// What SQLite finds wrong with the file: pages, order, indexes against rows, types. Empty when nothing.
  public func damage() throws(StoreError) -> [String] {
    do {
      return try reading("check the pages") { db in
        let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
        return lines == ["ok"] ? [] : lines
      }
    } catch {
      // Some damage the check itself trips over.
      guard error.code == .corrupt else { throw error }
      return [error.detail]
    }
  }

  // MARK: Compaction

  /// Rewrites the file without its free pages (VACUUM), and takes the log in.
  ///
  /// SQLite writes the content twice meanwhile, to a temporary file and to the log, both in the journal's folder; there
  /// must be room for that. A power cut leaves the old content.
  ///
  /// - Returns: bytes before and after.
  /// - Throws: `.diskFull` before anything is written.
  public func compact() throws(StoreError) -> (before: Int64, after: Int64) {
    let before = Journal.size(ofFilesAt: path)
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let content = try reading("size the content") { db in
      let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
      return (pages - free) * (try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 4096)
    }
    try Self.checkRoom(for: content, in: folder)
    // SQLite reads this when it makes the file; /var/tmp, its default, may be small.
    setenv("SQLITE_TMPDIR", folder.isEmpty ? "/" : folder, 1)
    do {
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = FULL; VACUUM")
        _ = try db.checkpoint(.truncate)
      }
    } catch {
      throw StoreError(error, "compact \(path)")
    }
    return (before, Journal.size(ofFilesAt: path))
  }

  /// - Parameter free: what the file system has; asked for when `nil`.
  static func checkRoom(for content: Int64, in folder: String, free: Int64? = nil) throws(StoreError) {
    // Log frames carry 24 bytes beside each page of 4096, and the temporary file may be a little larger than the content.
    let needed = content * 2 + content / 16 + (1 << 20)
    var room = free ?? 0
    if free == nil {
      var status = statvfs()
      guard statvfs(folder.isEmpty ? "/" : folder, &status) == 0 else {
        let cause = errno
        throw StoreError(.io, "cannot ask for the free space of \(folder): \(String(cString: strerror(cause)))")
      }
      room = Int64(status.f_bavail) * Int64(status.f_frsize)
    }
    guard room >= needed else {
      throw StoreError(
        .diskFull,
        "compacting needs \(needed >> 20) MB free in \(folder) for a while, and there are \(room >> 20) MB; make room first"
      )
    }
  }

  /// Closes the file; nothing may be called afterwards.
  public func close() throws(StoreError) {
    do { try queue.close() } catch { throw StoreError(error, "close \(path)") }
    lock?.release()
  }
}
