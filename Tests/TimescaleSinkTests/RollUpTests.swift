import GatewayCore
import Logging
import Testing

@testable import TimescaleSink

/// Roll-ups and retention on TimescaleDB's Apache edition; `PlainDatabaseTests` has a plain table.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct RollUpTests {
  private let database: DatabaseFixture

  init() throws { database = try DatabaseFixture().migrated() }

  private func upkeep(days: Int? = nil) -> Upkeep {
    var settings = Upkeep.Settings(database: database.uri)
    settings.retentionDays = days
    settings.minutesPerStep = 7
    return Upkeep(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// The readings of `rows`, so many days ago, at second `seq` after a full hour.
  private func rows(_ seqs: ClosedRange<Int64>, device: String = "Attic06", daysAgo: Int64 = 1) -> [Row] {
    let hour = (GatewayClock.system.wallMicroseconds() / 3_600_000_000 - 24 * daysAgo) * 3_600_000_000
    return seqs.map { seq in
      var row = Row(
        device: device, boot: 17, seq: seq, timestamp: hour + seq * 1_000_000, timeSource: .device,
        received: hour + seq * 1_000_000)
      row.event = seq % 10 == 0 ? "motion" : "heartbeat"
      row.temperatureCentiCelsius = Int32(seq % 60) * 100
      return row
    }
  }

  /// What a roll-up says beside what the readings say, device by device and bucket by bucket: empty where they agree.
  private func differences(_ view: String, _ width: String) throws -> [String] {
    try database.ask(
      """
      SELECT * FROM (
        SELECT date_bin('\(width)', "timestamp", 'epoch') AS bucket, device_id, count(*) AS readings,
          round(avg(temperature)::numeric, 6), min(temperature), max(temperature),
          count(*) FILTER (WHERE event_type = 'motion')
        FROM sensor_data GROUP BY 1, 2) truth
      FULL JOIN (
        SELECT bucket, device_id, readings, round(temperature::numeric, 6), temperature_min, temperature_max, motions
        FROM \(view)) said
      ON truth = said WHERE truth IS NULL OR said IS NULL
      """)
  }

  private func expectAgreement() throws {
    #expect(try differences("sensor_data_1m", "1 minute") == [])
    #expect(try differences("sensor_data_1h", "1 hour") == [])
    #expect(try database.ask("SELECT count(*) FROM rollup_pending") == ["0"])
  }

  @Test func rollUpsSayWhatTheReadingsSayAlsoOfLateAndBackFilledOnes() throws {
    let sink = database.sink()
    let upkeep = upkeep()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...500) + rows(1...500, device: "Garage02"), upTo: 1)
    #expect(try upkeep.turn().minutes == 9)
    try expectAgreement()
    // Late for a minute that was reckoned, back-filled for a day nobody had, and what was there already.
    _ = try sink.deliver(rows(501...530) + rows(1...200, daysAgo: 9) + rows(1...50), upTo: 2)
    _ = try sink.deliver(rows(9000...9100, device: "Büro", daysAgo: 3), upTo: 3)
    #expect(try upkeep.turn().minutes > 0)
    try expectAgreement()
    #expect(try upkeep.turn() == Upkeep.Outcome())
  }

  @Test func rowsFromBeforeTheRollUpsAreRolledUp() throws {
    let old = try DatabaseFixture()
    _ = try Migrator.migrate(try old.connect(), Array(Migration.all.prefix(5)))
    try old.connect().execute(
      """
      INSERT INTO sensor_data ("timestamp", device_id, boot, seq)
      SELECT TIMESTAMPTZ '2026-11-20' + s * INTERVAL '1 second', 'Attic06', 1, s FROM generate_series(1, 300) s
      """, doing: "writing")
    _ = try Migrator.migrate(try old.connect())
    _ = try Upkeep(.init(database: old.uri), logger: Logger(label: "test")).turn()
    #expect(try old.ask("SELECT count(*), sum(readings) FROM sensor_data_1m") == ["6|300"])
  }

  @Test func minuteUnderWayWaitsUntilItIsOver() throws {
    let sink = database.sink()
    _ = try sink.open()
    var now = rows(1...1)
    now[0].timestamp = GatewayClock.system.wallMicroseconds() + 120_000_000
    _ = try sink.deliver(now, upTo: 1)
    #expect(try upkeep().turn().minutes == 0)
    #expect(try database.ask("SELECT count(*) FROM rollup_pending") == ["1"])
  }

  @Test func batchThatIsRolledBackMarksNothing() throws {
    let sink = database.sink()
    _ = try sink.open()
    let other = try database.connect()
    try other.execute("ALTER TABLE sensor_data RENAME TO hidden", doing: "hiding")
    #expect(throws: SinkError.self) { _ = try sink.deliver(rows(1...10), upTo: 1) }
    #expect(try database.ask("SELECT count(*) FROM rollup_pending") == ["0"])
  }

  // MARK: Retention

  @Test func retentionDropsChunksAndSparesRollUpsAndLateReadingsAreAdded() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...300, daysAgo: 40) + rows(1...300, daysAgo: 20) + rows(1...300), upTo: 1)
    // Marked and not yet reckoned when the retention comes.
    let upkeep = upkeep(days: 30)
    #expect(try upkeep.turn().retired == 300)
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["600"])
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1h") == ["900"])
    #expect(try database.ask("SELECT sum(readings), sum(motions) FROM sensor_data_1m") == ["900|90"])
    // For a chunk that was dropped: not lost, in the roll-ups, and gone with the next retention.
    #expect(try sink.deliver(rows(301...320, daysAgo: 40), upTo: 2).written == 20)
    #expect(try upkeep.turn().retired == 20)
    #expect(try database.ask("SELECT sum(readings), sum(motions) FROM sensor_data_1m") == ["920|92"])
    #expect(
      try database.ask("SELECT sum(readings), min(temperature_min), max(temperature_max) FROM sensor_data_1h")
        == ["920|0|59"])
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["600"])
    #expect(try upkeep.turn() == Upkeep.Outcome())
  }

  /// From a journal that was put back, or a device that missed the acks: the table knows them no more.
  @Test func readingThatComesAgainAfterItsDayWasRetiredIsRolledUpOnce() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...100, daysAgo: 40) + rows(111...120, daysAgo: 40), upTo: 1)
    let upkeep = upkeep(days: 30)
    #expect(try upkeep.turn().retired == 110)
    // Ten of them, ten that were missing, and ten more of another boot with the same numbers.
    var other = rows(91...100, daysAgo: 40)
    for index in other.indices { other[index].boot = 18 }
    _ = try sink.deliver(rows(91...110, daysAgo: 40) + other, upTo: 2)
    #expect(try upkeep.turn().retired == 30)
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1m") == ["130"])
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1h") == ["130"])
    #expect(
      try database.ask("SELECT boot, seqs FROM retired_reading ORDER BY boot") == ["17|{[1,121)}", "18|{[91,101)}"])
    // And a third time, all of it.
    _ = try sink.deliver(rows(1...120, daysAgo: 40) + other, upTo: 3)
    #expect(try upkeep.turn().retired == 130)
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1m") == ["130"])
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["0"])
  }

  /// Their numbers are hashes, so nobody can tell a late one from one that comes again.
  @Test func readingOfVersion1ForARetiredDayIsNotAdded() throws {
    let sink = database.sink()
    _ = try sink.open()
    var former = rows(1...10, daysAgo: 40)
    for index in former.indices { former[index].boot = -1 }
    _ = try sink.deliver(former, upTo: 1)
    let upkeep = upkeep(days: 30)
    #expect(try upkeep.turn().retired == 10)
    _ = try sink.deliver(former, upTo: 2)
    #expect(try upkeep.turn().retired == 10)
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1m") == ["10"])
  }

  /// A delivery to the chunk is under way while it is to be dropped.
  @Test func deliveryUnderWayIsWaitedForAndCounted() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...60, daysAgo: 40), upTo: 1)
    let delivering = try database.connect()
    try delivering.execute(
      """
      BEGIN;
      INSERT INTO sensor_data SELECT "timestamp", device_id, event_type, temperature, humidity, pressure, motion,
        "switch", boot, seq + 1000 FROM sensor_data WHERE seq = 5;
      INSERT INTO rollup_pending SELECT date_bin('1 minute', "timestamp", 'epoch'), device_id FROM sensor_data
        WHERE seq = 1005
      """, doing: "delivering")
    let uri = database.uri
    let turn = Aside {
      var settings = Upkeep.Settings(database: uri)
      settings.retentionDays = 30
      return try Upkeep(settings, logger: Logger(label: "test")).turn()
    }
    try waitFor(
      """
      SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE application_name = 'martlet-upkeep' AND wait_event_type = 'Lock' AND datname = current_database())
      """, at: uri)
    try delivering.execute("COMMIT", doing: "committing")
    #expect(try turn.value().retired == 61)
    #expect(try database.ask("SELECT sum(readings) FROM sensor_data_1m") == ["61"])
  }

  @Test func oneGatewayAtATimeKeepsThem() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...60), upTo: 1)
    let other = try database.connect()
    try other.execute("SELECT pg_advisory_lock(\(Upkeep.lock))", doing: "being another gateway")
    #expect(try upkeep().turn() == Upkeep.Outcome(isElsewhere: true))
    other.close()
    try waitFor("SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'", at: database.uri)
    #expect(try upkeep().turn().minutes == 2)
  }

  // MARK: The community edition

  /// On the Apache edition each statement of the policies comes as far as the licence: so it is written as this TimescaleDB reads it.
  @Test func policiesOfTheCommunityEditionComeAsFarAsTheLicence() throws {
    let connection = try database.connect()
    var gated = 0
    for statement in Upkeep.policies(retentionDays: 90) where !statement.contains("VIEW sensor_data_") {
      do throws(PostgresError) {
        try connection.execute(statement, doing: "trying")
      } catch {
        gated += 1
        #expect(error.sqlState == "0A000" && error.message.contains("license"), "\(statement): \(error)")
      }
      // What follows asks for the aggregates: something has to bear their names.
      if statement.contains("MATERIALIZED VIEW") {
        try connection.execute(Self.asOrdinaryView(statement), doing: "standing in")
      }
    }
    // All but the update and the delete.
    #expect(gated == 10)
  }

  /// The aggregates as ordinary views: then the queries run here, and have to say what our roll-ups say.
  @Test func continuousAggregatesWouldSayWhatOurRollUpsSay() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...300) + rows(1...300, device: "Garage02"), upTo: 1)
    _ = try upkeep().turn()
    let questions = ["sensor_data_1m", "sensor_data_1h"].map { "SELECT * FROM \($0) ORDER BY device_id, bucket" }
    let ours = try questions.map(database.ask)
    let connection = try database.connect()
    for statement in Upkeep.policies(retentionDays: nil) where statement.contains("VIEW") {
      try connection.execute(Self.asOrdinaryView(statement), doing: "making a view")
    }
    try connection.execute("TRUNCATE rollup_minute, rollup_hour", doing: "removing ours")
    #expect(try questions.map(database.ask) == ours)
    #expect(ours[0].count == 12 && ours[1].count == 2)
  }

  private static func asOrdinaryView(_ statement: String) -> String {
    statement.replacing("MATERIALIZED VIEW IF NOT EXISTS", with: "VIEW")
      .replacing("WITH (timescaledb.continuous, timescaledb.materialized_only = false)", with: "")
      .replacing("WITH NO DATA", with: "")
  }

  @Test func sinkMarksNothingWhereTheDatabaseKeepsTheRollUps() throws {
    try database.connect().execute("UPDATE rollup_state SET kept_by = 'timescaledb'", doing: "saying so")
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...60), upTo: 1)
    #expect(try database.ask("SELECT count(*) FROM rollup_pending") == ["0"])
  }
}

@Test func minuteIsMarkedForOneDeviceOrForAll() {
  func row(_ device: String, _ seconds: Int64) -> Row {
    Row(device: device, boot: 1, seq: 1, timestamp: seconds * 1_000_000, timeSource: .device, received: 0)
  }
  let marks = RollUpMarks([
    row("a", 0), row("a", 59), row("a", 60), row("b", 119), row("ü{\"", 120), row("a", -1), row("c", .max / 1_000_000),
  ])
  #expect(marks.marks == [0: "a", 1: "", 2: "", -1: "a"])
  #expect(marks.minutesText == "{-1,0,1,2}")
  #expect(marks.devicesText == "{\"a\",\"a\",NULL,NULL}")
}
