import GRDB
import GatewayCore
import Glibc

/// A damaged journal that was put away.
public struct JournalSetAside: Sendable, Equatable {
  /// Where the damaged file is now; its log, if it had one, beside it.
  public var path: String
  /// What was wrong with it.
  public var fault: String
  /// How many sound entries were taken over from it.
  public var recovered: Int
  /// How many entries are known to have been there and could not be read, or are not sound.
  public var unreadable: Int
}

extension Journal {
  /// Opens the journal, or makes it; a damaged file is set aside and a new journal begun, so that the service goes on.
  ///
  /// The damaged file is renamed to `PATH.corrupt-20261123T224529Z`, and what can still be read of it and is sound goes
  /// into the new journal, with new ids under a new journal id: what the database has already meets its unique key there,
  /// and what it had not got is delivered after all. Each such event is also a dead letter (`journal-corrupt`) of the new
  /// journal. Dead letters, boot offsets and the ledger are taken over as far as they can be read.
  ///
  /// - Parameters:
  ///   - now: microseconds since 1970 UTC.
  ///   - isSound: whether an entry's bytes say what its columns say; damage inside a page is seen by nothing else.
  /// - Throws: as `init`; `.corrupt` never, unless even the new file is.
  public static func opening(
    path: String, options: JournalOptions = JournalOptions(), now: Int64, isSound: (Entry) -> Bool
  ) throws(StoreError) -> (journal: Journal, setAside: JournalSetAside?) {
    let lock = try JournalLock(path: path + ".lock")
    let fault: String
    do throws(StoreError) {
      return (try Journal(path: path, options: options, lock: lock), nil)
    } catch {
      guard error.code == .corrupt else { throw error }
      fault = error.detail
    }
    let stamp = Row.utc(now).prefix(19).filter { $0 != "-" && $0 != ":" }
    var aside = JournalSetAside(
      path: "\(path).corrupt-\(stamp)Z", fault: fault, recovered: 0, unreadable: 0)
    // The log last: a crash in between leaves a log without its file, which SQLite ignores and the next start overwrites.
    for suffix in ["", "-wal"] { try move(path + suffix, to: aside.path + suffix) }
    unlink(path + "-shm")
    unlink(marker(path))
    let journal = try Journal(path: path, options: options, lock: lock)
    journal.takeOver(&aside, isSound)
    try journal.bury([
      DeadLetter(
        received: now, topic: aside.path, reason: "journal-corrupt",
        detail: "\(fault); \(aside.recovered) entries recovered, \(aside.unreadable) not readable", bytes: [])
    ])
    return (journal, aside)
  }

  private static func move(_ from: String, to: String) throws(StoreError) {
    guard rename(from, to) != 0, errno != ENOENT else { return }
    let cause = errno
    throw StoreError(.io, "cannot set the damaged \(from) aside as \(to): \(String(cString: strerror(cause)))")
  }

  // MARK: Recovery

  /// Reads the damaged file page by page, and where a page fails entry by entry.
  private func takeOver(_ aside: inout JournalSetAside, _ isSound: (Entry) -> Bool) {
    // The copy of a file whose schema or header is gone opens not at all: then there is nothing to take.
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    guard let damaged = try? DatabaseQueue(path: aside.path, configuration: configuration) else { return }
    defer { try? damaged.close() }
    try? damaged.inDatabase { db in
      var batch = Batch()
      batch.bootOffsets = (try? Self.bootOffsets(db)) ?? []
      _ = try commit(batch)
      let last = Self.lastID(db)
      var position: Int64 = (try? Int64.fetchOne(db, sql: "SELECT min(id) - 1 FROM entry")) ?? 0
      while position < last {
        let end = min(position + 500, last)
        let found: [Entry]
        var broken = 0
        do {
          found = try EntryColumns.fetch(
            db, "WHERE id > ? AND id <= ? ORDER BY id", [position, end], damaged: { _ in broken += 1 })
        } catch {
          found = (position + 1...end).flatMap { id -> [Entry] in
            do {
              return try EntryColumns.fetch(db, "WHERE id = ?", [id], damaged: { _ in broken += 1 })
            } catch {
              broken += 1
              return []
            }
          }
        }
        batch = Batch()
        batch.entries = found.filter { entry in
          let sound = isSound(entry)
          if !sound { broken += 1 }
          return sound
        }
        if !batch.isEmpty { aside.recovered += try commit(batch).isNew.count { $0 } }
        aside.unreadable += broken
        position = end
      }
    }
  }

  private static func bootOffsets(_ db: Database) throws -> [BootOffset] {
    try GRDB.Row.fetchAll(db, sql: "SELECT device, boot, epoch FROM boot_offset ORDER BY id").map {
      BootOffset(device: $0[0], boot: $0[1], epoch: $0[2])
    }
  }

  /// The highest id, from whichever page still tells it.
  private static func lastID(_ db: Database) -> Int64 {
    let questions = ["SELECT max(id) FROM entry", "SELECT seq FROM sqlite_sequence WHERE name = 'entry'"]
    return questions.compactMap { try? Int64.fetchOne(db, sql: $0) }.max() ?? 0
  }
}
