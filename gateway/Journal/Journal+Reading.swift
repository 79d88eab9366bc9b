import GRDB
import GatewayCore
import Glibc
import Synchronization

/// What a journal is asked; see `Store`.
extension Journal {
  /// See `Store`.
  public func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? {
    try reading("look up a boot") { db in
      try Int64.fetchOne(
        db, sql: "SELECT epoch FROM boot_offset WHERE device = ? AND boot = ?", arguments: [device, boot])
    }
  }

  /// See `Store`; about a microsecond an entry.
  public func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    try reading("read the entries after \(id)") { db in
      try EntryColumns.fetch(db, "WHERE id > ? ORDER BY id LIMIT ?", [id, limit])
    }
  }

  /// See `Store`; "last" is by arrival. Walks through all numbers of the device in the unique index.
  public func latest(device: String, limit: Int) throws(StoreError) -> [Entry] {
    try reading("read the last entries of \(device)") { db in
      try EntryColumns.fetch(
        db, "WHERE id IN (SELECT id FROM entry WHERE device = ? ORDER BY id DESC LIMIT ?) ORDER BY id", [device, limit])
    }
  }

  /// See `Store`; ascending.
  public func devices() throws(StoreError) -> [String] {
    try reading("list the devices") { db in
      // Jumps from device to device in the index; DISTINCT would walk every entry.
      try String.fetchAll(
        db,
        sql: """
          WITH RECURSIVE name(device) AS (
            SELECT min(device) FROM entry
            UNION ALL
            SELECT (SELECT min(device) FROM entry WHERE device > name.device) FROM name WHERE name.device IS NOT NULL
          ) SELECT device FROM name WHERE device IS NOT NULL
          """)
    }
  }

  /// See `Store`.
  public func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] {
    try reading("read the dead letters") { db in
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT id, received, topic, reason, detail, bytes, length FROM dead_letter ORDER BY id DESC LIMIT ?
          """, arguments: [limit])
      return try rows.map { row in
        DeadLetter(
          id: row[0], received: row[1], topic: row[2], reason: row[3], detail: row[4],
          bytes: try row.withUnsafeData(atIndex: 5) { $0.map { Array($0) } ?? [] }, length: row[6])
      }
    }
  }

  /// See `Store`.
  public func gaps(after revision: Int64, limit: Int) throws(StoreError) -> (gaps: [Gap], revision: Int64) {
    try reading("read the gaps") { db in
      let gaps = try GapColumns.fetch(db, "WHERE revision > ? ORDER BY revision LIMIT ?", [revision, limit])
      let last = try Int64.fetchOne(
        db,
        sql:
          "SELECT max(revision) FROM (SELECT revision FROM reading_gap WHERE revision > ? ORDER BY revision LIMIT ?)",
        arguments: [revision, limit])
      return (gaps, last ?? revision)
    }
  }

  /// See `Store`.
  public func sessions() throws(StoreError) -> [StoreSession] {
    try reading("read the sessions", Self.sessions)
  }
}
