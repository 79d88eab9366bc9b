import BrokerTesting
import GatewayCore
import Ingest
import Journal
import Logging
import MQTTClient
import Synchronization
import Testing

/// A store that fails its first commits and then is a journal.
private final class FlakyStore: Store {
  let journal: Journal
  private let faults: Mutex<Int>

  init(_ journal: Journal, faults: Int) {
    self.journal = journal
    self.faults = Mutex(faults)
  }

  var hasFaultsLeft: Bool { faults.withLock { $0 > 0 } }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult {
    let fails = faults.withLock { faults in
      faults -= 1
      return faults >= 0
    }
    if fails { throw StoreError(.io, "scripted") }
    return try journal.commit(batch)
  }

  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? {
    try journal.bootOffset(device: device, boot: boot)
  }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    try journal.entries(after: id, limit: limit)
  }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] {
    try journal.latest(device: device, limit: limit)
  }
  func devices() throws(StoreError) -> [String] { try journal.devices() }
  func advance(sink: String, to id: Int64) throws(StoreError) { try journal.advance(sink: sink, to: id) }
  func bury(_ letters: [DeadLetter]) throws(StoreError) { try journal.bury(letters) }
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { try journal.deadLetters(limit: limit) }
  func statistics() throws(StoreError) -> StoreStatistics { try journal.statistics() }
}

@Suite(.serialized, .enabled(if: Mosquitto.isInstalled, "needs \(Mosquitto.program): apt install mosquitto"))
struct RealBrokerTests {
  private let metrics = GatewayMetrics()

  private func ingest(_ store: any Store, port: UInt16, handlers: IngestHandlers = IngestHandlers()) throws
    -> IngestLoop
  {
    var options = IngestOptions(gatewayID: "test")
    options.port = port
    options.backoff = Backoff(firstSeconds: 0.01, limitSeconds: 0.02)
    let ingest = try IngestLoop(
      options, store: store, committed: CommitSignal(), metrics: metrics,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, handlers: handlers)
    ingest.start()
    return ingest
  }

  /// Lets the gateway make its session, so that the broker queues for it.
  private func waitForGateway(_ device: DeviceDouble) throws {
    let metrics = metrics
    try device.turn { metrics.snapshot.isBrokerUp }
  }

  private func publish(_ device: DeviceDouble, _ seqs: ClosedRange<Int>) throws {
    for seq in seqs {
      try device.client.publish(
        topic: "iots6/Attic06", payload: Array(payload(seq: seq, timestamp: nil, uptime: seq * 1000).utf8))
    }
  }

  @Test func commitThatThrowsIsRedeliveredWholeAndNothingOfItWasAcknowledged() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let folder = JournalFolder()
    let journal = try Journal(path: folder.file)
    let store = FlakyStore(journal, faults: 3)
    let device = try DeviceDouble(port: broker.port, device: "Attic06")
    let ingest = try ingest(store, port: broker.port)
    try waitForGateway(device)
    try publish(device, 1...500)
    try device.turn {
      if store.hasFaultsLeft, !device.acknowledged.isEmpty { Issue.record("acknowledged without a commit") }
      return device.acknowledged.count == 500
    }
    ingest.stop()
    #expect(try Set(journal.entries(after: 0, limit: 1000).map(\.seq)) == Set(1...500))
    #expect(metrics.snapshot.committed == 500)
    #expect(!store.hasFaultsLeft)
    // All of one boot, so all from one beginning, whichever delivery was committed.
    let beginnings = try Set(journal.entries(after: 0, limit: 1000).map { $0.timestamp - $0.seq * 1_000_000 })
    #expect(beginnings.count == 1)
  }

  @Test func whatWasCommittedBeforeAStopIsNotDeliveredAgain() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let folder = JournalFolder()
    let journal = try Journal(path: folder.file)
    let device = try DeviceDouble(port: broker.port, device: "Attic06")
    let first = try ingest(journal, port: broker.port)
    try waitForGateway(device)
    try publish(device, 1...300)
    try device.turn { device.acknowledged.count == 300 }
    first.stop()
    let received = metrics.snapshot.received
    // For a gateway that is away the broker keeps them.
    try publish(device, 301...310)
    try device.turn { device.taken == 310 }
    let second = try ingest(journal, port: broker.port)
    try device.turn { device.acknowledged.count == 310 }
    second.stop()
    #expect(metrics.snapshot.received - received == 10)
    #expect(metrics.snapshot.duplicates == 0)
    #expect(try journal.statistics().entries == 310)
  }

  @Test func handlersGetRowsAndPresence() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let folder = JournalFolder()
    let journal = try Journal(path: folder.file)
    let device = try DeviceDouble(port: broker.port, device: "Attic06")
    let seen = Seen()
    let ingest = try ingest(
      journal, port: broker.port,
      handlers: IngestHandlers(committed: { seen.take($0, $1) }, status: { seen.take($0) }))
    try waitForGateway(device)
    try device.client.publish(
      topic: "iots6/Attic06/status", payload: Array(#"{"state":"online","boot":17,"version":"1.0.0"}"#.utf8),
      retain: true)
    try publish(device, 1...2)
    try publish(device, 2...2)
    try device.turn { seen.rows.count == 3 && seen.statuses.count == 1 }
    ingest.stop()
    #expect(seen.rows.map(\.seq) == [1, 2, 2])
    #expect(seen.rows.first?.temperatureCentiCelsius == 2253)
    #expect(seen.isNew == [true, true, false])
    #expect(seen.statuses.first?.isOnline == true)
    #expect(seen.statuses.first?.boot == 17)
  }

  @Test func brokerThatGoesAndComesBackIsJoinedAgain() throws {
    let folder = JournalFolder()
    let journal = try Journal(path: folder.file)
    let fake = FakeBroker()
    let ingest = try ingest(journal, port: fake.port)
    for seq in 1...3 {
      try fake.accept(sessionPresent: seq > 1)
      fake.send(FakeBroker.publish("iots6/Attic06", payload(seq: seq, timestamp: nil), identifier: seq))
      while try fake.next().kind != 4 {}
      fake.hangUp()
    }
    ingest.stop()
    #expect(try journal.entries(after: 0, limit: 10).map(\.seq) == [1, 2, 3])
  }
}

/// What the handlers were told.
private final class Seen: Sendable {
  private let state = Mutex<(rows: [Row], isNew: [Bool], statuses: [DeviceStatus])>(([], [], []))

  var rows: [Row] { state.withLock { $0.rows } }
  var isNew: [Bool] { state.withLock { $0.isNew } }
  var statuses: [DeviceStatus] { state.withLock { $0.statuses } }

  func take(_ rows: [Row], _ isNew: [Bool]) {
    state.withLock {
      $0.rows += rows
      $0.isNew += isNew
    }
  }

  func take(_ status: DeviceStatus) { state.withLock { $0.statuses.append(status) } }
}
