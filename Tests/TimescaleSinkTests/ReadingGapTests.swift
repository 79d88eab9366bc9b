import GatewayCore
import Testing

@testable import TimescaleSink

/// The ledger in the database: what several gateways tell, and what `sensor_data` says to it.
@Suite(.enabled(if: DatabaseFixture.server != nil, Comment(rawValue: DatabaseFixture.skip)))
struct ReadingGapTests {
  private let database: DatabaseFixture

  init() throws { database = try DatabaseFixture().migrated() }

  private func gap(_ seqs: ClosedRange<Int64>, _ outcome: Gap.Outcome = .open, _ reason: String? = nil) -> Gap {
    Gap(
      device: "Attic06", boot: 17, seqs: seqs, detected: 1_795_473_929_000_000, outcome: outcome, reason: reason)
  }

  private func told() throws -> [String] {
    try database.ask(
      """
      SELECT seq_from || '-' || seq_to || ' ' || outcome || coalesce(' ' || reason, '')
        || CASE WHEN (closed_at IS NULL) = (outcome = 'open') THEN '' ELSE ' closed_at is wrong' END
      FROM reading_gap ORDER BY device_id, boot, seq_from
      """)
  }

  private func opened(_ gateway: String, _ rows: [Row] = []) throws -> TimescaleSink {
    let sink = database.sink(gateway: gateway)
    _ = try sink.open()
    if !rows.isEmpty { _ = try sink.deliver(rows, upTo: 100) }
    return sink
  }

  @Test func gapIsOpenUntilItsRowsAreThere() throws {
    let sink = try opened("attic", rows(1...4))
    #expect(try sink.settle([gap(5...7)]).isEmpty)
    #expect(try told() == ["5-7 open"])
    _ = try sink.deliver(rows(6...6), upTo: 101)
    #expect(try sink.settle([gap(6...6, .repaired)]).isEmpty)
    #expect(try told() == ["5-5 open", "6-6 repaired", "7-7 open"])
    _ = try sink.deliver(rows(5...5) + rows(7...7), upTo: 103)
    #expect(try sink.settle([]).isEmpty)
    #expect(try told() == ["5-7 repaired"])
  }

  @Test func tellingTwiceChangesNothing() throws {
    let sink = try opened("attic", rows(1...2))
    for _ in 0..<3 { _ = try sink.settle([gap(3...4), gap(9...9, .lost, "device: dropped")]) }
    #expect(try told() == ["3-4 open", "9-9 lost device: dropped"])
    let before = try database.ask("SELECT xmin FROM reading_gap")
    _ = try sink.settle([gap(3...4), gap(9...9, .lost, "device: dropped")])
    #expect(try database.ask("SELECT xmin FROM reading_gap") == before)
  }

  @Test func twoGatewaysThatEachSeeHalfMissNothing() throws {
    let even = try opened("even", (1...5).flatMap { rows($0 * 2...$0 * 2) })
    #expect(try even.settle((1...5).map { gap($0 * 2 - 1...$0 * 2 - 1) }).isEmpty)
    #expect(try told().count == 5)
    let odd = try opened("odd", (1...4).flatMap { rows($0 * 2 - 1...$0 * 2 - 1) })
    // What the other one brought is found at once, and said to the gateway that asks.
    #expect(try odd.settle((1...4).map { gap($0 * 2...$0 * 2) }).map(\.seqs) == [2...2, 4...4, 6...6, 8...8])
    #expect(try told() == ["1-1 repaired", "3-3 repaired", "5-5 repaired", "7-7 repaired", "9-9 open"])
    // The first one hears of it when it asks again.
    #expect(try even.settle([gap(1...1), gap(9...9)]).map(\.seqs) == [1...1])
  }

  @Test func gapOfAGatewayThatIsGoneIsClosedByAnother() throws {
    let first = try opened("first", rows(1...2))
    _ = try first.settle([gap(3...3)])
    first.close()
    let second = try opened("second", rows(3...3))
    #expect(try second.settle([]).isEmpty)
    #expect(try told() == ["3-3 repaired"])
  }

  @Test func lostIsLostOnlyWhereNoGatewayHasIt() throws {
    let sink = try opened("attic", rows(1...2) + rows(5...5))
    _ = try sink.settle([gap(3...8)])
    _ = try sink.settle([gap(4...6, .lost, "device: dropped")])
    #expect(
      try told() == ["3-3 open", "4-4 lost device: dropped", "6-6 lost device: dropped", "7-8 open"])
    _ = try sink.deliver(rows(6...6), upTo: 101)
    _ = try sink.settle([gap(6...6, .repaired)])
    #expect(try told() == ["3-3 open", "4-4 lost device: dropped", "6-6 repaired", "7-8 open"])
  }

  @Test func roundThroughTheOpenGapsComesToAll() throws {
    let sink = try opened("attic")
    let count = Int64(TimescaleSink.reviewLimit) + 20
    _ = try sink.settle((1...count).map { gap($0 * 2...$0 * 2) })
    _ = try sink.deliver(rows(1...count * 2), upTo: 101)
    for _ in 0..<3 { _ = try sink.settle([]) }
    #expect(try database.ask("SELECT count(*) FROM reading_gap WHERE outcome = 'open'") == ["0"])
  }

  @Test func gapOfBillionsIsARowAndNotALoop() throws {
    let sink = try opened("attic", rows(1...3))
    _ = try sink.settle([gap(4...4_294_967_290)])
    _ = try sink.deliver(rows(1_000_000...1_000_000), upTo: 101)
    _ = try sink.settle([gap(1_000_000...1_000_000, .repaired)])
    #expect(try told() == ["4-999999 open", "1000000-1000000 repaired", "1000001-4294967290 open"])
    let found = try ReadingGaps.read(try database.connect(), device: "Attic06")
    #expect(found.map(\.outcome) == [.open, .repaired, .open])
    #expect(found[0].detected == 1_795_473_929_000_000)
  }
}
