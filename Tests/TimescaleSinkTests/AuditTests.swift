import GatewayCore
import Testing

@testable import TimescaleSink

/// What is lost between journal and table.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct AuditTests {
  private let database: DatabaseFixture
  private let sink: TimescaleSink

  init() throws {
    database = try DatabaseFixture().migrated()
    sink = database.sink()
    _ = try sink.open()
  }

  @Test func rowThatIsGoneBehindTheCursorIsFoundAndRestored() throws {
    let all = rows(1...300) + rows(1...2, device: "B\"ü\\ro", boot: -1)
    _ = try sink.deliver(all, upTo: 302)
    #expect(try sink.missing(of: all).isEmpty)
    try database.connect().execute("DELETE FROM sensor_data WHERE seq IN (2, 150)", doing: "losing")
    let gone = try sink.missing(of: all)
    #expect(gone.map(\.seq) == [2, 150, 2])
    #expect(try sink.restore(gone) == 3)
    #expect(try sink.missing(of: all).isEmpty)
    #expect(try sink.restore(gone) == 0)
    #expect(try database.ask("SELECT last_id FROM gateway_cursor") == ["302"])
  }

  @Test func whatWasRefusedOrRetiredIsNotMissing() throws {
    _ = try sink.deliver(rows(1...10), upTo: 10)
    let connection = try database.connect()
    try connection.execute(
      """
      DELETE FROM sensor_data WHERE seq IN (3, 4);
      INSERT INTO reading_gap (device_id, boot, seq_from, seq_to, outcome, reason)
      VALUES ('Attic06', 17, 3, 3, 'lost', 'database: refused')
      """, doing: "refusing one and losing one")
    #expect(try sink.missing(of: rows(1...10)).map(\.seq) == [4])
    try connection.execute("UPDATE rollup_state SET retired_before = '2026-12-01'", doing: "retiring")
    #expect(try sink.missing(of: rows(1...10)).isEmpty)
  }

  @Test func derivedReadingIsFoundUnderTheBeginningOfItsBootThatCounts() throws {
    func derived(_ epoch: Int64) -> [Row] {
      rows(1...5).map { row in
        var row = row
        row.timeSource = .derived
        row.uptimeMilliseconds = row.seq * 1000
        row.timestamp = epoch + row.seq * 1_000_000
        return row
      }
    }
    _ = try sink.deliver(derived(1_795_473_929_000_000), upTo: 5)
    #expect(try sink.missing(of: derived(1_785_473_929_000_000)).isEmpty)
  }
}
