import Foundation
import GatewayCore
import Logging
import Testing

@testable import TimescaleSink

extension DatabaseTests {
  @Test func secondMigrationFindsNothingToDo() throws {
    let database = try DatabaseFixture()
    let connection = try database.connect()
    #expect(try Migrator.status(connection).version == 0)
    let first = try Migrator.migrate(connection)
    #expect(first.applied.map(\.version) == Array(1...Migration.all.count))
    #expect(first.warnings == [])
    #expect(try Migrator.migrate(connection).applied.isEmpty)
    let status = try Migrator.status(connection)
    #expect(status.version == Migration.all.count && status.isHypertable)
    #expect(status.license == "apache" || status.license == "timescale")
    #expect(
      try database.ask(
        "SELECT column_name, time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = 'sensor_data'"
      )
        == ["timestamp|1 day"])
  }

  @Test func twoProgramsMigratingAtOnceApplyEachStepOnce() async throws {
    let database = try DatabaseFixture()
    let uri = database.uri
    let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<2 {
        group.addTask { try Migrator.migrate(try PostgresConnection(uri)).applied.map(\.version) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(applied.sorted() == Array(1...Migration.all.count))
  }

  @Test func changedMigrationIsNamed() throws {
    let database = try DatabaseFixture().migrated()
    var changed = Migration.all
    changed[1] = Migration(version: 2, name: "gateways", sql: changed[1].sql + "\n")
    let error = #expect(throws: MigrationError.self) { _ = try Migrator.migrate(try database.connect(), changed) }
    #expect(error?.code == .changed)
    #expect(error?.description.contains("migration 2 (gateways)") == true)
  }

  @Test func databaseOfANewerProgramIsLeftAlone() throws {
    let database = try DatabaseFixture().migrated()
    let older = Array(Migration.all.dropLast())
    let error = #expect(throws: MigrationError.self) { _ = try Migrator.migrate(try database.connect(), older) }
    #expect(error?.code == .newer)
  }

  /// A step that fails by itself, and one that fails when it is recorded.
  @Test(arguments: [
    ("SELECT 1/0", "migration 3 (views): division by zero"),
    ("ALTER TABLE schema_migration ADD CHECK (version < 3)", "recording migration 3: "),
  ])
  func failedMigrationLeavesNothingAndTheNextCallGoesOn(_ sql: String, _ words: String) throws {
    let database = try DatabaseFixture()
    let connection = try database.connect()
    var steps = Migration.all
    steps[2] = Migration(version: 3, name: "views", sql: "CREATE TABLE half (a int); " + sql)
    let error = #expect(throws: MigrationError.self) { _ = try Migrator.migrate(connection, steps) }
    #expect(error?.code == .failed)
    #expect(error?.description.contains(words) == true)
    #expect(try database.ask("SELECT to_regclass('half')") == ["-"])
    #expect(try Migrator.status(connection).version == 2)
    #expect(try Migrator.migrate(connection).applied.map(\.version) == Array(3...Migration.all.count))
  }

  @Test func roleWithoutCreateRightIsToldWhatToGrant() throws {
    let database = try DatabaseFixture()
    let role = "\(database.name)_reader"
    let owner = try database.connect()
    try owner.execute("CREATE ROLE \(role) LOGIN PASSWORD 'secret9'", doing: "making a role")
    defer { _ = try? owner.execute("DROP OWNED BY \(role); DROP ROLE \(role)", doing: "dropping a role") }
    let uri = DatabaseFixture.with(user: role, password: "secret9", database.uri)
    let error = #expect(throws: MigrationError.self) { _ = try Migrator.migrate(try PostgresConnection(uri)) }
    #expect(error?.code == .forbidden)
    #expect(error?.description.contains("GRANT") == true)
    #expect(error?.description.contains("secret9") == false)
  }

  @Test(.enabled(if: Testbed.script != nil, Comment(rawValue: Testbed.skip)))
  func postgreSQLWithoutTimescaleDBGetsAPlainTableAndAWarning() throws {
    let data = Testbed.data! + "-plain"
    let server = try Testbed.run("up", "--data", data, "--port", "free", "--plain")
    defer { _ = try? Testbed.run("down", "--data", data, "--wipe") }
    let database = try DatabaseFixture(server)
    let connection = try database.connect()
    let outcome = try Migrator.migrate(connection)
    #expect(outcome.applied.count == Migration.all.count)
    #expect(
      outcome.warnings == ["TimescaleDB is not available here: sensor_data is a plain table, without chunks by day"])
    #expect(try Migrator.status(connection).isHypertable == false)
    let sink = database.sink()
    #expect(try sink.open().upTo == 0)
    #expect(try sink.deliver(rows(1...10), upTo: 10).written == 10)
    #expect(try sink.deliver(rows(6...15), upTo: 15).duplicates == 5)
    #expect(try database.ask("SELECT count(*) FROM device_latest") == ["1"])
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == ["15"])
    try checkUpkeepOfAPlainTable(database, sink)
    sink.close()
  }

  /// Roll-ups and retention without chunks.
  private func checkUpkeepOfAPlainTable(_ database: DatabaseFixture, _ sink: TimescaleSink) throws {
    let now = GatewayClock.system.wallMicroseconds()
    func old(_ seqs: ClosedRange<Int64>) -> [Row] {
      rows(seqs, boot: 18).map { row in
        var row = row
        row.timestamp = now / 86_400_000_000 * 86_400_000_000 - 40 * 86_400_000_000 + row.seq * 1_000_000
        return row
      }
    }
    var settings = Upkeep.Settings(database: database.uri)
    settings.retentionDays = 30
    let upkeep = Upkeep(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let recent = try database.ask("SELECT count(*) FROM sensor_data")
    #expect(try sink.deliver(old(1...200), upTo: 100).written == 200)
    #expect(try upkeep.turn().retired == 200)
    #expect(try database.ask("SELECT count(*) FROM sensor_data") == recent)
    #expect(
      try database.ask("SELECT sum(readings) FROM sensor_data_1h WHERE bucket < now() - INTERVAL '30 days'") == ["200"])
    #expect(try sink.deliver(old(201...210), upTo: 101).written == 10)
    #expect(try upkeep.turn().retired == 10)
    #expect(
      try database.ask("SELECT sum(readings) FROM sensor_data_1h WHERE bucket < now() - INTERVAL '30 days'") == ["210"])
  }
}
