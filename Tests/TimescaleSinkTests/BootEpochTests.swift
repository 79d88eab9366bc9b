import GatewayCore
import Testing

@testable import TimescaleSink

/// Readings of devices without a clock: one time, and so one row, whichever gateway or journal brings them.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct BootEpochTests {
  private let database: DatabaseFixture

  init() throws { database = try DatabaseFixture().migrated() }

  /// Readings whose boot began at `epoch` as one gateway sees it, one a second.
  private func derived(_ seqs: ClosedRange<Int64>, epoch: Int64, boot: Int64 = 17) -> [Row] {
    seqs.map { seq in
      var row = Row(
        device: "Attic06", boot: boot, seq: seq, timestamp: epoch + seq * 1_000_000, timeSource: .derived,
        received: epoch + seq * 1_000_000)
      row.uptimeMilliseconds = seq * 1000
      return row
    }
  }

  private let epoch: Int64 = 1_795_473_929_000_000

  @Test func twoGatewaysWithClocksApartGiveOneReadingOneRow() throws {
    let (one, two) = (database.sink(gateway: "attic"), database.sink(gateway: "cellar", journal: "j2"))
    _ = try one.open()
    _ = try two.open()
    #expect(try one.deliver(derived(1...10, epoch: epoch), upTo: 10).written == 10)
    let delivery = try two.deliver(derived(6...15, epoch: epoch + 7_250_000), upTo: 10)
    #expect(delivery.written == 5 && delivery.duplicates == 5)
    #expect(
      try database.ask(
        """
        SELECT count(*), count(DISTINCT seq), count(DISTINCT "timestamp" - seq * INTERVAL '1 second'),
          min(time_source), max(time_source) FROM sensor_data
        """) == ["15|15|1|derived|derived"])
  }

  @Test func newJournalGivesTheOldTimes() throws {
    let old = database.sink()
    _ = try old.open()
    _ = try old.deliver(derived(1...10, epoch: epoch), upTo: 10)
    let new = database.sink(journal: "j2")
    _ = try new.open()
    #expect(try new.deliver(derived(1...10, epoch: epoch + 86_400_000_000), upTo: 10).duplicates == 10)
    // Another boot has a beginning of its own.
    #expect(try new.deliver(derived(1...10, epoch: epoch + 86_400_000_000, boot: 18), upTo: 20).written == 10)
    #expect(try database.ask("SELECT count(*) FROM device_boot") == ["2"])
  }

  @Test func beginningOfARolledBackTransactionDoesNotCount() throws {
    let one = database.sink()
    _ = try one.open()
    try database.connect().execute("ALTER TABLE sensor_data RENAME TO hidden", doing: "hiding")
    #expect(throws: SinkError.self) { _ = try one.deliver(derived(1...10, epoch: epoch), upTo: 10) }
    #expect(try database.ask("SELECT count(*) FROM device_boot") == ["0"])
    try database.connect().execute("ALTER TABLE hidden RENAME TO sensor_data", doing: "showing")
    let two = database.sink(gateway: "cellar", journal: "j2")
    _ = try two.open()
    #expect(try two.deliver(derived(1...10, epoch: epoch + 5_000_000), upTo: 10).written == 10)
    #expect(try one.deliver(derived(1...10, epoch: epoch), upTo: 10).duplicates == 10)
  }

  @Test func timesOfDevicesWithAClockAreTheirOwn() throws {
    let sink = database.sink()
    _ = try sink.open()
    _ = try sink.deliver(rows(1...5), upTo: 5)
    #expect(try database.ask("SELECT count(*) FROM device_boot") == ["0"])
  }
}
