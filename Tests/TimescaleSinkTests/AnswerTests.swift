import GatewayCore
import Logging
import Testing

@testable import TimescaleSink

/// What the database may answer to a delivery, each from the database itself, and that the same sink goes on afterwards.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct AnswerTests {
  private let database: DatabaseFixture
  private let sink: TimescaleSink

  init() throws {
    database = try DatabaseFixture().migrated()
    sink = database.sink()
    _ = try sink.open()
  }

  /// Delivers 1 to 10 and expects the answer; then, once `mended`, the same batch lands once.
  private func expect(_ code: SinkError.Code, _ words: String, mended: () throws -> Void) throws {
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...10), upTo: 10) }
    #expect(error?.code == code && error?.detail.contains(words) == true, "\(error?.detail ?? "no error")")
    try mended()
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...10), upTo: 10).written == 10)
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["10|10"])
  }

  /// One has the table and wants our cursor; we have the cursor and want the table. We wait the shorter time, so we are chosen.
  @Test func deadlockIsTriedAgain() throws {
    let uri = database.uri
    let crossing = Aside {
      let other = try PostgresConnection(uri)
      try other.execute(
        "SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE", doing: "locking")
      try waitFor(
        """
        SELECT EXISTS (SELECT FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE 'COPY%')
        """, at: uri)
      try other.execute("UPDATE gateway_cursor SET updated_at = now()", doing: "crossing")
      try other.execute("COMMIT", doing: "ending")
    }
    try waitFor(
      "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'sensor_data'::regclass AND mode = 'AccessExclusiveLock')",
      at: uri)
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...10), upTo: 10) }
    #expect(error?.code == .busy && error?.detail.contains("40P01") == true)
    try crossing.value()
    #expect(try sink.deliver(rows(1...10), upTo: 10).written == 10)
  }

  @Test(arguments: [("53100", "make room"), ("53200", "out of memory"), ("58030", "tried again")])
  func faultOfItsDiskOrMemoryIsTriedAgain(_ state: String, _ words: String) throws {
    let connection = try database.connect()
    try connection.execute(
      """
      CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '\(state)'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON sensor_data FOR EACH ROW EXECUTE FUNCTION full_disk()
      """, doing: "filling the disk")
    try expect(.busy, words) { try connection.execute("DROP FUNCTION full_disk CASCADE", doing: "making room") }
  }

  /// A primary that became a standby refuses the first thing that writes.
  @Test func readOnlyIsTriedAgainAndNamesThePrimary() throws {
    let connection = try database.connect()
    try connection.execute(
      "ALTER DATABASE \(database.name) SET default_transaction_read_only = on", doing: "making it read-only")
    let error = #expect(throws: SinkError.self) { _ = try sink.open() }
    #expect(error?.code == .busy && error?.detail.contains("25006") == true)
    #expect(error?.detail.contains("primary") == true)
    try connection.execute("ALTER DATABASE \(database.name) RESET default_transaction_read_only", doing: "back")
    #expect(try sink.open().upTo == 0)
  }

  @Test func schemaThatIsDroppedInUseAsksForMigrateAndThenGoesOn() throws {
    let owner = try database.connect()
    try owner.execute("DROP TABLE sensor_data CASCADE; DROP TABLE schema_migration", doing: "dropping")
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...10), upTo: 10) }
    #expect(error?.code == .schema && error?.detail.contains("martlet migrate") == true)
    #expect(#expect(throws: SinkError.self) { _ = try sink.open() }?.code == .schema)
    try owner.execute("DROP EXTENSION timescaledb CASCADE; DROP SCHEMA public CASCADE", doing: "dropping all")
    try owner.execute("CREATE SCHEMA public", doing: "beginning anew")
    owner.close()
    _ = try Migrator.migrate(try database.connect())
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...10), upTo: 10).written == 10)
  }

  /// After a fail-over to a standby that was behind, rows and cursor are as they were some time ago, together.
  @Test func databaseThatLostItsLastCommitsGetsThemAgain() throws {
    _ = try sink.deliver(rows(1...10), upTo: 10)
    let copy = try database.ask("SELECT last_id FROM gateway_cursor")
    _ = try sink.deliver(rows(11...20), upTo: 20)
    try database.connect().execute(
      "BEGIN; DELETE FROM sensor_data WHERE seq > 10; UPDATE gateway_cursor SET last_id = \(copy[0]); COMMIT",
      doing: "failing over")
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(21...30), upTo: 30) }
    #expect(error?.code == .unreachable)
    #expect(try sink.open().upTo == 10)
    #expect(try sink.deliver(rows(11...30), upTo: 30).written == 20)
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["30|30"])
  }

  // MARK: Closed chunks

  /// The flags TimescaleDB keeps of a chunk: 1 compressed, 4 frozen. Each edition refuses rows for one of them.
  private func close(_ flags: Int, day: String) throws {
    let changed = try database.connect().execute(
      """
      UPDATE _timescaledb_catalog.chunk SET status = \(flags) WHERE format('%I.%I', schema_name, table_name) IN (
        SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks
        WHERE hypertable_name = 'sensor_data' AND range_start = '\(day)')
      """, doing: "closing a chunk")
    try #require(changed == 1)
  }

  private func lateRows(_ seqs: ClosedRange<Int64>) -> [Row] {
    rows(seqs).map { row in
      var row = row
      row.timestamp -= 300 * 86_400_000_000
      return row
    }
  }

  @Test(arguments: [1, 4])
  func rowForAClosedChunkIsReportedAndTheRestLands(_ flags: Int) throws {
    _ = try sink.deliver(lateRows(1...1), upTo: 1)
    try close(flags, day: "2026-01-27")
    let delivery = try sink.deliver(rows(10...19) + lateRows(2...3) + rows(20...29), upTo: 23)
    #expect(delivery.refused.map(\.index) == [10, 11] && delivery.written == 20)
    #expect(delivery.refused.allSatisfy { $0.reason.contains("0A000") || $0.reason.contains("frozen chunk") })
    #expect(try sink.open().upTo == 23)
  }

  /// What refuses today's rows is a fault of the database, not of the rows: nothing is let go.
  @Test func closedChunkOfTodayHoldsTheBatchBack() throws {
    let now = GatewayClock.system.wallMicroseconds()
    let today = rows(1...3).map { row in
      var row = row
      row.timestamp = now + row.seq
      return row
    }
    _ = try sink.deliver(Array(today[..<1]), upTo: 1)
    let day = try database.ask(
      "SELECT range_start FROM timescaledb_information.chunks WHERE hypertable_name = 'sensor_data'")
    try close(4, day: day[0])
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(today, upTo: 3) }
    #expect(error?.code == .busy && error?.detail.contains("frozen") == true)
    try close(0, day: day[0])
    #expect(try sink.deliver(Array(today[1...]), upTo: 3).written == 2)
  }

  @Test func rowForADroppedChunkMakesItAnew() throws {
    _ = try sink.deliver(lateRows(1...10), upTo: 10)
    try database.connect().execute(
      "SELECT drop_chunks('sensor_data', older_than => now() - INTERVAL '30 days')", doing: "dropping")
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["0"])
    let delivery = try sink.deliver(lateRows(11...12), upTo: 12)
    #expect(delivery.written == 2 && delivery.refused.isEmpty)
  }
}
