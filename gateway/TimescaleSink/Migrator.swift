/// One step of the schema, as the program carries it.
public struct Migration: Sendable {
  /// Ascending from 1 without gaps.
  public let version: Int
  /// The file's name without number and ending.
  public let name: String
  /// What it does.
  public let sql: String

  /// A step.
  public init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// The schema of this program: `sql/`, in order. A file that was released is never edited; a change is a new file.
  public static let all: [Migration] = [
    Migration(1, "sensor_data", PackageResources._001_sensor_data_sql),
    Migration(2, "gateways", PackageResources._002_gateways_sql),
    Migration(3, "views", PackageResources._003_views_sql),
    Migration(4, "reading_gaps", PackageResources._004_reading_gaps_sql),
    Migration(5, "sink_positions", PackageResources._005_sink_positions_sql),
    Migration(6, "roll_ups", PackageResources._006_roll_ups_sql),
    Migration(7, "retired_readings", PackageResources._007_retired_readings_sql),
  ]

  private init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
    self.init(version: version, name: name, sql: String(decoding: bytes, as: UTF8.self))
  }
}

/// Brings a database to the schema of this program, forward only.
///
/// Each migration is one transaction that also records it, under a lock that a transaction holds: of two programs that
/// migrate at the same time one waits and finds nothing left to do; after a failure the next call goes on where it
/// stopped.
///
/// ```swift
/// let outcome = try Migrator.migrate(connection)
/// for migration in outcome.applied { print("applied \(migration.version) \(migration.name)") }
/// ```
public enum Migrator {
  /// What `migrate` did.
  public struct Outcome: Sendable {
    /// The steps that were missing, in order.
    public var applied: [Migration]
    /// What the database wants a person to know, such as a missing TimescaleDB.
    public var warnings: [String]
  }

  /// What a database has.
  public struct Status: Sendable, Equatable {
    /// The highest version recorded; 0 for a database without our schema.
    public var version: Int
    /// The highest version this program knows.
    public var known: Int
    /// Whether `sensor_data` is a hypertable.
    public var isHypertable: Bool
    /// `timescaledb.license`, or `nil` without TimescaleDB.
    public var license: String?
  }

  /// Applies what is missing.
  ///
  /// - Parameters:
  ///   - connection: a connection of a role that may create; without an answer timeout while this runs, since a step
  ///     over a large table takes its time.
  ///   - migrations: the steps; the program's own unless a test says otherwise.
  /// - Throws: `MigrationError`; what was applied before the failure stays.
  public static func migrate(
    _ connection: PostgresConnection, _ migrations: [Migration] = Migration.all
  ) throws(MigrationError) -> Outcome {
    let patience = connection.answerTimeoutMilliseconds
    connection.answerTimeoutMilliseconds = nil
    defer { connection.answerTimeoutMilliseconds = patience }
    _ = connection.takeWarnings()
    var outcome = Outcome(applied: [], warnings: [])
    _ = try wrap(connection) { () throws(PostgresError) in
      try connection.execute("SET statement_timeout = 0; SET lock_timeout = 0", doing: "preparing to migrate")
    }
    try prepare(connection, migrations)
    for migration in migrations where try apply(migration, connection) { outcome.applied.append(migration) }
    outcome.warnings = connection.takeWarnings()
    return outcome
  }

  /// What the database has, without changing it.
  public static func status(_ connection: PostgresConnection) throws(PostgresError) -> Status {
    let doing = "reading the schema's version"
    func value(_ sql: String) throws(PostgresError) -> String? {
      try connection.rows(sql, doing: doing).first.flatMap { $0[0] }
    }
    var status = Status(version: 0, known: Migration.all.count, isHypertable: false, license: nil)
    if try value("SELECT to_regclass('schema_migration')") != nil {
      status.version = try value("SELECT max(version) FROM schema_migration").flatMap { Int($0) } ?? 0
    }
    status.license = try value("SELECT current_setting('timescaledb.license', true)")
    if try value("SELECT to_regclass('timescaledb_information.hypertables')") != nil {
      let found = try value(
        """
        SELECT 1 FROM timescaledb_information.hypertables
        WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = to_regclass('sensor_data')
        """)
      status.isHypertable = found != nil
    }
    return status
  }
}

extension Migrator {
  /// "martlet" in ASCII: the number of our advisory lock.
  private static let lock = 0x6D61_7274_6C65_74

  /// Makes the table of records, and compares what it says with the program.
  private static func prepare(
    _ connection: PostgresConnection, _ migrations: [Migration]
  ) throws(MigrationError) {
    let records = try wrap(connection) { () throws(PostgresError) -> [[String?]] in
      try transaction(connection) { () throws(PostgresError) -> [[String?]] in
        try connection.execute(
          """
          CREATE TABLE IF NOT EXISTS schema_migration (
            version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
            checksum text NOT NULL)
          """, doing: "creating schema_migration")
        return try connection.rows(
          "SELECT version, name, checksum FROM schema_migration ORDER BY version", doing: "reading schema_migration")
      }
    }
    for record in records {
      let version = record[0].flatMap { Int($0) } ?? 0
      let name = record[1] ?? ""
      guard let migration = migrations.first(where: { $0.version == version }) else {
        throw MigrationError(
          .newer,
          "the database has migration \(version) (\(name)), which this program does not know: use a newer martlet")
      }
      let checksum = try wrap(connection) { () throws(PostgresError) -> String? in
        try sum(of: migration, connection)
      }
      guard record[2] == checksum else {
        throw MigrationError(
          .changed,
          "migration \(version) (\(name)) was changed after it was applied: restore its file, and put the change into a new one"
        )
      }
    }
  }

  /// Applies one migration unless another program did so meanwhile.
  private static func apply(_ migration: Migration, _ connection: PostgresConnection) throws(MigrationError) -> Bool {
    try wrap(connection) { () throws(PostgresError) -> Bool in
      try transaction(connection) { () throws(PostgresError) -> Bool in
        let version = "\(migration.version)"
        let there = try connection.rows(
          "SELECT 1 FROM schema_migration WHERE version = $1", [version], doing: "reading schema_migration")
        guard there.isEmpty else { return false }
        try connection.execute(migration.sql, doing: "migration \(migration.version) (\(migration.name))")
        let checksum = try sum(of: migration, connection)
        _ = try connection.rows(
          "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
          [version, migration.name, checksum], doing: "recording migration \(migration.version)")
        return true
      }
    }
  }

  /// SHA-256 of the text, reckoned by the server: no other part of the program needs a hash.
  private static func sum(
    of migration: Migration, _ connection: PostgresConnection
  ) throws(PostgresError) -> String? {
    try connection.rows(
      "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", [migration.sql], doing: "reckoning a checksum"
    ).first.flatMap { $0[0] }
  }

  private static func transaction<R>(
    _ connection: PostgresConnection, _ body: () throws(PostgresError) -> R
  ) throws(PostgresError) -> R {
    try connection.execute("BEGIN; SELECT pg_advisory_xact_lock(\(lock))", doing: "waiting for other migrations")
    do throws(PostgresError) {
      let result = try body()
      try connection.execute("COMMIT", doing: "committing")
      return result
    } catch {
      // The error above is the one to tell; a rollback that fails means that the connection is gone, and so the work.
      if connection.isOpen { _ = try? connection.execute("ROLLBACK", doing: "rolling back") }
      throw error
    }
  }

  private static func wrap<R>(
    _ connection: PostgresConnection, _ body: () throws(PostgresError) -> R
  ) throws(MigrationError) -> R {
    do throws(PostgresError) {
      return try body()
    } catch {
      throw MigrationError(error, at: connection.address)
    }
  }
}

/// Why the schema could not be brought up to date.
public struct MigrationError: Error, Sendable, CustomStringConvertible {
  /// What kind of fault.
  public enum Code: Sendable, Equatable {
    /// An applied migration's file is not what it was.
    case changed
    /// The database was migrated by a newer program.
    case newer
    /// The role may not create.
    case forbidden
    /// The database failed it; what was applied before stays.
    case failed
  }

  /// What kind of fault, and so what to do.
  public var code: Code
  /// What was being done, what the database said, and the remedy.
  public var description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  init(_ error: PostgresError, at address: String) {
    switch error.sqlState {
    case "42501", "3F000":
      self.init(
        .forbidden,
        "\(error) at \(address): the role needs the right to create: GRANT USAGE, CREATE ON SCHEMA public TO that role, or migrate as the owner"
      )
    default:
      self.init(.failed, "\(error) at \(address): nothing of this step was kept, run it again once mended")
    }
  }
}
