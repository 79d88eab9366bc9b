import GRDB
import GRDBSQLite
import GatewayCore

/// Entries out of the file, by SQLite's own column calls: a sink reads five thousand at a time.
enum EntryColumns {
  /// An entry that cannot be one: a column holds what no version of this program writes.
  struct Damage: Error {
    var id: Int64
    var detail: String
  }

  /// The entries that `clause` selects.
  ///
  /// - Parameter damaged: told of what is no entry; without it that is an error (`SQLITE_CORRUPT`).
  static func fetch(
    _ db: Database, _ clause: String, _ arguments: StatementArguments, damaged: ((Damage) -> Void)? = nil
  ) throws -> [Entry] {
    // A file that was set aside, or is looked at from outside, may be from before that column.
    let columns = try? db.columns(in: "entry")
    let via = columns?.contains { $0.name == "via" } ?? false ? "via" : "NULL"
    let statement = try db.cachedStatement(
      sql: "SELECT id, device, boot, seq, timestamp, time_source, received, profile, bytes, \(via) FROM entry \(clause)"
    )
    try statement.setArguments(arguments)
    let cursor = statement.sqliteStatement
    defer { sqlite3_reset(cursor) }
    var entries: [Entry] = []
    while true {
      switch sqlite3_step(cursor) {
      case SQLITE_ROW:
        do throws(Damage) { entries.append(try entry(cursor)) } catch {
          guard let damaged else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "entry \(error.id) \(error.detail)")
          }
          damaged(error)
        }
      case SQLITE_DONE: return entries
      case _:
        throw DatabaseError(
          resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
          message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
      }
    }
  }

  private static func entry(_ row: OpaquePointer) throws(Damage) -> Entry {
    let id = sqlite3_column_int64(row, 0)
    guard let timeSource = TimeSource(rawValue: UInt8(truncatingIfNeeded: sqlite3_column_int64(row, 5))),
      let profile = Profile(rawValue: UInt8(truncatingIfNeeded: sqlite3_column_int64(row, 7)))
    else { throw Damage(id: id, detail: "has an unknown time source or profile") }
    let name = UnsafeRawBufferPointer(start: sqlite3_column_text(row, 1), count: Int(sqlite3_column_bytes(row, 1)))
    let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(row, 8), count: Int(sqlite3_column_bytes(row, 8)))
    return Entry(
      id: id, device: String(decoding: name, as: UTF8.self), boot: sqlite3_column_int64(row, 2),
      seq: sqlite3_column_int64(row, 3), timestamp: sqlite3_column_int64(row, 4), timeSource: timeSource,
      received: sqlite3_column_int64(row, 6), profile: profile, bytes: Array(bytes),
      via: sqlite3_column_text(row, 9).map { String(cString: $0) })
  }
}
