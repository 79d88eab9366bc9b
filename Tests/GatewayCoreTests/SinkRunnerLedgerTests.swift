import GatewayCore
import Logging
import Synchronization
import Testing

/// A store with one entry and some gaps, whose ledger remembers what is closed.
private final class GapStore: Store {
  private let state: Mutex<(gaps: [Gap], closed: [Gap])>

  init(_ gaps: [Gap]) { state = Mutex((gaps, [])) }

  var closed: [Gap] { state.withLock { $0.closed } }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] { [] }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func bury(_ letters: [DeadLetter]) throws(StoreError) {}
  func statistics() throws(StoreError) -> StoreStatistics {
    StoreStatistics(entries: 0, lastID: 0, deadLetters: 0, bytes: 0, cursors: [:])
  }

  func gaps(after revision: Int64, limit: Int) throws(StoreError) -> (gaps: [Gap], revision: Int64) {
    state.withLock { state in
      let found = Array(state.gaps.dropFirst(Int(revision)).prefix(limit))
      return (found, revision + Int64(found.count))
    }
  }

  func close(_ gaps: [Gap]) throws(StoreError) { state.withLock { $0.closed += gaps } }
}

/// A far side that has some readings, and remembers what it was told.
private final class Listener: Sendable {
  let told = Mutex<[[Gap]]>([])
  let changed = CommitSignal()
  let has: ClosedRange<Int64>

  init(has: ClosedRange<Int64>) { self.has = has }

  func settle(_ gaps: [Gap]) -> [Gap] {
    told.withLock { $0.append(gaps) }
    changed.notify()
    return gaps.filter { $0.outcome == .open && has.contains($0.seqs.lowerBound) }
  }
}

private struct ListeningSink: RowSink {
  let name = "far"
  let listener: Listener

  mutating func open() throws(SinkError) -> SinkPosition { SinkPosition(upTo: 0) }
  mutating func deliver(_ rows: [Row], to position: SinkPosition) throws(SinkError) -> Delivery {
    Delivery(written: 0, duplicates: 0)
  }
  mutating func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap] { listener.settle(gaps) }
  mutating func close() {}
}

@Suite struct SinkRunnerLedgerTests {
  private func gap(_ seq: Int64, detected: Int64, _ outcome: Gap.Outcome = .open) -> Gap {
    Gap(device: "Attic06", boot: 17, seqs: seq...seq, detected: detected, outcome: outcome)
  }

  @Test func ripeGapsAreToldAndWhatTheFarSideHasIsClosed() throws {
    let now: Int64 = 1_000_000_000
    let old = [gap(3, detected: now - 6_000_000), gap(5, detected: now - 6_000_000)]
    let young = gap(9, detected: now - 1_000_000)
    let repaired = gap(7, detected: now, .repaired)
    let store = GapStore(old + [repaired, young])
    let listener = Listener(has: 5...5)
    let runner = try SinkRunner(
      ListeningSink(listener: listener), store: store,
      rows: { Row(device: $0.device, boot: 0, seq: 0, timestamp: 0, timeSource: .device, received: 0) },
      committed: CommitSignal(), metrics: GatewayMetrics(), logger: Logger(label: "test"),
      clock: GatewayClock(wallMicroseconds: { now }, monotonicSeconds: GatewayClock.system.monotonicSeconds))
    let seen = listener.changed.count
    runner.start()
    #expect(listener.changed.wait(beyond: seen, seconds: 10) > seen)
    runner.stop(within: 5)
    // The young one is not told yet, and holds back only itself.
    #expect(listener.told.withLock { $0.first } == old + [repaired])
    #expect(store.closed.map(\.seqs) == [5...5])
  }
}
