import GatewayCore
import Glibc
import Logging
import MQTTClient

/// Passes every journaled reading on to another MQTT broker, as exact as into a database: a sink of the journal with its
/// own cursor, driven by `SinkRunner` like the database's.
///
/// ```swift
/// let bridge = try CloudBridge(options, journal: journal.id, start: { cursor }, metrics: metrics, logger: logger)
/// let runner = try SinkRunner(bridge, store: journal, rows: Profiles.row, …, batchSize: options.batchSize)
/// ```
///
/// **At least once on the wire, once in the far database.** The cursor moves when a whole delivery is confirmed, by the far
/// broker's PUBACKs or by the far gateway's acknowledgements (`BridgeOptions.Confirmation`). It is kept in the near journal, and
/// written there with a later commit: after a kill some readings go again, and the far gateway drops what it has by
/// (device, boot, seq).
///
/// **What cannot pass** is refused by name and becomes a dead letter: a topic or payload beyond the far broker's rules, a
/// message the broker itself refuses (MQTT 5). A broker that refuses *every* message of a delivery is set up wrong; then nothing
/// is refused and everything waits.
///
/// Each connection is a new one with a clean session: what was under way is sent again from the cursor.
public final class CloudBridge: Sink {
  /// The sink's name in cursors, logs and metrics.
  public var name: String { Self.sinkName }
  /// `name`.
  public static let sinkName = "bridge"
  /// What is told of a reading that cannot pass.
  public let refusal: SinkRefusal

  private let options: BridgeOptions
  private let journal: String
  private let start: () -> SinkPosition
  private let metrics: GatewayMetrics
  private let logger: Logger
  private let clock: GatewayClock

  private var client: MQTTClient?
  private var flight: Flight
  private var bandwidth: Bandwidth?
  /// What is confirmed, once anything was asked for.
  private var position: SinkPosition?
  /// Whether the far side confirmed nothing last time: then one message goes ahead of the others, so that a far gateway
  /// that is away for a week does not find the same hundreds of messages a thousand times.
  private var isProbing = false
  private var maintainAt = 0.0

  /// Makes ready; connects in `open`.
  ///
  /// - Parameters:
  ///   - journal: the id of the journal the entries are in.
  ///   - start: the cursor as the journal has it, for the first `open`.
  ///   - isOnlyWay: whether the reading is lost to the far database when it cannot pass; the ledger then says so.
  /// - Throws: `.invalid` for options that cannot work.
  public init(
    _ options: BridgeOptions, journal: String, start: @escaping () -> SinkPosition, isOnlyWay: Bool,
    metrics: GatewayMetrics, logger: Logger, clock: GatewayClock = .system
  ) throws(MQTTError) {
    _ = try MQTTClient(options.mqtt)
    self.options = options
    self.journal = journal
    self.start = start
    self.metrics = metrics
    self.logger = logger
    self.clock = clock
    refusal = SinkRefusal(letter: "refused-by-bridge", loss: isOnlyWay ? "bridge: refused" : nil)
    flight = Flight(confirmation: options.confirmation)
    bandwidth = options.bytesPerSecond.map { Bandwidth(bytesPerSecond: $0) }
  }

  private var address: String { "\(options.host):\(options.port)" }

  // MARK: Sink

  /// Connects, and says what is confirmed.
  public func open() throws(SinkError) -> SinkPosition {
    close()
    do throws(MQTTError) {
      let client = try MQTTClient(options.mqtt)
      let answers = Answers()
      client.onSubscribed = { _, granted in answers.subscribed = granted != nil }
      try client.connect()
      guard try client.awaitConnection(milliseconds: 10_000) else {
        throw MQTTError(.unreachable, detail: "the broker takes the connection and says nothing")
      }
      if options.confirmation == .gateway { try listen(client, answers) }
      client.onPublished = { [unowned self] in flight.published($0) }
      client.onPublishRefused = { [unowned self] in flight.refused($0, reason: $1) }
      client.onMessage = { [unowned self] in heard($0) }
      self.client = client
    } catch {
      close()
      throw sinkError(error)
    }
    let known = position ?? start()
    position = known
    return known
  }

  /// Publishes the readings and waits until all are confirmed.
  public func deliver(_ batch: LiveTail.Rows, to next: SinkPosition) throws(SinkError) -> Delivery {
    precondition(batch.entries.count == batch.rows.count, "the bridge's runner reads from the store")
    guard let client else { throw SinkError(.unreachable, "the bridge to \(address) is not connected") }
    flight = Flight(confirmation: options.confirmation)
    var delivery = Delivery(written: 0, duplicates: 0)
    do throws(MQTTError) {
      for (index, entry) in batch.entries.enumerated() {
        if let reason = try send(entry, at: index, client) { delivery.refused.append((index, reason)) }
        let limit = isProbing ? 1 : options.window
        try pump(client, until: { $0.unconfirmed < limit })
      }
      try pump(client, until: { $0.unconfirmed == 0 })
    } catch {
      throw sinkError(error)
    }
    try judge(flight.refusals, &delivery)
    delivery.written = flight.confirmed
    delivery.refused.sort { $0.index < $1.index }
    position = next
    return delivery
  }

  /// Nothing is told of the ledger; the idle moment keeps the connection alive.
  public func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap] {
    guard let client else { throw SinkError(.unreachable, "the bridge to \(address) is not connected") }
    do throws(MQTTError) { try turn(client, milliseconds: 0) } catch { throw sinkError(error) }
    return []
  }

  /// Says good-bye.
  public func close() {
    client?.disconnect(within: 1000)
    client = nil
  }
}

// MARK: - Sending

extension CloudBridge {
  /// - Returns: why it cannot pass.
  private func send(_ entry: Entry, at index: Int, _ client: MQTTClient) throws(MQTTError) -> String? {
    let topic = options.topic.topic(base: options.baseTopic, device: entry.device, gateway: options.gatewayID)
    let payload: [UInt8]
    switch options.form {
    case .payload: payload = entry.bytes
    case .relay:
      let via = (entry.via.map { [$0] } ?? []) + [options.gatewayID]
      payload = Relay(
        via: via, journal: journal, entry: entry.id, received: entry.received, timestamp: entry.timestamp,
        timeSource: entry.timeSource, translated: entry.profile == .translated ? entry.seq : nil
      ).wrapping(entry.bytes)
    }
    if let fault = options.rules.fault(topic: topic, payloadBytes: payload.count) { return fault }
    let bytes = topic.utf8.count + payload.count
    while let wait = bandwidth?.wait(for: bytes, atSeconds: clock.monotonicSeconds()), wait > 0 {
      try turn(client, milliseconds: Int32(min(1000, (wait * 1000).rounded(.up))))
    }
    do throws(MQTTError) {
      let message = try client.publish(topic: topic, payload: payload)
      flight.sent(message: message, index: index, entry: entry.id)
    } catch {
      // Larger than the broker said it takes, or a topic the library will not send.
      guard error.code == .invalid else { throw error }
      return error.detail
    }
    bandwidth?.spend(bytes)
    metrics.sent(sink: name, messages: 1, bytes: bytes)
    return nil
  }

  /// What the broker refused: those readings, unless it refused all; then the connection's rights are at fault.
  private func judge(_ refusals: [(index: Int, reason: UInt8)], _ delivery: inout Delivery) throws(SinkError) {
    for (index, reason) in refusals {
      let words = "the broker at \(address) refuses it: \(MQTTClient.words(forReason: reason))"
      switch reason {
      // Topic name invalid, packet too large, payload format invalid (MQTT 5.0, 3.4.2.1): about this message alone.
      case 0x90, 0x95, 0x99: delivery.refused.append((index, words))
      case 0x87 where flight.confirmed > 0: delivery.refused.append((index, words))
      case 0x87:
        throw SinkError(
          .refusedCredentials, "\(words); its access rules must let this gateway publish to \(options.topic.text)")
      default: throw SinkError(.busy, "\(words); it is tried again")
      }
    }
  }

  // MARK: Waiting

  private func pump(_ client: MQTTClient, until isEnough: (Flight) -> Bool) throws(MQTTError) {
    var progress = flight.progress
    var deadline = clock.monotonicSeconds() + options.answerSeconds
    while true {
      if flight.progress != progress {
        progress = flight.progress
        deadline = clock.monotonicSeconds() + options.answerSeconds
        isProbing = false
      }
      if isEnough(flight) {
        if client.wantsWrite { try client.write() }
        return
      }
      guard clock.monotonicSeconds() < deadline else {
        isProbing = true
        let who = options.confirmation == .gateway ? "no gateway behind it acknowledges" : "it acknowledges nothing"
        throw MQTTError(
          .unreachable,
          detail: "the broker takes readings, and \(who) for \(Int(options.answerSeconds)) s")
      }
      try turn(client, milliseconds: 200)
    }
  }

  /// One look at the socket: writes what is queued, reads what is there, keeps the connection alive.
  private func turn(_ client: MQTTClient, milliseconds: Int32) throws(MQTTError) {
    if client.wantsWrite { try client.write() }
    guard let descriptor = client.fileDescriptor else {
      throw MQTTError(.connectionLost, detail: "the connection ended")
    }
    if !client.hasBufferedInput {
      let events = Int16(client.wantsWrite ? POLLIN | POLLOUT : POLLIN)
      var entry = pollfd(fd: descriptor, events: events, revents: 0)
      _ = poll(&entry, 1, milliseconds)
    }
    while try client.read() > 0 {}
    if clock.monotonicSeconds() >= maintainAt {
      try client.maintain()
      maintainAt = clock.monotonicSeconds() + 1
    }
  }

  // MARK: The far gateway's word

  private final class Answers { var subscribed: Bool? }

  private func listen(_ client: MQTTClient, _ answers: Answers) throws(MQTTError) {
    try client.subscribe(options.acknowledgementTopic, qos: 0, noLocal: options.version == .v5)
    let deadline = clock.monotonicSeconds() + 10
    while answers.subscribed == nil, clock.monotonicSeconds() < deadline { try turn(client, milliseconds: 100) }
    guard answers.subscribed == true else {
      throw MQTTError(
        .refused, reason: 135,
        detail:
          "the broker does not let this gateway subscribe to \(options.acknowledgementTopic); its access rules must allow it"
      )
    }
  }

  private func heard(_ message: MQTTMessage) {
    guard let acknowledgement = RelayAcknowledgement(message.payload), acknowledgement.journal == journal else {
      return
    }
    flight.acknowledged(acknowledgement.entries)
  }

  private func sinkError(_ error: MQTTError) -> SinkError {
    let code: SinkError.Code = error.code == .refused || error.code == .invalid ? .refusedCredentials : .unreachable
    return SinkError(code, "the far broker at \(address): \(error); readings wait in the journal; see martlet doctor")
  }
}
