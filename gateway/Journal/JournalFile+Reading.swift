import GRDB
import GatewayCore

/// One reading, looked for in a journal's file.
extension JournalFile {
  /// The journal's own id, which the database's cursor is kept under.
  public func journalID() throws(StoreError) -> String {
    try reading("read the id") { db in
      try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'journal'") ?? ""
    }
  }

  /// The entry of one reading, or `nil` where there is none (any more).
  public func entry(device: String, boot: Int64, seq: Int64) throws(StoreError) -> Entry? {
    try reading("look for a reading") { db in
      try EntryColumns.fetch(db, "WHERE device = ? AND boot = ? AND seq = ?", [device, boot, seq]).first
    }
  }

  /// The dead letters of one device, newest first: what came on its topic, and what the database refused of it.
  public func deadLetters(device: String) throws(StoreError) -> [DeadLetter] {
    try reading("read the dead letters") { db in
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT id, received, topic, reason, detail, bytes, length FROM dead_letter
          WHERE topic = ?1 OR substr(topic, -length(?1) - 1) = '/' || ?1 ORDER BY id DESC
          """, arguments: [device])
      return try rows.map { row in
        DeadLetter(
          id: row[0], received: row[1], topic: row[2], reason: row[3], detail: row[4],
          bytes: try row.withUnsafeData(atIndex: 5) { $0.map { Array($0) } ?? [] }, length: row[6])
      }
    }
  }
}
