public import ConfigModel
import GRDB
import Glibc

/// The fleet's configuration with its past: one SQLite file, each save one version.
///
/// ```swift
/// let store = try ConfigStore(path: "/var/lib/martlet/config.sqlite")
/// let saved = try store.save(document, author: "Ada", note: "slower heartbeats", at: now, expecting: 12)
/// try store.rollBack(to: 11, author: "Ada", note: "", at: now)     // a new version with the old document
/// ```
///
/// Nothing is taken that has faults, and nothing is ever changed in place: to go back is a new version too. Several
/// processes may have the file open; `save` with the version it was made from (`expecting`) does not overwrite what
/// somebody else saved meanwhile. A save returns when a power cut would not undo it.
///
/// At most `versionLimit` versions are kept; the oldest go.
public final class ConfigStore: Sendable {
  /// So many saves a file remembers.
  public static let versionLimit: Int64 = 10_000
  /// So many devices may wait for their adoption; who asked longest ago goes first.
  public static let newDeviceLimit = 1000

  /// The file.
  public let path: String
  let pool: DatabasePool

  /// Opens the file.
  ///
  /// - Parameter make: whether it is made where there is none.
  /// - Throws: `.missing`, `.corrupt`, `.busy`, `.io`.
  public init(path: String, make: Bool = true) throws(ConfigStoreError) {
    self.path = path
    if !make, access(path, F_OK) != 0 {
      throw ConfigStoreError(
        .missing, "\(path): there is no such file; make it with martlet config apply FILE, or name it with --store")
    }
    do {
      var configuration = Configuration()
      configuration.label = "configuration"
      configuration.busyMode = .timeout(5)
      pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
      let isForeign = try pool.read { db in
        try !db.tableExists("version") && Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0 > 0
      }
      guard !isForeign else {
        throw ConfigStoreError(.corrupt, "\(path) is no configuration store of martlet; name another file")
      }
      guard try !pool.read(Self.migrator.hasBeenSuperseded) else {
        throw ConfigStoreError(.io, "\(path) was written by a newer version; install that one again")
      }
      try Self.migrator.migrate(pool)
    } catch let error as ConfigStoreError {
      throw error
    } catch {
      throw ConfigStoreError(error, "open \(path)")
    }
  }

  /// A migration that was released is never edited.
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("0001_versions") { db in
      try db.execute(
        sql: """
          CREATE TABLE version (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            saved INTEGER NOT NULL,
            author TEXT NOT NULL,
            note TEXT NOT NULL,
            document TEXT NOT NULL
          ) STRICT;

          CREATE TABLE new_device (
            id TEXT PRIMARY KEY,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            address TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
          """)
    }
    return migrator
  }

  // MARK: Reading

  /// The version that holds; `nil` before the first save.
  public func newest() throws(ConfigStoreError) -> ConfigVersion? {
    try reading { db in try Self.version(db, nil) }
  }

  /// The number of the version that holds, 0 before the first save. Costs microseconds.
  public func newestNumber() throws(ConfigStoreError) -> Int64 {
    try reading { db in try Int64.fetchOne(db, sql: "SELECT max(number) FROM version") ?? 0 }
  }

  /// A version by its number.
  ///
  /// - Throws: `.noSuchVersion`.
  public func version(_ number: Int64) throws(ConfigStoreError) -> ConfigVersion {
    try reading { db in try Self.required(db, number) }
  }

  /// Versions without their documents, newest first.
  ///
  /// - Parameter before: only those with a lower number; `nil`: from the newest on.
  public func history(limit: Int, before: Int64? = nil) throws(ConfigStoreError) -> [ConfigVersionSummary] {
    try reading { db in
      try Row.fetchAll(
        db,
        sql: "SELECT number, saved, author, note FROM version WHERE number < ? ORDER BY number DESC LIMIT ?",
        arguments: [before ?? .max, limit]
      ).map { ConfigVersionSummary(number: $0[0], saved: $0[1], author: $0[2], note: $0[3]) }
    }
  }

  /// What differs between two versions.
  public func changes(from old: Int64, to new: Int64) throws(ConfigStoreError) -> [ConfigDiff.Change] {
    try reading { db in
      ConfigDiff.changes(from: try Self.required(db, old).document, to: try Self.required(db, new).document)
    }
  }

  // MARK: Writing

  /// Makes a document the version that holds.
  ///
  /// - Parameters:
  ///   - author: who saves, 1 to 64 bytes.
  ///   - note: why, at most 500 bytes.
  ///   - time: microseconds since 1970 UTC.
  ///   - expected: the version it was made from, 0 for none; `nil`: whatever holds now.
  /// - Throws: `.refused` with every fault, `.conflict` with what somebody else changed since, `.badNote`, `.busy`, `.io`.
  public func save(
    _ document: JSONValue, author: String, note: String, at time: Int64, expecting expected: Int64? = nil
  ) throws(ConfigStoreError) -> ConfigSaved {
    try change(author: author, note: note, at: time, expecting: expected) { _ in document }
  }

  /// Changes one place of the version that holds.
  ///
  /// - Parameter value: `nil` removes what is there.
  /// - Throws: `.noSuchPlace`, and as `save`.
  public func set(
    _ path: ConfigPath, to value: JSONValue?, author: String, note: String, at time: Int64,
    expecting expected: Int64? = nil
  ) throws(ConfigStoreError) -> ConfigSaved {
    try change(author: author, note: note, at: time, expecting: expected) { newest in
      var document = newest?.document ?? Self.empty
      guard document.set(path, to: value) else {
        throw ConfigStoreError(
          .noSuchPlace, value == nil ? "\(path): there is nothing to remove" : "\(path): there is no such place")
      }
      return document
    }
  }

  /// Makes an older document hold again, as a new version.
  ///
  /// - Throws: `.noSuchVersion`, and as `save`.
  public func rollBack(
    to number: Int64, author: String, note: String, at time: Int64, expecting expected: Int64? = nil
  ) throws(ConfigStoreError) -> ConfigSaved {
    let old = try version(number).document
    let why = note.isEmpty ? "back to version \(number)" : note
    return try save(old, author: author, note: why, at: time, expecting: expected)
  }

  private static let empty = JSONValue.object([JSONValue.Member(key: "device_list", value: .array([]))])

  func change(
    author: String, note: String, at time: Int64, expecting expected: Int64?,
    _ body: (ConfigVersion?) throws -> JSONValue
  ) throws(ConfigStoreError) -> ConfigSaved {
    try Self.check(author, 1...64, "author")
    try Self.check(note, 0...500, "note")
    return try writing { db in
      let newest = try Self.version(db, nil)
      let number = newest?.number ?? 0
      if let expected, expected != number {
        throw try Self.conflict(db, expected: expected, newest: newest)
      }
      let document = try body(newest)
      let report = ConfigCheck.check(document)
      guard report.isGood else {
        let count = report.faultCount
        throw ConfigStoreError(
          .refused(report), "the configuration has \(count) fault\(count == 1 ? "" : "s") and is not taken:")
      }
      if let newest, newest.document.canonical == document.canonical {
        return ConfigSaved(version: newest, isNew: false, report: report)
      }
      try db.execute(
        sql: "INSERT INTO version (saved, author, note, document) VALUES (?, ?, ?, ?)",
        arguments: [time, author, note, document.compact])
      let saved = ConfigVersion(
        number: db.lastInsertedRowID, saved: time, author: author, note: note, document: document)
      try db.execute(sql: "DELETE FROM version WHERE number <= ?", arguments: [saved.number - Self.versionLimit])
      for id in (try? FleetDocument(document))?.devices ?? [] {
        try db.execute(sql: "DELETE FROM new_device WHERE id = ?", arguments: [id])
      }
      return ConfigSaved(version: saved, isNew: true, report: report)
    }
  }

  private static func conflict(_ db: Database, expected: Int64, newest: ConfigVersion?) throws -> ConfigStoreError {
    let base = expected == 0 ? Self.empty : try required(db, expected).document
    let changes = ConfigDiff.changes(from: base, to: newest?.document ?? Self.empty)
    let number = newest?.number ?? 0
    return ConfigStoreError(
      .conflict(newest: number, changes: changes),
      "this was made from version \(expected), and \(newest?.author ?? "nobody") saved version \(number) meanwhile; look at these changes and try again:"
    )
  }

  private static func check(_ text: String, _ range: ClosedRange<Int>, _ name: String) throws(ConfigStoreError) {
    let isPlain = !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    guard range.contains(text.utf8.count), isPlain else {
      throw ConfigStoreError(
        .badNote, "the \(name) must have \(range.lowerBound) to \(range.upperBound) bytes on one line")
    }
  }

  // MARK: The file

  private static func version(_ db: Database, _ number: Int64?) throws -> ConfigVersion? {
    let row = try Row.fetchOne(
      db,
      sql: "SELECT number, saved, author, note, document FROM version "
        + (number == nil ? "ORDER BY number DESC LIMIT 1" : "WHERE number = ?"),
      arguments: number.map { [$0] } ?? [])
    guard let row else { return nil }
    let text: String = row[4]
    let document: JSONValue
    do { document = try JSONValue(parsing: Array(text.utf8)) } catch {
      throw ConfigStoreError(.corrupt, "version \(row[0] as Int64) in the store is damaged: \(error)")
    }
    return ConfigVersion(number: row[0], saved: row[1], author: row[2], note: row[3], document: document)
  }

  private static func required(_ db: Database, _ number: Int64) throws -> ConfigVersion {
    if let version = try version(db, number) { return version }
    let newest = try Int64.fetchOne(db, sql: "SELECT max(number) FROM version") ?? 0
    throw ConfigStoreError(
      .noSuchVersion,
      newest == 0 ? "nothing was saved yet" : "there is no version \(number); the newest is \(newest)")
  }

  func reading<Result>(_ body: (Database) throws -> Result) throws(ConfigStoreError) -> Result {
    do { return try pool.read(body) } catch let error as ConfigStoreError { throw error } catch {
      throw ConfigStoreError(error, "read \(path)")
    }
  }

  func writing<Result>(_ body: (Database) throws -> Result) throws(ConfigStoreError) -> Result {
    do {
      return try pool.writeWithoutTransaction { db in
        var result: Result?
        try db.inTransaction(.immediate) {
          result = try body(db)
          return .commit
        }
        guard let result else { preconditionFailure("a transaction that committed has a result") }
        return result
      }
    } catch let error as ConfigStoreError {
      throw error
    } catch {
      throw ConfigStoreError(error, "write \(path)")
    }
  }
}
