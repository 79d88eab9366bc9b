import GatewayCore
import Logging

/// Keeps roll-ups and retention, on whichever edition the database is: by itself, or by TimescaleDB's own policies.
///
/// ```swift
/// let upkeep = Upkeep(.init(database: "postgresql://…"), logger: logger)
/// let done = try upkeep.turn()   // once a minute
/// ```
///
/// One gateway at a time: a turn holds an advisory lock, and finds nothing to do where another holds it. Each step is a short
/// transaction; a turn that is cut goes on with the next one.
public final class Upkeep {
  /// Where, and for how long readings are kept.
  public struct Settings: Sendable {
    /// A URI (`postgresql://…`) or libpq keywords.
    public var database: String
    /// How long readings are kept, in days; `nil`: for ever. Roll-ups always are.
    public var retentionDays: Int?
    /// How many minutes are rolled up in one transaction.
    public var minutesPerStep = 120
    /// Until the server gives up on one step, in milliseconds.
    public var statementTimeoutMilliseconds = 300_000

    /// Settings with the defaults for all but the address.
    public init(database: String) { self.database = database }
  }

  /// What a turn did.
  public struct Outcome: Sendable, Equatable {
    /// Minutes rolled up.
    public var minutes = 0
    /// Readings deleted because they are older than what is kept.
    public var retired: Int64 = 0
    /// Another gateway is at it.
    public var isElsewhere = false
    /// The database does it itself.
    public var isByPolicies = false
  }

  /// "upkeep" in ASCII: the number of our advisory lock.
  static let lock: Int64 = 0x7570_6B65_6570

  private let settings: Settings
  private let logger: Logger
  private var connection: PostgresConnection?
  /// For which retention the policies were set by this process.
  private var policiesFor: Int??

  /// Upkeep that has done nothing yet.
  public init(_ settings: Settings, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// Does what is due.
  public func turn() throws(SinkError) -> Outcome {
    do throws(PostgresError) {
      let connection = try connected()
      let isMine = try connection.rows("SELECT pg_try_advisory_lock(\(Self.lock))", doing: "taking the upkeep's lock")
      guard isMine.first?[0] == "t" else { return Outcome(isElsewhere: true) }
      let outcome = try keep(connection)
      try connection.execute("SELECT pg_advisory_unlock(\(Self.lock))", doing: "giving back the upkeep's lock")
      return outcome
    } catch {
      // The lock goes with the connection.
      close()
      throw SinkError(error, at: PostgresConnection.redacted(settings.database))
    }
  }

  /// Lets go of the connection.
  public func close() {
    connection?.close()
    connection = nil
  }

  private func connected() throws(PostgresError) -> PostgresConnection {
    if let connection, connection.isOpen { return connection }
    let limit = settings.statementTimeoutMilliseconds
    var options = PostgresConnection.Options()
    options.applicationName = "martlet-upkeep"
    options.answerTimeoutMilliseconds = limit * 3 / 2
    let fresh = try PostgresConnection(settings.database, options)
    // lock_timeout: a chunk that somebody reads for long must not hold up deliveries behind our lock's request.
    try fresh.execute(
      "SET statement_timeout = \(limit); SET lock_timeout = 2000; SET idle_in_transaction_session_timeout = \(limit)",
      doing: "preparing the session")
    connection = fresh
    return fresh
  }

  private func keep(_ connection: PostgresConnection) throws(PostgresError) -> Outcome {
    let status = try Migrator.status(connection)
    guard status.version >= 7 else {
      throw PostgresError(
        sqlState: "42P01", message: "the schema is at version \(status.version), roll-ups need 7",
        doing: "looking after roll-ups", isConnectionLost: false)
    }
    if status.isHypertable, status.license == "timescale" {
      try setPolicies(connection)
      // From a sink that connected before.
      try connection.execute("DELETE FROM rollup_pending", doing: "clearing marks nobody needs")
      return Outcome(isByPolicies: true)
    }
    var outcome = Outcome()
    while true {
      let done = try connection.rows(
        "SELECT rollup_refresh($1::integer)", ["\(settings.minutesPerStep)"], doing: "rolling up")
      let minutes = done.first.flatMap { $0[0] }.flatMap { Int($0) } ?? 0
      if minutes == 0 { break }
      outcome.minutes += minutes
    }
    if let days = settings.retentionDays {
      outcome.retired = try retire(days, isHypertable: status.isHypertable, connection)
    }
    return outcome
  }

  /// A day a transaction, oldest first.
  private func retire(
    _ days: Int, isHypertable: Bool, _ connection: PostgresConnection
  ) throws(PostgresError) -> Int64 {
    var retired: Int64 = 0
    while true {
      // See the function: a chunk is locked, rows of a plain table are seen at one moment.
      try connection.execute(
        "BEGIN ISOLATION LEVEL \(isHypertable ? "READ COMMITTED" : "REPEATABLE READ")", doing: "beginning to retire")
      let done = try connection.rows(
        """
        SELECT first, last, readings, repeated, unknown
        FROM sensor_data_retire(now() - make_interval(days => $1::integer))
        """,
        ["\(days)"], doing: "retiring readings older than \(days) days")
      try connection.execute("COMMIT", doing: "committing what was retired")
      guard let day = done.first, let first = day[0], let last = day[1] else { return retired }
      let readings = day[2].flatMap { Int64($0) } ?? 0
      retired += readings
      logger.info("retired \(readings) readings from \(first) to \(last); the roll-ups keep them")
      if let repeated = day[3], repeated != "0" {
        logger.notice("\(repeated) of them had been retired before and came again: the roll-ups have them once")
      }
      if let unknown = day[4], unknown != "0" {
        logger.warning(
          "\(unknown) of them, of version 1, came after their day was retired: whether for the first time nobody can tell, and the roll-ups leave them out"
        )
      }
    }
  }

  // MARK: The community edition

  private func setPolicies(_ connection: PostgresConnection) throws(PostgresError) {
    if let policiesFor, policiesFor == settings.retentionDays { return }
    try connection.execute("BEGIN", doing: "beginning to set the policies")
    for statement in Self.policies(retentionDays: settings.retentionDays) {
      try connection.execute(statement, doing: "setting the policies of TimescaleDB")
    }
    try connection.execute("COMMIT", doing: "committing the policies")
    policiesFor = .some(settings.retentionDays)
    logger.info("TimescaleDB's own policies keep roll-ups, compression and retention")
  }

  /// The statements of `policies/community.sql`, with their numbers.
  static func policies(retentionDays: Int?) -> [String] {
    let text = String(decoding: PackageResources.community_sql, as: UTF8.self)
    let statements = text.split(separator: "\n\n").map { block in
      block.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
    }.filter { !$0.isEmpty }
    // A refresh of what is retired would empty its roll-ups.
    let since = retentionDays.map { "INTERVAL '\(max(1, $0 - 1)) days'" } ?? "NULL"
    return statements.compactMap { statement in
      guard statement.contains(":retention") else { return statement.replacing(":since", with: since) }
      return retentionDays.map { statement.replacing(":retention", with: "INTERVAL '\($0) days'") }
    }
  }
}
