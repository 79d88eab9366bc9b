import BrokerTesting
import GatewayCore
import Ingest
import Logging
import MQTTClient
import Testing

/// Durable before acknowledged, proved by the packets on the wire.
@Suite(.serialized) struct AcknowledgementOrderTests {
  private var broker = FakeBroker()
  private let store = GateStore()
  private let metrics = GatewayMetrics()

  private func ingest(_ version: MQTTVersion = .v5, _ tls: MQTTTLS? = nil) throws -> IngestLoop {
    var options = IngestOptions(gatewayID: "test")
    options.port = broker.port
    options.version = version
    options.tls = tls
    options.backoff = Backoff(firstSeconds: 0.001, limitSeconds: 0.002)
    // The wall clock of the payloads.
    var clock = GatewayClock.system
    clock.wallMicroseconds = { noon }
    let ingest = try IngestLoop(
      options, store: store, committed: CommitSignal(), metrics: metrics,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    ingest.start()
    return ingest
  }

  private func publish(_ seqs: ClosedRange<Int>, _ version: MQTTVersion = .v5) -> [UInt8] {
    seqs.flatMap {
      FakeBroker.publish("iots6/Attic06", payload(seq: $0), identifier: $0, isVersion5: version == .v5)
    }
  }

  /// Issue 2884 of eclipse-mosquitto: the library queues a PUBACK before it hands the message over. Nothing of it may
  /// reach the wire before the commit has returned; each commit is held at the gate while the wire is looked at.
  @Test(arguments: MQTTVersion.allCases, [false, true])
  mutating func noAcknowledgementLeavesBeforeItsCommitHasReturned(_ version: MQTTVersion, _ isEncrypted: Bool) throws {
    // Many packets fill one TLS record: what the library holds the socket no longer shows.
    let certificates = isEncrypted ? try Certificates() : nil
    broker = FakeBroker(isVersion5: version == .v5, certificates: certificates)
    let ingest = try ingest(version, certificates.map { MQTTTLS(authorityFile: $0.authority) })
    try broker.accept()
    broker.send(publish(1...200, version))
    var named: Set<Int> = []
    while store.committed.count < 200 {
      _ = try #require(store.arrival())
      for packet in broker.arrived() where packet.kind == 4 { named.insert(packet.identifier) }
      #expect(named.isSubset(of: store.committed.map { Int($0.seq) }))
      try #require(broker.arrived().isEmpty)
      let before = store.committed.count
      store.open()
      _ = try #require(store.commits(beyond: before))
    }
    while named.count < 200 {
      let packet = try broker.next()
      if packet.kind == 4 { named.insert(packet.identifier) }
    }
    #expect(named == Set(1...200))
    ingest.stop()
  }

  @Test func deviceIsToldAfterTheCommitWhatIsDurable() throws {
    let ingest = try ingest()
    try broker.accept()
    broker.send(publish(1...3))
    _ = try #require(store.arrival())
    #expect(broker.arrived().isEmpty)
    store.openForGood()
    var packets: [FakeBroker.Packet] = []
    var acknowledged = 0
    while acknowledged < 3 {
      packets.append(try broker.next())
      if packets.last?.kind == 3 { acknowledged = metrics.snapshot.acknowledged }
    }
    let texts = packets.filter { $0.kind == 3 }.map { String(decoding: $0.body, as: UTF8.self) }
    #expect(texts.allSatisfy { $0.contains("iots6/Attic06/ack") && $0.contains(#"{"boot":17,"seqs":[["#) })
    #expect(texts.allSatisfy { $0.hasSuffix(#""time":\#(noon / 1000)}"#) })
    // A copy is acknowledged again: the first ack may have been lost.
    broker.send(publish(2...2))
    var again = ""
    while again.isEmpty {
      let packet = try broker.next()
      if packet.kind == 3 { again = String(decoding: packet.body, as: UTF8.self) }
    }
    #expect(again.contains(#""seqs":[[2,2]]"#))
    #expect(store.committed.count == 3)
    ingest.stop()
    #expect(metrics.snapshot.duplicates == 1)
  }

  @Test func failedCommitAcknowledgesNothingAndIsDeliveredAgain() throws {
    let ingest = try ingest()
    try broker.accept()
    broker.send(publish(1...5))
    _ = try #require(store.arrival())
    store.open(.fail(.diskFull))
    #expect(broker.sawEnd())
    #expect(broker.arrived().isEmpty)
    try broker.accept(sessionPresent: true)
    store.openForGood()
    broker.send(publish(1...5))
    var named: Set<Int> = []
    while named.count < 5 {
      let packet = try broker.next()
      if packet.kind == 4 { named.insert(packet.identifier) }
    }
    #expect(store.committed.map(\.seq) == [1, 2, 3, 4, 5])
    ingest.stop()
  }

  @Test func fullStoreHoldsTheBatchAndTheConnection() throws {
    let ingest = try ingest()
    try broker.accept()
    broker.send(publish(1...1))
    _ = try #require(store.arrival())
    store.open(.fail(.full))
    // The same batch comes to the gate again, over the same connection, and nothing has been sent.
    let second = try #require(store.arrival(2))
    #expect(second.entries.map(\.seq) == [1])
    #expect(broker.arrived().isEmpty)
    store.openForGood()
    #expect(try broker.next().kind == 4)
    ingest.stop()
  }

  @Test func stopSendsTheAcknowledgementsOfWhatIsCommitted() throws {
    let ingest = try ingest()
    try broker.accept()
    broker.send(publish(1...100))
    store.openForGood()
    _ = try #require(store.commits(beyond: 99))
    ingest.stop()
    let kinds = broker.arrived().map(\.kind)
    #expect(kinds.count { $0 == 4 } == 100)
    #expect(kinds.last == 14, "DISCONNECT comes last")
  }

  @Test func badMessagesAreAcknowledgedWhenTheirLetterIsDurable() throws {
    let ingest = try ingest()
    try broker.accept()
    broker.send(FakeBroker.publish("iots6/Attic06", "not json", identifier: 9))
    let batch = try #require(store.arrival())
    #expect(batch.deadLetters.map(\.reason) == ["not-json"])
    #expect(broker.arrived().isEmpty)
    store.openForGood()
    #expect(try broker.next().identifier == 9)
    ingest.stop()
    #expect(metrics.snapshot.refused == ["not-json": 1])
  }
}
