import GatewayCore
import Logging
import Synchronization
import Testing

/// A store in memory that a test fills; keeps letters and cursors.
private final class MemoryStore: Store {
  private struct State {
    var entries: [Entry] = []
    var letters: [DeadLetter] = []
    var cursors: [String: Int64] = [:]
    var registered: [String] = []
    var buryFaults = 0
  }

  private let state = Mutex(State())

  init(entries count: Int64, buryFaults: Int = 0) {
    grow(to: count)
    state.withLock { $0.buryFaults = buryFaults }
  }

  func grow(to count: Int64) {
    state.withLock { state in
      for id in (Int64(state.entries.count) + 1)..<(count + 1) {
        state.entries.append(
          Entry(
            id: id, device: "Attic06", boot: 17, seq: id, timestamp: id, timeSource: .device, received: id,
            profile: .martletVersion2, bytes: [UInt8(id & 255)]))
      }
    }
  }

  var letters: [DeadLetter] { state.withLock { $0.letters } }
  var cursors: [String: Int64] { state.withLock { $0.cursors } }
  var registered: [String] { state.withLock { $0.registered } }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { letters }
  func register(sink: String, isRequired: Bool) throws(StoreError) { state.withLock { $0.registered.append(sink) } }
  func advance(sink: String, to id: Int64) throws(StoreError) { state.withLock { $0.cursors[sink] = id } }

  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    state.withLock { Array($0.entries.filter { $0.id > id }.prefix(limit)) }
  }

  func bury(_ letters: [DeadLetter]) throws(StoreError) {
    let fails = state.withLock { state in
      state.buryFaults -= 1
      if state.buryFaults < 0 { state.letters += letters }
      return state.buryFaults >= 0
    }
    if fails { throw StoreError(.diskFull, "no room for letters") }
  }

  func statistics() throws(StoreError) -> StoreStatistics {
    state.withLock {
      StoreStatistics(
        entries: Int64($0.entries.count), lastID: Int64($0.entries.count), deadLetters: Int64($0.letters.count),
        bytes: 0,
        cursors: $0.cursors)
    }
  }
}

/// What the far side of a scripted sink has, and what happens next there.
private final class FarSide: Sendable {
  enum Step: Sendable {
    case failOpen(SinkError.Code)
    case failDelivery(SinkError.Code)
    case refuse([Int64])
  }

  private struct State {
    var script: [Step]
    var cursor: Int64
    var seqs: [Int64] = []
    var events: [String?] = []
    var log: [String] = []
    var waitsFor: Int64?
  }

  private let state: Mutex<State>
  let changed = CommitSignal()

  init(_ script: [Step] = [], cursor: Int64 = 0) {
    state = Mutex(State(script: script, cursor: cursor))
  }

  var seqs: [Int64] { state.withLock { $0.seqs } }
  var events: [String?] { state.withLock { $0.events } }
  var log: [String] { state.withLock { $0.log } }
  var cursor: Int64 { state.withLock { $0.cursor } }

  func open() throws(SinkError) -> Int64 {
    let (fault, cursor) = state.withLock { state -> (SinkError.Code?, Int64) in
      if case .failOpen(let code) = state.script.first {
        state.script.removeFirst()
        state.log.append("open fails")
        return (code, 0)
      }
      state.log.append("open")
      return (nil, state.cursor)
    }
    changed.notify()
    if let fault { throw SinkError(fault, "scripted") }
    return cursor
  }

  func deliver(_ rows: [Row], upTo id: Int64) throws(SinkError) -> Delivery {
    let outcome = state.withLock { state -> Result<Delivery, SinkError> in
      var refused: [Int64] = []
      if let step = state.script.first {
        switch step {
        case .failDelivery(let code):
          state.script.removeFirst()
          state.log.append("deliver fails")
          return .failure(SinkError(code, "scripted"))
        case .refuse(let seqs):
          state.script.removeFirst()
          refused = seqs
        case .failOpen: break
        }
      }
      let known = Set(state.seqs)
      let written = rows.map(\.seq).filter { !refused.contains($0) && !known.contains($0) }
      state.seqs += written
      state.events += rows.filter { written.contains($0.seq) }.map(\.event)
      state.cursor = id
      state.log.append("deliver \(rows.count) up to \(id)")
      return .success(
        Delivery(
          written: written.count, duplicates: rows.count - written.count - refused.count,
          refused: rows.indices.filter { refused.contains(rows[$0].seq) }.map { ($0, "value out of range") }))
    }
    changed.notify()
    return try outcome.get()
  }

  func close() { state.withLock { $0.log.append("close") } }

  /// Waits until the far side has rows up to `id`.
  func waitForCursor(_ id: Int64) {
    var seen: UInt64 = 0
    for _ in 0..<10_000 where cursor != id {
      let count = changed.wait(beyond: seen, seconds: 10)
      if count == seen { break }
      seen = count
    }
    #expect(cursor == id, "the sink got there within 10 seconds")
  }
}

private struct ScriptedSink: RowSink {
  let name = "scripted"
  let far: FarSide

  mutating func open() throws(SinkError) -> SinkPosition { SinkPosition(upTo: try far.open()) }
  mutating func deliver(_ rows: [Row], to position: SinkPosition) throws(SinkError) -> Delivery {
    try far.deliver(rows, upTo: position.upTo)
  }
  mutating func close() { far.close() }
}

@Suite struct SinkRunnerTests {
  private let signal = CommitSignal()
  private let metrics = GatewayMetrics()

  private func runner(
    _ far: FarSide, _ store: MemoryStore, tail: LiveTail? = nil, batchSize: Int = 4
  ) throws -> SinkRunner {
    try SinkRunner(
      ScriptedSink(far: far), store: store,
      rows: { entry in
        Row(
          device: entry.device, boot: entry.boot, seq: entry.seq, timestamp: entry.timestamp,
          timeSource: entry.timeSource, received: entry.received)
      },
      committed: signal, tail: tail, metrics: metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      batchSize: batchSize, backoff: Backoff(firstSeconds: 0.001, limitSeconds: 0.002))
  }

  @Test func everythingIsDeliveredInBatchesFromTheSinksOwnCursor() throws {
    let (far, store) = (FarSide(cursor: 3), MemoryStore(entries: 10))
    let runner = try runner(far, store)
    #expect(store.registered == ["scripted"])
    runner.start()
    #expect(runner.stop(within: 10))
    #expect(far.seqs == Array(4...10))
    #expect(far.log == ["open", "deliver 4 up to 7", "deliver 3 up to 10", "close"])
    #expect(store.cursors == ["scripted": 10])
    #expect(metrics.snapshot.sinks["scripted"]?.rows == 7)
  }

  @Test func commitWakesASleepingSink() throws {
    let (far, store) = (FarSide(), MemoryStore(entries: 2))
    let runner = try runner(far, store)
    runner.start()
    far.waitForCursor(2)
    store.grow(to: 5)
    signal.notify()
    far.waitForCursor(5)
    #expect(metrics.snapshot.sinks["scripted"]?.isUp == true)
    #expect(runner.stop(within: 10))
    #expect(metrics.snapshot.sinks["scripted"]?.isUp == false)
  }

  @Test func faultsAreRetriedFromOpenAndLoseNothing() throws {
    let far = FarSide([
      .failOpen(.unreachable), .failDelivery(.busy), .failOpen(.unreachable), .failDelivery(.unreachable),
    ])
    let store = MemoryStore(entries: 6)
    let runner = try runner(far, store)
    runner.start()
    far.waitForCursor(6)
    #expect(runner.stop(within: 10))
    #expect(far.seqs == Array(1...6))
    #expect(
      far.log == [
        "open fails", "close", "open", "deliver fails", "close", "open fails", "close", "open", "deliver fails",
        "close",
        "open", "deliver 4 up to 4", "deliver 2 up to 6", "close",
      ])
  }

  @Test func refusedRowsBecomeDeadLettersAndTheRestGoesOn() throws {
    let (far, store) = (FarSide([.refuse([2, 3])]), MemoryStore(entries: 6, buryFaults: 2))
    let runner = try runner(far, store)
    runner.start()
    far.waitForCursor(6)
    #expect(runner.stop(within: 10))
    #expect(far.seqs == [1, 4, 5, 6])
    #expect(store.letters.map(\.reason) == ["refused-by-database", "refused-by-database"])
    #expect(store.letters.map(\.bytes) == [[2], [3]])
    #expect(store.letters.first?.detail == "value out of range")
    #expect(store.cursors == ["scripted": 6])
    #expect(metrics.snapshot.refused == ["refused-by-database": 2])
  }

  /// Rows as the tail would get them, told from the store's by their event.
  private func live(_ ids: ClosedRange<Int64>) -> [Row] {
    ids.map { id in
      var row = Row(device: "Attic06", boot: 17, seq: id, timestamp: id, timeSource: .device, received: id)
      row.event = "live"
      return row
    }
  }

  @Test func whatTheTailReachesComesFromMemoryAndTheRestFromTheStore() throws {
    let (far, store, tail) = (FarSide(), MemoryStore(entries: 9), LiveTail())
    tail.append(live(6...9), ids: Array(6...9))
    let runner = try runner(far, store, tail: tail)
    runner.start()
    far.waitForCursor(9)
    #expect(runner.stop(within: 10))
    #expect(far.seqs == Array(1...9))
    #expect(far.events == [1, 2, 3, 4, 5, 6, 7, 8].map { _ in nil } + ["live"], "4 by 4, and then one from memory")
    #expect(store.cursors == ["scripted": 9])
  }

  @Test func refusedRowFromMemoryIsKeptWithItsBytes() throws {
    let (far, store, tail) = (FarSide([.refuse([2])]), MemoryStore(entries: 3), LiveTail())
    tail.append(live(1...3), ids: [1, 2, 3])
    let runner = try runner(far, store, tail: tail)
    runner.start()
    far.waitForCursor(3)
    #expect(runner.stop(within: 10))
    #expect(far.events == ["live", "live"])
    #expect(store.letters.map(\.bytes) == [[2]])
    #expect(store.letters.first?.loss?.seqs == 2...2)
  }

  @Test func cursorBeyondTheJournalStartsAgainAtItsBeginning() throws {
    let (far, store) = (FarSide(cursor: 900), MemoryStore(entries: 3))
    let runner = try runner(far, store)
    runner.start()
    far.waitForCursor(3)
    #expect(runner.stop(within: 10))
    #expect(far.seqs == [1, 2, 3])
    #expect(store.cursors == ["scripted": 3])
  }

  @Test func stopGivesUpAtTheDeadlineWhenTheSinkIsAway() throws {
    let far = FarSide(Array(repeating: .failOpen(.unreachable), count: 100_000))
    let runner = try runner(far, MemoryStore(entries: 3))
    runner.start()
    #expect(!runner.stop(within: 0.05))
    #expect(far.seqs.isEmpty)
  }

  @Test func waitsDoubleToTheLimitWithJitterAndBeginAnew() {
    var generator = SystemRandomNumberGenerator()
    var backoff = Backoff(firstSeconds: 0.5, limitSeconds: 30)
    var steps: [Double] = [0.5, 1, 2, 4, 8, 16, 30, 30]
    for step in steps { #expect((step / 2...step).contains(backoff.next(using: &generator))) }
    backoff.reset()
    steps = [0.5, 1]
    for step in steps { #expect((step / 2...step).contains(backoff.next(using: &generator))) }
  }

  @Test func notificationBeforeTheWaitIsNotMissed() {
    let seen = signal.count
    signal.notify()
    #expect(signal.wait(beyond: seen, seconds: 60) == seen + 1)
  }
}
