import GatewayCore
import Logging
import Testing

@testable import TimescaleSink

/// A runner with the real database: what comes first, and where it goes on.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct CatchUpTests {
  private let journal = MemoryJournal()
  private let committed = CommitSignal()
  private let database: DatabaseFixture

  init() throws { database = try DatabaseFixture().migrated() }

  private func runner(_ rules: LiveFirst = LiveFirst()) throws -> SinkRunner {
    try SinkRunner(
      TimescaleSink(database.settings(), logger: Logger(label: "test")), store: journal, rows: MemoryJournal.row,
      committed: committed, metrics: GatewayMetrics(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      batchSize: 100, liveFirst: rules)
  }

  private var now: Int64 { GatewayClock.system.wallMicroseconds() }

  @Test func newReadingsAreThereBeforeTheBacklogIsAndAStopBringsTheRest() throws {
    journal.add(1...5000, received: now - 60_000_000)
    var rules = LiveFirst()
    // So slow that the backlog lasts as long as the test looks.
    rules.rowsPerSecond = 1
    let runner = try runner(rules)
    runner.start()
    try waitFor("SELECT count(*) = 1 FROM gateway_cursor WHERE last_id > 0", at: database.uri)
    journal.add(5001...5010, received: now)
    committed.notify()
    try waitFor("SELECT count(*) = 10 FROM sensor_data WHERE seq > 5000", at: database.uri)
    #expect(try database.ask("SELECT last_id < 5000, ahead, session FROM gateway_cursor") == ["t|{[5001,5011)}|s1"])
    #expect(runner.stop(within: 60))
    #expect(
      try database.ask("SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM sensor_data")
        == ["5010|5010|1|5010"])
    #expect(try database.ask("SELECT last_id, ahead FROM gateway_cursor") == ["5010|{}"])
  }

  @Test func catchUpThatWasCutGoesOnWhereItStood() throws {
    journal.add(1...1000, received: now)
    let sink = database.sink()
    _ = try sink.open()
    var position = SinkPosition(upTo: 300, session: "s1")
    _ = try sink.deliver(rows(1...300), to: position)
    position.deliver(after: 900, through: 1000)
    _ = try sink.deliver(rows(901...1000), to: position)
    #expect(try sink.open() == position)
    sink.close()
    let runner = try runner()
    runner.start()
    #expect(runner.stop(within: 60))
    #expect(try database.ask("SELECT count(*), count(DISTINCT seq) FROM sensor_data") == ["1000|1000"])
    #expect(try database.ask("SELECT last_id, ahead FROM gateway_cursor") == ["1000|{}"])
  }

  @Test func olderCopyOfTheJournalThatGrewBeyondTheCursorSkipsNothing() throws {
    journal.add(1...1000, received: now)
    let first = try runner()
    first.start()
    #expect(first.stop(within: 60))
    journal.putBack(800, session: "s2")
    journal.add(2001...2300, received: now)
    let second = try runner()
    second.start()
    #expect(second.stop(within: 60))
    #expect(
      try database.ask("SELECT count(*), count(*) FILTER (WHERE seq > 2000) FROM sensor_data") == ["1300|300"])
    #expect(try database.ask("SELECT last_id, session FROM gateway_cursor") == ["1100|s2"])
  }
}
