import GatewayCore
import Logging

/// Rows into `sensor_data`, each exactly once.
///
/// The cursor of the journal is a row of the same database and moves in the transaction that brings the rows: either
/// both are there or neither. A `COMMIT` whose answer is lost needs no guess, because `open` reads the cursor again;
/// it takes the cursor's lock for that, and so waits until a transaction that a dead connection left behind has ended.
///
/// ```swift
/// let sink = TimescaleSink(.init(database: "postgresql://…", gateway: "attic", journal: journalID), logger: logger)
/// var position = try sink.open()
/// let delivery = try sink.deliver(rows, to: position)
/// ```
///
/// The usual way is one binary `COPY` straight into the table. Only when the unique key or the data object does the
/// same batch go a second time, through a temporary table with `ON CONFLICT DO NOTHING`, halved until what is refused
/// stands alone.
public final class TimescaleSink: RowSink {
  /// Where to deliver, and as whom.
  public struct Settings: Sendable {
    /// A URI (`postgresql://…`) or libpq keywords.
    public var database: String
    /// This gateway's id, in the column `gateway` and in the cursor.
    public var gateway: String
    /// The journal's own id: a new journal counts from 1 again and must not meet an old cursor.
    public var journal: String
    /// The sink's name in cursors, logs and metrics.
    public var name = "timescale"
    /// Whether `open` brings the schema up to date itself.
    public var migrateOnStart = false
    /// Until the server has accepted the credentials, in milliseconds.
    public var connectTimeoutMilliseconds = 10_000
    /// Until the server gives up on one statement (`statement_timeout`, `lock_timeout`), in milliseconds. This side
    /// waits half as long again before it gives up on the server.
    public var statementTimeoutMilliseconds = 30_000

    /// Settings with the defaults for all but the addresses.
    public init(database: String, gateway: String, journal: String) {
      self.database = database
      self.gateway = gateway
      self.journal = journal
    }
  }

  /// The sink's name in cursors, logs and metrics.
  public var name: String { settings.name }

  private let settings: Settings
  private let logger: Logger
  private(set) var connection: PostgresConnection?
  /// The cursor as this connection last saw it.
  private var position = SinkPosition(upTo: 0)
  private let copy = BinaryCopy()
  var bootEpochs = BootEpochs()
  /// Whether a gateway keeps the roll-ups, and so has to know which minutes got rows.
  private(set) var marksMinutes = true
  /// Where the round through the open gaps stands.
  var reviewed: (device: String, boot: Int64, seq: Int64) = ("", 0, 0)
  /// Where it goes, without the password.
  let address: String

  /// A sink that is not connected yet.
  public init(_ settings: Settings, logger: Logger) {
    self.settings = settings
    self.logger = logger
    address = PostgresConnection.redacted(settings.database)
  }

  /// Connects, checks the schema, and says which entries of the journal are there.
  ///
  /// May be called again at any time; it then starts with a new connection.
  public func open() throws(SinkError) -> SinkPosition {
    close()
    let connection = try connect()
    self.connection = connection
    if settings.migrateOnStart { try migrate(connection) }
    do throws(PostgresError) {
      try prepareSession(connection)
      try checkSchema(connection)
      bootEpochs.forget()
      marksMinutes =
        try connection.rows(
          "SELECT kept_by = 'martlet' FROM rollup_state", doing: "asking who keeps the roll-ups"
        ).first?[0] == "t"
      position = try readCursor(connection)
      return position
    } catch {
      close()
      throw SinkError(error, at: address)
    }
  }

  /// Writes the rows and moves the cursor, in one transaction.
  ///
  /// - Parameters:
  ///   - rows: what to write, possibly nothing.
  ///   - next: what of the journal will then be there.
  public func deliver(_ rows: [Row], to next: SinkPosition) throws(SinkError) -> Delivery {
    guard let connection, connection.isOpen else {
      throw SinkError(.unreachable, "the database at \(address) is not connected: open the sink again")
    }
    do throws(PostgresError) {
      let delivery = try write(rows, to: next, connection)
      position = next
      bootEpochs.confirm()
      return delivery
    } catch {
      bootEpochs.forget()
      rollBack(connection)
      throw SinkError(error, at: address)
    }
  }

  /// Lets go of the connection.
  public func close() {
    connection?.close()
    connection = nil
  }
}

// MARK: - Opening

extension TimescaleSink {
  private func connect() throws(SinkError) -> PostgresConnection {
    var options = PostgresConnection.Options()
    options.connectTimeoutMilliseconds = settings.connectTimeoutMilliseconds
    options.answerTimeoutMilliseconds = settings.statementTimeoutMilliseconds * 3 / 2
    options.tcpUserTimeoutMilliseconds = settings.statementTimeoutMilliseconds
    do throws(PostgresError) {
      return try PostgresConnection(settings.database, options)
    } catch {
      throw SinkError(error, at: address)
    }
  }

  private func migrate(_ connection: PostgresConnection) throws(SinkError) {
    do throws(MigrationError) {
      let outcome = try Migrator.migrate(connection)
      for migration in outcome.applied {
        logger.info("applied migration \(migration.version) (\(migration.name)) to \(address)")
      }
      for warning in outcome.warnings { logger.warning("\(address): \(warning)") }
    } catch {
      throw SinkError(.schema, error.description)
    }
  }

  private func prepareSession(_ connection: PostgresConnection) throws(PostgresError) {
    // synchronous_commit: with `off` a COMMIT answers before its data is safe, and the journal would forget too early.
    // idle_in_transaction: a gateway that lost its power inside a transaction must not hold the cursor's lock for ever.
    let limit = settings.statementTimeoutMilliseconds
    try connection.execute(
      """
      SET statement_timeout = \(limit);
      SET lock_timeout = \(limit);
      SET idle_in_transaction_session_timeout = \(2 * limit);
      SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
      """, doing: "preparing the session")
  }

  /// The schema has to be there, and its columns of the types that the binary rows are written for.
  private func checkSchema(_ connection: PostgresConnection) throws(PostgresError) {
    let status = try Migrator.status(connection)
    guard status.version >= status.known else {
      throw schemaError(
        status.version == 0
          ? "the schema is missing" : "the schema is at version \(status.version), this program needs \(status.known)")
    }
    if status.version > status.known {
      logger.notice("\(address): the schema is at version \(status.version), newer than this program's \(status.known)")
    }
    let found = try connection.rows(
      """
      SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
      WHERE attrelid = to_regclass('sensor_data') AND attnum > 0 AND NOT attisdropped
      """, doing: "checking the columns of sensor_data")
    for column in BinaryCopy.columns {
      let type = found.first { $0[0] == column.name }?[1]
      guard type == column.type else {
        throw schemaError(
          "column \"\(column.name)\" of sensor_data is \(type ?? "missing") and has to be \(column.type)")
      }
    }
  }

  /// Told as the database itself would tell a missing table.
  private func schemaError(_ message: String) -> PostgresError {
    PostgresError(sqlState: "42P01", message: message, doing: "checking the schema", isConnectionLost: false)
  }

  private var cursorKey: [String?] { [settings.gateway, settings.journal, settings.name] }

  /// Makes the cursor or reads it. The update that changes nothing is there for its lock: it waits until a transaction
  /// that a dead connection left at its COMMIT has ended, and then sees what came of it.
  private func readCursor(_ connection: PostgresConnection) throws(PostgresError) -> SinkPosition {
    let found = try connection.rows(
      """
      INSERT INTO gateway_cursor AS mine (gateway, journal, sink, last_id) VALUES ($1, $2, $3, 0)
      ON CONFLICT (gateway, journal, sink) DO UPDATE SET last_id = mine.last_id
      RETURNING last_id, session, ahead
      """, cursorKey, doing: "reading the cursor")
    guard let row = found.first else { return SinkPosition(upTo: 0) }
    return SinkPosition(
      upTo: row[0].flatMap { Int64($0) } ?? 0, ahead: SinkPosition.stretches(row[2] ?? ""), session: row[1])
  }
}

// MARK: - Delivering

extension TimescaleSink {
  private func write(
    _ rows: [Row], to next: SinkPosition, _ connection: PostgresConnection
  ) throws(PostgresError) -> Delivery {
    do throws(PostgresError) {
      let rows = try begin(connection, rows, to: next)
      if !rows.isEmpty { _ = try send(rows[...], to: "sensor_data", connection) }
      try connection.execute("COMMIT", doing: "committing \(rows.count) rows")
      return Delivery(written: rows.count, duplicates: 0)
    } catch {
      guard connection.isOpen, error.isUniqueViolation || error.refusesData || error.refusesPlace else { throw error }
    }
    try connection.execute("ROLLBACK", doing: "rolling back")
    bootEpochs.forget()
    return try writeWithCare(rows, to: next, connection)
  }

  /// The second way: duplicates are left out, refused rows are found and returned, the rest lands.
  private func writeWithCare(
    _ rows: [Row], to next: SinkPosition, _ connection: PostgresConnection
  ) throws(PostgresError) -> Delivery {
    let rows = try begin(connection, rows, to: next)
    try connection.execute(
      "CREATE TEMPORARY TABLE martlet_batch (LIKE sensor_data) ON COMMIT DROP", doing: "making a temporary table")
    var delivery = Delivery(written: 0, duplicates: 0)
    try land(rows[...], connection, &delivery)
    try connection.execute("COMMIT", doing: "committing \(delivery.written) rows")
    return delivery
  }

  /// Lands a part of the batch inside a savepoint; where the database refuses it, each half for itself.
  func land(
    _ part: ArraySlice<Row>, _ connection: PostgresConnection, _ delivery: inout Delivery
  ) throws(PostgresError) {
    try connection.execute("SAVEPOINT part", doing: "making a savepoint")
    do throws(PostgresError) {
      let inserted = try merge(part, connection)
      try connection.execute("RELEASE SAVEPOINT part", doing: "releasing a savepoint")
      delivery.written += inserted
      delivery.duplicates += part.count - inserted
      return
    } catch {
      // A unique key that objects here is not the readings' identity: a person added it, and the row breaks it.
      let isAlone = part.count == 1
      guard connection.isOpen,
        error.refusesData || error.refusesPlace && (!isAlone || part.allSatisfy { isLate($0) })
      else { throw error }
      try connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part", doing: "going back to a savepoint")
      if isAlone {
        delivery.refused.append((part.startIndex, error.description))
        return
      }
    }
    let middle = part.startIndex + part.count / 2
    try land(part[..<middle], connection, &delivery)
    try land(part[middle...], connection, &delivery)
  }

  /// Whether a row is so old that its chunk may be closed for good.
  private func isLate(_ row: Row) -> Bool {
    row.timestamp < GatewayClock.system.wallMicroseconds() - 86_400_000_000
  }

  /// - Returns: how many rows were new.
  private func merge(_ part: ArraySlice<Row>, _ connection: PostgresConnection) throws(PostgresError) -> Int {
    _ = try send(part, to: "pg_temp.martlet_batch", connection)
    // In the order of the key, so that two gateways with the same readings wait for each other instead of deadlocking.
    let inserted = try connection.execute(
      """
      INSERT INTO sensor_data (\(BinaryCopy.columnList)) SELECT \(BinaryCopy.columnList) FROM pg_temp.martlet_batch
      ORDER BY device_id, boot, seq, "timestamp" ON CONFLICT (device_id, boot, seq, "timestamp") DO NOTHING
      """, doing: "writing \(part.count) rows that are not there yet")
    try connection.execute("DELETE FROM pg_temp.martlet_batch", doing: "emptying the temporary table")
    return inserted
  }

  private func send(
    _ part: ArraySlice<Row>, to table: String, _ connection: PostgresConnection
  ) throws(PostgresError) -> Int {
    copy.encode(part, gateway: settings.gateway)
    return try connection.copyIn(
      "COPY \(table) (\(BinaryCopy.columnList)) FROM STDIN (FORMAT binary)", copy.bytes,
      doing: "writing \(part.count) rows")
  }

  /// Begins the transaction with the cursor: its lock then covers the rows as well. Marks the minutes the rows are of.
  ///
  /// - Returns: the rows as the database shall have them.
  private func begin(
    _ connection: PostgresConnection, _ rows: [Row], to next: SinkPosition
  ) throws(PostgresError) -> [Row] {
    try connection.execute("BEGIN", doing: "beginning a transaction")
    let settled = try bootEpochs.settle(rows, connection)
    let marks = marksMinutes ? RollUpMarks(settled) : RollUpMarks([])
    let moved = try connection.rows(
      """
      WITH mark AS (
        INSERT INTO rollup_pending (minute, device_id)
        SELECT to_timestamp(60 * m), d FROM unnest($9::bigint[], $10::text[]) AS touched (m, d)
      )
      UPDATE gateway_cursor SET last_id = $4, ahead = $5::int8multirange, session = $6, updated_at = now()
      WHERE gateway = $1 AND journal = $2 AND sink = $3 AND last_id = $7 AND ahead = $8::int8multirange RETURNING 1
      """,
      cursorKey + ["\(next.upTo)", next.aheadText, next.session, "\(position.upTo)", position.aheadText]
        + [marks.minutesText, marks.devicesText],
      doing: "moving the cursor")
    guard !moved.isEmpty else {
      throw PostgresError(
        sqlState: nil,
        message: "the cursor of gateway \(settings.gateway) is no longer at \(position.upTo): "
          + "another process delivers from the same journal, or the row was removed",
        doing: "moving the cursor", isConnectionLost: true)
    }
    return settled
  }

  /// Leaves a connection that can begin again, or none.
  func rollBack(_ connection: PostgresConnection) {
    guard connection.isOpen, (try? connection.execute("ROLLBACK", doing: "rolling back")) != nil else {
      close()
      return
    }
  }
}
