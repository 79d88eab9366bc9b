import FoundationEssentials
import GRDB
import GRDBSQLite
import GatewayCore

/// The work of one transaction: room, rows, cursors. Lives no longer than it.
///
/// The inserts bind through SQLite's own calls: GRDB's arguments would box every value, which costs more than the insert.
struct JournalWriter {
  private let db: Database
  private let options: JournalOptions
  /// The state as it will be once the transaction is durable.
  private(set) var state: Journal.State
  private var ledger: LedgerWriter
  /// The ids of the entries that were new.
  private(set) var newIDs: [Int64] = []
  /// Entries that went before every sink had them, for the ledger.
  private var overwritten: [LedgerWriter.Key: [Int64]] = [:]

  init(_ db: Database, _ options: JournalOptions, _ state: Journal.State, now: Int64) throws {
    self.db = db
    self.options = options
    self.state = state
    ledger = LedgerWriter(db, now: now, lastID: state.lastID, state.ledger)
  }

  // MARK: Room

  /// Deletes what is delivered and old; where a bound is reached also what is delivered and young, and at last, if that
  /// is the rule, what is not delivered.
  ///
  /// - Returns: whether the batch fits.
  mutating func makeRoom(for batch: Batch, now: Int64) throws -> Bool {
    try pruneDelivered(now: batch.entries.isEmpty ? nil : now)
    if batch.entries.isEmpty { return true }
    var excess = try excess(adding: Int64(batch.entries.count))
    if excess > 0 {
      try deleteOldest(Journal.pruneLimit, upTo: state.watermark)
      excess = try self.excess(adding: Int64(batch.entries.count))
    }
    if excess > 0 {
      // What every required sink has may go, whoever else waits for it; beyond that, only if that is the rule.
      let isDropping = options.whenFull == .dropOldest || state.required.isEmpty && !state.registered.isEmpty
      let before = state.entries
      try deleteOldest(excess, upTo: isDropping ? .max : state.requiredWatermark)
      state.lost += before - state.entries
      if isDropping { return true }
      excess = try self.excess(adding: Int64(batch.entries.count))
    }
    return excess <= 0
  }

  /// How many entries must go so that `count` more fit; bytes over the bound count as twice the batch, because deleted
  /// rows free pages only when whole pages empty.
  private func excess(adding count: Int64) throws -> Int64 {
    let overCount = state.entries + count - options.maxEntries
    let pages = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
    let free = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
    let size = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA page_size")) ?? 4096
    let overBytes = (pages - free) * size - options.maxBytes
    return max(overCount, overBytes > 0 ? count * 2 : 0)
  }

  private mutating func pruneDelivered(now: Int64?) throws {
    let watermark = state.watermark
    if watermark == 0 || state.entries == 0 { return }
    let surplus = state.entries - options.keepDeliveredEntries
    if surplus > 0 { try deleteOldest(min(surplus, Journal.pruneLimit), upTo: watermark) }
    guard let now else { return }
    let cutoff = now - options.keepDeliveredSeconds * 1_000_000
    // One look at the oldest, not at thousands of young ones in every commit: ids and times ascend together, and where a
    // clock stepped back the oldest goes a little later.
    let oldest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT received FROM entry ORDER BY id LIMIT 1"))
    guard let oldest, oldest < cutoff else { return }
    let last = try Int64.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT max(id) FROM (SELECT id, received FROM entry WHERE id <= ? ORDER BY id LIMIT ?) WHERE received < ?
          """), arguments: [watermark, Journal.pruneLimit, cutoff])
    if let last { try delete(upTo: last) }
  }

  private mutating func deleteOldest(_ count: Int64, upTo watermark: Int64) throws {
    let last = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT max(id) FROM (SELECT id FROM entry WHERE id <= ? ORDER BY id LIMIT ?)"),
      arguments: [watermark, count])
    if let last { try delete(upTo: last) }
  }

  private mutating func delete(upTo id: Int64) throws {
    try LedgerWriter.remember(db, upTo: id)
    try noteMissed(upTo: id)
    try db.cachedStatement(sql: "DELETE FROM entry WHERE id <= ?").execute(arguments: [id])
    state.entries -= Int64(db.changesCount)
  }

  /// What goes before somebody had it: counted for each sink, and lost where no required sink has it. (Without a sink the
  /// journal is history, and its end is no loss.)
  private mutating func noteMissed(upTo id: Int64) throws {
    for sink in state.registered where (state.cursors[sink] ?? 0) < id {
      let count = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT count(*) FROM entry WHERE id > ? AND id <= ?"),
        arguments: [state.cursors[sink] ?? 0, id])
      state.missed[sink, default: 0] += count ?? 0
    }
    let safe = state.required.isEmpty ? state.watermark : state.requiredWatermark
    if state.registered.isEmpty || id <= safe { return }
    let rows = try GRDB.Row.fetchCursor(
      db, sql: "SELECT device, boot, seq FROM entry WHERE id > ? AND id <= ? AND boot >= 0", arguments: [safe, id])
    while let row = try rows.next() { overwritten[.init(device: row[0], boot: row[1]), default: []].append(row[2]) }
  }

  // MARK: Rows

  /// Inserts everything of the batch.
  ///
  /// - Returns: for each entry whether it was new.
  mutating func insert(_ batch: Batch, _ cache: inout LedgerWriter.Cache) throws -> [Bool] {
    for offset in batch.bootOffsets {
      try db.cachedStatement(
        sql: "INSERT INTO boot_offset (device, boot, epoch) VALUES (?, ?, ?) ON CONFLICT (device, boot) DO NOTHING"
      ).execute(arguments: [offset.device, offset.boot, offset.epoch])
    }
    if !batch.bootOffsets.isEmpty {
      try db.cachedStatement(
        sql: "DELETE FROM boot_offset WHERE id <= (SELECT max(id) FROM boot_offset) - ?"
      ).execute(arguments: [options.maxBootOffsets])
    }
    let isNew = try insert(batch.entries)
    try insert(Self.strangers(db, zip(batch.entries, isNew).filter { !$1 }.map(\.0)), &cache)
    var arrived: [LedgerWriter.Key: [Int64]] = [:]
    for (entry, isNew) in zip(batch.entries, isNew) where isNew && entry.boot >= 0 {
      arrived[.init(device: entry.device, boot: entry.boot), default: []].append(entry.seq)
    }
    try ledger.arrived(arrived, &cache)
    // After the readings that arrived: a letter with a higher number must not be what the boot began with.
    try insert(batch.deadLetters, &cache)
    for loss in batch.losses { try ledger.lost(loss, &cache) }
    for (key, seqs) in overwritten {
      for seq in seqs {
        try ledger.lost(
          Loss(
            device: key.device, boot: key.boot, seqs: seq...seq, reason: "gateway: journal full", sparesArrived: false),
          &cache)
      }
    }
    state.ledger = ledger.ledger
    return isNew
  }

  /// Entries under the identity of another reading, as dead letters: a board that lost its count of starts, or a second one with its
  /// name. A redelivery has the time of the first delivery; only where that is the moment it came, nobody can tell.
  private static func strangers(_ db: Database, _ duplicates: [Entry]) throws -> [DeadLetter] {
    try duplicates.compactMap { entry in
      // Two gateways that both heard a reading without wall time derived it each for itself.
      guard entry.boot >= 0, entry.timeSource == .device || entry.timeSource == .derived && entry.via == nil else {
        return nil
      }
      let kept = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT timestamp FROM entry WHERE device = ? AND boot = ? AND seq = ?"),
        arguments: [entry.device, entry.boot, entry.seq])
      guard let kept, kept != entry.timestamp else { return nil }
      return DeadLetter(
        received: entry.received, topic: entry.device, reason: "reused-identity",
        detail:
          "boot \(entry.boot), seq \(entry.seq) of \(entry.timestamp / 1_000_000) s is already taken by a reading of "
          + "\(kept / 1_000_000) s: the board lost its count of starts, or two have one name",
        bytes: entry.bytes)
    }
  }

  /// Closes what of these gaps is open.
  mutating func close(_ gaps: [Gap], _ cache: inout LedgerWriter.Cache) throws {
    for gap in gaps { try ledger.close(gap, &cache) }
    state.ledger = ledger.ledger
  }

  private mutating func insert(_ entries: [Entry]) throws -> [Bool] {
    if entries.isEmpty { return [] }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO entry (device, boot, seq, timestamp, time_source, received, profile, bytes, via)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, boot, seq) DO NOTHING
        """
    ).sqliteStatement
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    var isNew: [Bool] = []
    isNew.reserveCapacity(entries.count)
    newIDs.reserveCapacity(entries.count)
    for entry in entries {
      let code = Self.step(statement, entry)
      guard code == SQLITE_DONE else {
        throw DatabaseError(
          resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
          message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
      }
      // An insert that met its twin has changed nothing.
      let inserted = sqlite3_changes(db.sqliteConnection) > 0
      isNew.append(inserted)
      if inserted {
        state.entries += 1
        state.lastID = sqlite3_last_insert_rowid(db.sqliteConnection)
        newIDs.append(state.lastID)
      }
    }
    return isNew
  }

  /// Binds without copying (SQLITE_STATIC, a null destructor): text and bytes outlive the step, and the statement is
  /// reset before they go.
  private static func step(_ statement: OpaquePointer, _ entry: Entry) -> Int32 {
    var device = entry.device
    return device.withUTF8 { name in
      entry.bytes.withUnsafeBytes { bytes in
        name.withMemoryRebound(to: CChar.self) { name in
          _ = sqlite3_bind_text(statement, 1, name.baseAddress, Int32(name.count), nil)
        }
        sqlite3_bind_int64(statement, 2, entry.boot)
        sqlite3_bind_int64(statement, 3, entry.seq)
        sqlite3_bind_int64(statement, 4, entry.timestamp)
        sqlite3_bind_int64(statement, 5, Int64(entry.timeSource.rawValue))
        sqlite3_bind_int64(statement, 6, entry.received)
        sqlite3_bind_int64(statement, 7, Int64(entry.profile.rawValue))
        if bytes.isEmpty {
          sqlite3_bind_zeroblob(statement, 8, 0)
        } else {
          sqlite3_bind_blob(statement, 8, bytes.baseAddress, Int32(bytes.count), nil)
        }
        return bindVia(statement, entry.via) {
          let code = sqlite3_step(statement)
          sqlite3_reset(statement)
          return code
        }
      }
    }
  }

  private static func bindVia(_ statement: OpaquePointer, _ via: String?, _ step: () -> Int32) -> Int32 {
    guard var via else {
      sqlite3_bind_null(statement, 9)
      return step()
    }
    return via.withUTF8 { text in
      text.withMemoryRebound(to: CChar.self) { text in
        _ = sqlite3_bind_text(statement, 9, text.baseAddress, Int32(text.count), nil)
      }
      return step()
    }
  }

  /// Inserts dead letters and lets the oldest beyond the bound go.
  mutating func insert(_ letters: [DeadLetter], _ cache: inout LedgerWriter.Cache) throws {
    if letters.isEmpty { return }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO dead_letter (received, topic, reason, detail, bytes, length) VALUES (?, ?, ?, ?, ?, ?)")
    for letter in letters {
      try statement.execute(
        arguments: [
          letter.received, letter.topic, letter.reason, letter.detail, letter.bytes.withUnsafeBytes { Data($0) },
          letter.length,
        ])
    }
    try db.cachedStatement(sql: "DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?")
      .execute(arguments: [options.maxDeadLetters])
    for letter in letters { if let loss = letter.loss { try ledger.lost(loss, &cache) } }
    state.ledger = ledger.ledger
  }

  // MARK: Cursors

  /// Writes the cursors that changed since the last commit.
  func saveCursors() throws {
    guard state.cursorsChanged else { return }
    for (sink, position) in state.cursors {
      try db.cachedStatement(
        sql: """
          INSERT INTO sink_cursor (sink, position) VALUES (?, ?)
          ON CONFLICT (sink) DO UPDATE SET position = excluded.position
          """
      ).execute(arguments: [sink, position])
    }
  }
}
