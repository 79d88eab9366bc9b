import GatewayCore
import Logging
import Synchronization
import Testing

/// A gateway in virtual time: readings come at a steady rate, deliveries take time by their size, and move the clock.
private final class Catchup: Store {
  struct Arrival {
    var id: Int64
    var delivered: Double
  }

  private struct State {
    var now: Double
    var arrivals: [Arrival] = []
    var position: SinkPosition
    var faultsAt: [Double]
    var secondsAt: [(seconds: Double, upTo: Int64)] = []
  }

  /// Readings a second.
  let rate: Double
  /// When the last reading comes.
  let end: Double
  let secondsPerDelivery: Double
  let secondsPerRow: Double
  let changed = CommitSignal()
  private let state: Mutex<State>

  init(
    rate: Double, downUntil start: Double, end: Double, secondsPerDelivery: Double = 0.005,
    secondsPerRow: Double = 5e-5,
    faultsAt: [Double] = []
  ) {
    self.rate = rate
    self.end = end
    self.secondsPerDelivery = secondsPerDelivery
    self.secondsPerRow = secondsPerRow
    state = Mutex(State(now: start, position: SinkPosition(upTo: 0), faultsAt: faultsAt))
  }

  var total: Int64 { Int64(end * rate) }
  var arrivals: [Arrival] { state.withLock { $0.arrivals } }
  var position: SinkPosition { state.withLock { $0.position } }
  /// When everything up to `id` was there.
  func reached(_ id: Int64) -> Double? { state.withLock { $0.secondsAt.first { $0.upTo >= id }?.seconds } }
  func received(_ id: Int64) -> Double { Double(id) / rate }

  var clock: GatewayClock {
    GatewayClock(
      wallMicroseconds: { Int64(self.state.withLock { $0.now } * 1_000_000) },
      monotonicSeconds: {
        // A tick at each look, so that whoever waits for a moment comes to it.
        self.state.withLock { state in
          state.now += 1e-5
          return state.now
        }
      })
  }

  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    let last = try statistics().lastID
    guard id < last else { return [] }
    return (id + 1...min(last, id + Int64(limit))).map { id in
      Entry(
        id: id, device: "Attic06", boot: 17, seq: id, timestamp: id, timeSource: .device,
        received: Int64(received(id) * 1_000_000), profile: .martletVersion2, bytes: [])
    }
  }

  func statistics() throws(StoreError) -> StoreStatistics {
    let last = state.withLock { min(Int64($0.now * rate), total) }
    return StoreStatistics(entries: last, lastID: last, deadLetters: 0, bytes: 0, cursors: [:])
  }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func bury(_ letters: [DeadLetter]) throws(StoreError) {}
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }

  func deliver(_ rows: [Row], to position: SinkPosition) throws(SinkError) {
    let fails = state.withLock { state in
      state.now += secondsPerDelivery + secondsPerRow * Double(rows.count)
      if let fault = state.faultsAt.first, state.now >= fault {
        state.faultsAt.removeFirst()
        // Half a minute without a database.
        state.now += 30
        return true
      }
      state.arrivals += rows.map { Arrival(id: $0.seq, delivered: state.now) }
      state.position = position
      state.secondsAt.append((state.now, position.upTo))
      return false
    }
    changed.notify()
    if fails { throw SinkError(.unreachable, "scripted") }
  }
}

private struct CatchupSink: RowSink {
  let name = "far"
  let far: Catchup

  mutating func open() throws(SinkError) -> SinkPosition { far.position }
  mutating func deliver(_ rows: [Row], to position: SinkPosition) throws(SinkError) -> Delivery {
    try far.deliver(rows, to: position)
    return Delivery(written: rows.count, duplicates: 0)
  }
  mutating func close() {}
}

@Suite struct LiveFirstTests {
  private func run(_ far: Catchup, _ rules: LiveFirst = LiveFirst()) throws {
    let runner = try SinkRunner(
      CatchupSink(far: far), store: far,
      rows: { Row(device: $0.device, boot: 0, seq: $0.seq, timestamp: 0, timeSource: .device, received: $0.received) },
      committed: CommitSignal(), metrics: GatewayMetrics(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, liveFirst: rules,
      backoff: Backoff(firstSeconds: 0.001, limitSeconds: 0.002), clock: far.clock)
    runner.start()
    var seen: UInt64 = 0
    while far.position.upTo < far.total {
      let count = far.changed.wait(beyond: seen, seconds: 20)
      if count == seen { break }
      seen = count
    }
    runner.stop(within: 5)
    #expect(far.position == SinkPosition(upTo: far.total))
    #expect(far.arrivals.map(\.id).sorted() == Array(1...far.total), "each once, none missing")
  }

  /// Ten minutes away at 2,000 readings a second; the far side takes up to 20,000 rows a second.
  @Test func backlogDrainsAtFiveTimesTheLiveRateWhileNewReadingsWaitUnderASecond() throws {
    let far = Catchup(rate: 2000, downUntil: 600, end: 800)
    try run(far)
    let live = far.arrivals.filter { far.received($0.id) > 600 }.map { $0.delivered - far.received($0.id) }
    #expect(live.max()! < 1)
    let caughtUp = try #require(far.reached(600 * 2000))
    #expect(600 * 2000 / (caughtUp - 600) > 5 * 2000)
  }

  @Test func slicesShrinkUntilNoneHoldsUpNewReadingsForLong() throws {
    // 2,000 rows take four seconds.
    let far = Catchup(rate: 100, downUntil: 600, end: 700, secondsPerRow: 2e-3)
    try run(far)
    let live = far.arrivals.filter { far.received($0.id) > 605 && far.received($0.id) < 690 }
    #expect(live.map { $0.delivered - far.received($0.id) }.max()! < 0.7)
  }

  @Test func rateOfTheBacklogIsKept() throws {
    let far = Catchup(rate: 2000, downUntil: 60, end: 120)
    var rules = LiveFirst()
    rules.rowsPerSecond = 4000
    try run(far, rules)
    let caughtUp = try #require(far.reached(60 * 2000))
    #expect((29...32).contains(caughtUp - 60))
  }

  @Test func outagesDuringACatchUpLoseAndDoubleNothing() throws {
    try run(Catchup(rate: 2000, downUntil: 120, end: 400, faultsAt: [121, 155, 190]))
  }

  @Test func shortDelayKeepsTheOrder() throws {
    let far = Catchup(rate: 2000, downUntil: 4, end: 10)
    try run(far)
    #expect(far.arrivals.map(\.id) == far.arrivals.map(\.id).sorted())
  }
}
