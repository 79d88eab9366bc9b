import Foundation
import GatewayCore
import Logging
import Testing

@testable import TimescaleSink

/// Against a real server, one test at a time: some stop it.
@Suite(.serialized, .enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct DatabaseTests {
  // MARK: What lands

  @Test func rowLandsWithItsValuesInSIUnits() throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    #expect(try sink.open().upTo == 0)
    var all = rows(1...1)
    all[0].extra = #"{"fan_pwm":40}"#
    var bare = Row(device: "Büro", boot: -1, seq: .max, timestamp: -1, timeSource: .received, received: 0)
    bare.temperatureCentiCelsius = -1
    bare.pressurePascals = 30_000
    all.append(bare)
    let delivery = try sink.deliver(all, upTo: 7)
    #expect(delivery.written == 2 && delivery.duplicates == 0 && delivery.refused.isEmpty)
    #expect(
      try database.ask(#"SELECT * FROM sensor_data ORDER BY "timestamp" DESC"#) == [
        "2026-11-23 22:45:30+00|Attic06|heartbeat|22.53|45.12|1013.25|f|t|17|1|BME280|ok|-61|3600123|"
          + #"2026-11-23 22:45:30.25+00|device|attic|{"fan_pwm": 40, "version": "1.0.0"}"#,
        "1969-12-31 23:59:59.999999+00|Büro|-|-0.01|-|300|-|-|-1|9223372036854775807|-|-|-|-|"
          + "1970-01-01 00:00:00+00|received|attic|-",
      ])
    #expect(
      try database.ask("SELECT gateway, journal, sink, last_id FROM gateway_cursor") == ["attic|j1|timescale|7"])
  }

  @Test func viewsGiveOldUnitsAndTheLastRowOfEachDevice() throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    _ = try sink.open()
    var unknown = Row(device: "Zed", boot: 1, seq: 1, timestamp: 0, timeSource: .device, received: 0)
    unknown.switchClosed = false
    unknown.motion = true
    _ = try sink.deliver(rows(1...3) + rows(1...2, device: "Basement05") + [unknown], upTo: 6)
    #expect(
      try database.ask(
        """
        SELECT DISTINCT device_id, temperature, humidity, pressure, motion, "switch", uptime_seconds, version
        FROM sensor_data_iots6 WHERE device_id <> 'Basement05' ORDER BY 1
        """) == ["Attic06|72.55|45.12|29.92|LOW|HIGH|3600|1.0.0", "Zed|-|-|-|HIGH|LOW|-|-"])
    #expect(try database.ask("SELECT device_id, seq FROM device_latest") == ["Attic06|3", "Basement05|2", "Zed|1"])
    #expect(try database.ask(#"SELECT count(*) FROM sensor_data_iots6 WHERE "time" IS NULL"#) == ["0"])
  }

  @Test func cursorMovesWithoutRowsAndIsReadAgain() throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    _ = try sink.open()
    #expect(try sink.deliver([], upTo: 41).written == 0)
    #expect(try sink.open().upTo == 41)
    #expect(try database.sink(journal: "another").open().upTo == 0)
    #expect(try database.sink(gateway: "another").open().upTo == 0)
  }

  // MARK: Twice

  @Test func batchThatIsThereAlreadyIsCountedAndTheCursorMoves() throws {
    let database = try DatabaseFixture().migrated()
    let one = database.sink()
    let two = database.sink(gateway: "cellar", journal: "j2")
    _ = try one.open()
    _ = try two.open()
    #expect(try one.deliver(rows(1...100), upTo: 100).written == 100)
    let delivery = try two.deliver(rows(51...150) + rows(150...150), upTo: 9)
    #expect(delivery.written == 50 && delivery.duplicates == 51 && delivery.refused.isEmpty)
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["150|150"])
    // The temporary table of the first batch is gone; a second one works alike.
    #expect(try two.deliver(rows(1...10), upTo: 10).duplicates == 10)
    #expect(try two.open().upTo == 10)
  }

  @Test func secondProcessOnTheSameJournalIsNoticed() throws {
    let database = try DatabaseFixture().migrated()
    let one = database.sink()
    let two = database.sink()
    _ = try one.open()
    _ = try two.open()
    _ = try one.deliver(rows(1...5), upTo: 5)
    let error = #expect(throws: SinkError.self) { _ = try two.deliver(rows(1...9), upTo: 9) }
    #expect(error?.detail.contains("another process delivers from the same journal") == true)
    #expect(try two.open().upTo == 5)
  }

  // MARK: Refused

  @Test func poisonRowsAreIsolatedAndTheRestLands() throws {
    let database = try DatabaseFixture().migrated()
    try database.connect().execute(
      "ALTER TABLE sensor_data ADD CHECK (wifi_rssi < 0)", doing: "adding a check")
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(10...19), upTo: 1)
    var batch = rows(1...500)
    batch[0].device = "a\0b"
    batch[123].extra = "{broken"
    batch[124].extra = #"{"a":"\u0000"}"#
    batch[125].timestamp = .min
    batch[300].wifiRSSI = 5
    batch[499].device = (0..<2_000).map { String($0 &* 2_654_435_761, radix: 36) }.joined()
    let delivery = try sink.deliver(batch, upTo: 500)
    #expect(delivery.refused.map(\.index) == [0, 123, 124, 125, 300, 499])
    #expect(delivery.duplicates == 10 && delivery.written == 484)
    let words = [
      "invalid byte sequence", "invalid input syntax for type json", "unsupported Unicode escape",
      "timestamp out of range",
      "violates check constraint", "index row",
    ]
    for (refused, words) in zip(delivery.refused, words) {
      #expect(refused.reason.contains(words), "\(refused.reason)")
    }
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["494|494"])
    #expect(try sink.open().upTo == 500)
  }

  @Test func batchOfOnlyPoisonMovesTheCursor() throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    _ = try sink.open()
    let delivery = try sink.deliver(rows(1...3, device: "\0"), upTo: 3)
    #expect(delivery.refused.map(\.index) == [0, 1, 2] && delivery.written == 0)
    #expect(try sink.open().upTo == 3)
  }

  // MARK: Cut off

  /// The traps: the first row, when the cursor has moved; and a deferred trigger, which runs after the rows as the
  /// first thing of COMMIT.
  @Test(arguments: [
    "CREATE TRIGGER die BEFORE INSERT ON sensor_data",
    "CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON gateway_cursor DEFERRABLE INITIALLY DEFERRED",
  ])
  func connectionCutInsideADeliveryKeepsNeitherRowsNorCursor(_ trap: String) throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...5), upTo: 5)
    let connection = try database.connect()
    try connection.execute(
      """
      CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(30); RETURN NULL; END $$;
      \(trap) FOR EACH ROW EXECUTE FUNCTION die()
      """, doing: "setting the trap")
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(6...9), upTo: 9) }
    #expect(error?.code == .unreachable)
    #expect(throws: SinkError.self) { _ = try sink.deliver(rows(6...9), upTo: 9) }
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["5"])
    try connection.execute("DROP FUNCTION die CASCADE", doing: "removing the trap")
    #expect(try sink.open().upTo == 5)
    #expect(try sink.deliver(rows(6...9), upTo: 9).written == 4)
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["9"])
  }

  /// A COMMIT that waits for a standby that does not exist is done here and unanswered; ending its backend then loses
  /// the answer and nothing else.
  @Test func commitWhoseAnswerIsLostIsFoundByTheNextOpen() async throws {
    let database = try DatabaseFixture().migrated()
    let settings = database.settings()
    let administrator = try database.connect()
    func standby(_ name: String) throws {
      try administrator.execute("ALTER SYSTEM SET synchronous_standby_names = '\(name)'", doing: "naming a standby")
      try administrator.execute("SELECT pg_reload_conf()", doing: "reloading")
      try waitFor("SELECT current_setting('synchronous_standby_names') = '\(name)'", at: database.uri)
    }
    let sink = TimescaleSink(settings, logger: Logger(label: "test"))
    _ = try sink.open()
    try standby("nobody")
    defer { try? standby("") }
    let uri = database.uri
    let end = Task.detached {
      try waitFor(
        """
        SELECT count(pg_terminate_backend(pid)) = 1 FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND datname = current_database()
        """, at: uri)
    }
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...20), upTo: 20) }
    #expect(error?.code == .unreachable)
    try await end.value
    try standby("")
    #expect(try sink.open().upTo == 20)
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["20"])
  }

  /// The server may still be at the COMMIT of a connection that is dead for the client.
  @Test func openWaitsForTheTransactionOfADeadConnection() async throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    #expect(try sink.open().upTo == 0)
    let uri = database.uri
    let slow = Task.detached {
      try PostgresConnection(uri).execute(
        """
        DO $$ BEGIN
          UPDATE gateway_cursor SET last_id = 9;
          FOR turn IN 1..2000 LOOP
            PERFORM pg_stat_clear_snapshot(), pg_sleep(0.01);
            EXIT WHEN EXISTS (
              SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock');
          END LOOP;
        END $$
        """, doing: "committing slowly")
    }
    try waitFor(
      """
      SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE 'DO%')
      """, at: uri)
    #expect(try sink.open().upTo == 9)
    _ = try await slow.value
  }

  @Test func stoppedServerProcessDoesNotHangTheSink() throws {
    let database = try DatabaseFixture().migrated()
    var settings = database.settings()
    settings.statementTimeoutMilliseconds = 400
    let sink = TimescaleSink(settings, logger: Logger(label: "test"))
    _ = try sink.open()
    let pid = Int32(
      try database.ask(
        """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%gateway_cursor%'
        """
      )[0])!
    #expect(kill(pid, SIGSTOP) == 0)
    defer { kill(pid, SIGCONT) }
    let error = #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...20), upTo: 20) }
    #expect(error?.code == .unreachable)
    #expect(error?.detail.contains("no answer within 600 ms") == true)
    // A new connection is a new process, and the batch goes through.
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...20), upTo: 20).written == 20)
  }

  @Test(.enabled(if: Testbed.script != nil, Comment(rawValue: Testbed.skip)), arguments: ["restart", "kill"])
  func serverThatWentAwayIsFoundAgainWithNothingLostOrDoubled(_ how: String) throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    var position = try sink.open().upTo
    var faults: [SinkError.Code] = []
    var stopped = false
    while position < 100 {
      if position == 50 && !stopped {
        stopped = true
        try Testbed.run(how, "--data", Testbed.data!)
        if how == "kill" {
          #expect(throws: SinkError.self) { _ = try sink.deliver(rows(51...60), upTo: 60) }
          #expect(#expect(throws: SinkError.self) { _ = try sink.open() }?.code == .unreachable)
          try Testbed.run("up", "--data", Testbed.data!)
        }
      }
      do throws(SinkError) {
        _ = try sink.deliver(rows(position + 1...position + 10), upTo: position + 10)
        position += 10
      } catch {
        faults.append(error.code)
        position = try sink.open().upTo
      }
    }
    #expect(faults == [.unreachable])
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["100|100"])
  }

  // MARK: What a person has to mend

  @Test func wrongPasswordIsRefusedCredentials() throws {
    let uri = DatabaseFixture.with(user: "postgres", password: "hunter2", DatabaseFixture.server!)
    let error = failureToOpen(uri)
    #expect(error?.code == .refusedCredentials)
    #expect(error?.detail.contains("password authentication failed") == true)
    #expect(error?.detail.contains("hunter2") == false)
  }

  @Test func absentDatabaseIsNamed() throws {
    let error = failureToOpen(DatabaseFixture.with(database: "nowhere", DatabaseFixture.server!))
    #expect(error?.code == .schema)
    #expect(error?.detail.contains(#"database "nowhere" does not exist"#) == true)
    #expect(error?.detail.contains("create the database") == true)
  }

  @Test func absentServerIsUnreachable() throws {
    let error = failureToOpen("postgresql://postgres@127.0.0.1:1/gateway")
    #expect(error?.code == .unreachable)
    #expect(error?.detail.contains("Connection refused") == true)
  }

  @Test func missingSchemaAsksForMigrate() throws {
    let database = try DatabaseFixture()
    let error = failureToOpen(database.uri)
    #expect(error?.code == .schema)
    #expect(error?.detail.contains("martlet migrate") == true)
  }

  @Test func columnOfAnotherTypeIsASchemaFaultAndBuriesNothing() throws {
    let database = try DatabaseFixture().migrated()
    let sink = database.sink()
    _ = try sink.open()
    try database.connect().execute(
      "DROP VIEW device_latest, sensor_data_iots6; ALTER TABLE sensor_data ALTER humidity TYPE real", doing: "changing")
    #expect(#expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...3), upTo: 3) }?.code == .schema)
    #expect(failureToOpen(database.uri)?.detail.contains(#"column "humidity" of sensor_data is real"#) == true)
  }

  @Test func schemaIsMadeAtTheStartWhenAsked() throws {
    let database = try DatabaseFixture()
    var settings = database.settings()
    settings.migrateOnStart = true
    let sink = TimescaleSink(settings, logger: Logger(label: "test"))
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...3), upTo: 3).written == 3)
  }

  @Test func readOnlyDatabaseIsBusyAndTheSinkRecovers() throws {
    let database = try DatabaseFixture().migrated()
    let connection = try database.connect()
    let sink = database.sink()
    _ = try sink.open()
    try connection.execute(
      "ALTER DATABASE \(database.name) SET default_transaction_read_only = on", doing: "making it read-only")
    #expect(failureToOpen(database.uri)?.code == .busy)
    try connection.execute("ALTER DATABASE \(database.name) RESET default_transaction_read_only", doing: "back")
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...3), upTo: 3).written == 3)
  }

  @Test func lockedTableIsBusyAndTheSameConnectionDeliversLater() throws {
    let database = try DatabaseFixture().migrated()
    var settings = database.settings()
    settings.statementTimeoutMilliseconds = 300
    let sink = TimescaleSink(settings, logger: Logger(label: "test"))
    _ = try sink.open()
    let other = try database.connect()
    try other.execute("BEGIN; LOCK TABLE sensor_data IN ACCESS EXCLUSIVE MODE", doing: "locking")
    #expect(#expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...3), upTo: 3) }?.code == .busy)
    try other.execute("ROLLBACK", doing: "unlocking")
    #expect(try sink.deliver(rows(1...3), upTo: 3).written == 3)
  }

  private func failureToOpen(_ uri: String) -> SinkError? {
    let sink = TimescaleSink(
      .init(database: uri, gateway: "attic", journal: "j1"), logger: Logger(label: "test"))
    return #expect(throws: SinkError.self) { _ = try sink.open() }
  }
}
