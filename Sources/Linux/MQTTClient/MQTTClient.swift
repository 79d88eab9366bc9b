import Glibc

/// One connection to an MQTT broker, driven by one thread's own loop.
///
/// ```swift
/// let client = try MQTTClient(options)
/// client.onMessage = { batch.append($0) }
/// try client.connect()
/// poll([client.fileDescriptor!])              // POLLIN; POLLOUT too where client.wantsWrite
/// while try client.read() > 0 {}              // hands over messages; their PUBACKs are only queued
/// try store.commit(batch)
/// while client.wantsWrite { try client.write() }   // now the PUBACKs leave
/// try client.maintain()                       // once a second or so: keep-alive
/// ```
///
/// **Nothing is sent except by `write`.** So the owner decides when acknowledgements leave: it must not call `write`
/// between `read` and the commit of what `read` handed over.
///
/// **Why not libmosquitto**, which this was built on: it queues the PUBACK of a QoS 1 message before it hands the message
/// over (eclipse-mosquitto issue 2884), and it reads each packet with four calls and writes each acknowledgement with
/// two, 40 % of what a message cost the gateway (docs/performance.md). Here one call reads what the socket holds, and one
/// writes the acknowledgements of a commit.
///
/// MQTT 3.1.1 and 5.0, QoS 0 and 1. A message of QoS 1 that the broker has not acknowledged goes again after a
/// reconnect (4.4). Who stops reading before `read` says 0 asks `hasBufferedInput` before he polls: what has been read
/// from the socket `poll` does not see.
///
/// Not thread-safe, and deliberately not `Sendable`: create it on the thread that uses it. Callbacks run inside `read`
/// only, and may call the client.
public final class MQTTClient {
  /// What this client was made with.
  public let options: MQTTOptions
  /// Whether the broker accepted the connection (CONNACK), and it stands as far as is known.
  public private(set) var isConnected = false

  /// Gets each message.
  public var onMessage: (MQTTMessage) -> Void = { _ in }
  /// Told when the broker accepted the connection, and whether it still had a session of this client. Subscribe here.
  public var onConnected: (_ sessionPresent: Bool) -> Void = { _ in }
  /// Told when the broker acknowledged a QoS 1 message, by `publish`'s number.
  public var onPublished: (_ message: Int32) -> Void = { _ in }
  /// Told in its place where the broker took a message's packet and will not have the message (MQTT 5, reason 128 …).
  public var onPublishRefused: ((_ message: Int32, _ reason: UInt8) -> Void)?
  /// Told how a subscription was answered: the granted QoS, or `nil` where the broker refuses it.
  public var onSubscribed: (_ subscription: Int32, _ granted: UInt8?) -> Void = { _, _ in }

  private let tls: TLSContext?
  private var transport: Transport?
  private var decoder: PacketDecoder
  /// Whether the last look left nothing in the socket.
  private var isDrained = false
  private var queue = SendQueue()
  private var outbox = PublishWindow()
  private var limits = BrokerLimits()
  private var lifeSigns = LifeSigns()
  /// Whether the broker accepted this connection at any time.
  private var wasAccepted = false
  /// Whether the connection is over; its descriptor stays taken until the next `connect`.
  private var isEnded = true

  /// How long TCP's answer is waited for, in milliseconds an address.
  private static let connectMilliseconds: Int32 = 30_000

  /// A client that is not connected yet.
  ///
  /// - Throws: `.invalid` for options that cannot work.
  public init(_ options: MQTTOptions) throws(MQTTError) {
    try options.check()
    self.options = options
    decoder = PacketDecoder(isVersion5: options.version == .v5, payloadLimit: options.payloadLimit)
    guard let choice = options.tls else {
      tls = nil
      return
    }
    do throws(TLSContext.Fault) { tls = try TLSContext(choice, host: options.host) } catch {
      throw MQTTError(.invalid, detail: "TLS: \(error.detail)")
    }
  }

  // MARK: Connecting

  /// Connects, or drops the connection with everything that is queued (PUBACKs too) and connects again.
  ///
  /// The CONNECT packet is queued; `write` sends it, `read` takes in the answer and calls `onConnected`.
  ///
  /// - Parameter blocking: `true` waits for TCP's answer, half a minute for each address of the name. `false` returns
  ///   while TCP is still trying (the descriptor then becomes writable, or `write` or `read` reports the failure); names
  ///   are still looked up at once, so give an address.
  /// - Throws: `.unreachable`, or `.invalid`.
  public func connect(blocking: Bool = true) throws(MQTTError) {
    abandon()
    transport = nil
    wasAccepted = false
    limits = BrokerLimits()
    decoder = PacketDecoder(isVersion5: options.version == .v5, payloadLimit: options.payloadLimit)
    isDrained = false
    queue = SendQueue()
    if let tls {
      do throws(TLSContext.Fault) { try tls.loadIdentity() } catch {
        throw MQTTError(.invalid, detail: "TLS: \(error.detail)")
      }
    }
    do throws(Transport.Fault) {
      transport = try Transport(
        host: options.host, port: options.port, context: tls, patience: blocking ? Self.connectMilliseconds : nil)
    } catch { throw failure(error, "connect to the broker at \(options.host):\(options.port)") }
    isEnded = false
    queue.append(OutgoingPacket.connect(options))
    lifeSigns = LifeSigns(keepAliveSeconds: options.keepAliveSeconds, at: Self.monotonicMilliseconds())
  }

  /// Cuts the connection and sends nothing that is queued, so that the broker delivers again what was not acknowledged.
  ///
  /// `connect` follows.
  public func abandon() {
    transport?.end()
    isConnected = false
    isEnded = true
  }

  /// Says good-bye, after what is queued: the broker then publishes no will. Waits at most `milliseconds`.
  public func disconnect(within milliseconds: Int32 = 1000) {
    guard fileDescriptor != nil else { return }
    queue.append(OutgoingPacket.disconnect)
    _ = try? flush(within: milliseconds)
    abandon()
  }

  // MARK: The loop's verbs

  /// The socket to poll, or `nil` while there is no connection. It changes with each `connect`.
  public var fileDescriptor: Int32? { isEnded ? nil : transport?.descriptor }

  /// Whether something is queued: poll for writability too, and call `write` when acknowledgements may leave.
  public var wantsWrite: Bool {
    guard !isEnded, let transport else { return false }
    return transport.hasOwnOutput || (!queue.isEmpty && transport.takesData)
  }

  /// Whether `read` has something without the socket: do not `poll` then.
  public var hasBufferedInput: Bool { !isEnded && decoder.hasPacket }

  /// Takes in what is there, without blocking, until there was something to call back for.
  ///
  /// - Returns: how many callbacks it made, 0 or 1; 0 says that the socket is drained: poll again.
  /// - Throws: `.connectionLost`, `.refused`, `.protocolViolation`. What was handed over before stays handed over.
  public func read() throws(MQTTError) -> Int {
    while true {
      while let packet = try nextPacket() {
        if try take(packet) { return 1 }
      }
      guard let transport, !isEnded else {
        throw MQTTError(.connectionLost, detail: "cannot read from the broker: not connected")
      }
      if isDrained {
        isDrained = false
        return 0
      }
      do throws(Transport.Fault) {
        isDrained = try transport.receive(into: &decoder) == .nothing
      } catch { throw failure(error, "read from the broker") }
    }
  }

  /// Sends what is queued, as far as the socket takes it: every acknowledgement of everything read so far.
  ///
  /// - Throws: `.connectionLost`, `.unreachable`.
  public func write() throws(MQTTError) {
    guard let transport, !isEnded else {
      throw MQTTError(.connectionLost, detail: "cannot write to the broker: not connected")
    }
    do throws(Transport.Fault) { try transport.send(&queue) } catch { throw failure(error, "write to the broker") }
    lifeSigns.sent()
  }

  /// Writes until nothing is queued, waiting for the socket at most `milliseconds`.
  ///
  /// - Returns: whether everything was handed to the kernel.
  public func flush(within milliseconds: Int32) throws(MQTTError) -> Bool {
    let end = Self.monotonicMilliseconds() + Int64(milliseconds)
    while wantsWrite, let descriptor = fileDescriptor {
      try write()
      if !wantsWrite { break }
      let left = end - Self.monotonicMilliseconds()
      if left <= 0 { return false }
      var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = poll(&entry, 1, Int32(left))
    }
    return true
  }

  /// Keeps the connection alive: queues a ping when it is due, and gives the broker up when it does not answer.
  ///
  /// Call it about once a second.
  public func maintain() throws(MQTTError) {
    guard !isEnded else { return }
    switch lifeSigns.step(at: Self.monotonicMilliseconds(), isConnected: isConnected) {
    case .nothing: break
    case .ping: queue.append(OutgoingPacket.ping)
    case .giveUp:
      let words = isConnected ? "it does not answer a ping" : "it takes the connection and says nothing"
      abandon()
      throw MQTTError(
        wasAccepted ? .connectionLost : .unreachable, detail: "cannot keep the connection to the broker: \(words)")
    }
  }

  // MARK: Messages

  /// Queues a message.
  ///
  /// - Parameter qos: 0 or 1.
  /// - Returns: its number, which with QoS 1 `onPublished` names when the broker has it; 0 with QoS 0.
  /// - Throws: `.notConnected` before CONNACK or after the end of the connection, `.invalid`, `.exhausted` where too
  ///   many wait for the broker: nothing is queued then.
  @discardableResult
  public func publish(
    topic: String, payload: borrowing Span<UInt8>, qos: UInt8 = 1, retain: Bool = false
  ) throws(MQTTError) -> Int32 {
    try requireConnection("publish to \(topic)")
    func refuse(_ detail: String, _ code: MQTTError.Code = .invalid) -> MQTTError {
      MQTTError(code, detail: "cannot publish to \(topic): \(detail)")
    }
    if let fault = TopicRules.faultOfTopic(topic) { throw refuse(fault) }
    if qos > min(1, limits.maximumQoS) { throw refuse("QoS \(qos), and the broker or this client has less") }
    if retain, !limits.canRetain { throw refuse("the broker keeps no messages") }
    // Two lengths, the number, the properties, the fixed header.
    let most = min(limits.maximumPacket, OutgoingPacket.longest) - 12 - topic.utf8.count
    if payload.count > most { throw refuse("\(payload.count) bytes; the broker takes \(max(0, most))") }
    let isVersion5 = options.version == .v5
    guard qos > 0 else {
      queue.append(
        OutgoingPacket.publish(topic: topic, payload: payload, number: nil, retain: retain, isVersion5: isVersion5))
      return 0
    }
    if outbox.isFull { throw refuse("\(PublishWindow.limit) messages wait for the broker", .exhausted) }
    let number = outbox.nextNumber()
    outbox.add(
      OutgoingPacket.publish(topic: topic, payload: payload, number: number, retain: retain, isVersion5: isVersion5),
      number: number)
    queueWhatIsDue()
    return Int32(number)
  }

  /// Queues a message; see `publish(topic:payload:qos:retain:)` of a span.
  @discardableResult
  public func publish(topic: String, payload: [UInt8], qos: UInt8 = 1, retain: Bool = false) throws(MQTTError) -> Int32
  {
    try publish(topic: topic, payload: payload.span, qos: qos, retain: retain)
  }

  /// Queues a subscription.
  ///
  /// - Parameters:
  ///   - qos: 0 or 1, the most the broker may send with.
  ///   - noLocal: the broker keeps back what this client itself publishes (MQTT 5 only).
  /// - Returns: its number, which `onSubscribed` names with the broker's answer.
  @discardableResult
  public func subscribe(_ filter: String, qos: UInt8 = 1, noLocal: Bool = false) throws(MQTTError) -> Int32 {
    try requireConnection("subscribe to \(filter)")
    precondition(qos < 2 && (!noLocal || options.version == .v5), "QoS 0 and 1; MQTT 3.1.1 has no such option")
    if let fault = TopicRules.faultOfFilter(filter) {
      throw MQTTError(.invalid, detail: "cannot subscribe to \(filter): \(fault)")
    }
    let number = outbox.nextNumber()
    queue.append(
      OutgoingPacket.subscribe(
        filter, qos: qos, noLocal: noLocal, number: number, isVersion5: options.version == .v5))
    return Int32(number)
  }

  private func queueWhatIsDue() {
    while let packet = outbox.takeDue() { queue.append(packet) }
  }

  // MARK: Packets

  private func nextPacket() throws(MQTTError) -> PacketDecoder.Packet? {
    if isEnded { return nil }
    do throws(PacketDecoder.Malformed) { return try decoder.next() } catch { throw violation(error.detail) }
  }

  /// - Returns: whether it made a callback.
  private func take(_ packet: PacketDecoder.Packet) throws(MQTTError) -> Bool {
    lifeSigns.heard()
    switch packet {
    case .connectionAccepted(let sessionPresent, let limits):
      guard !wasAccepted else { throw violation("it accepts the connection twice") }
      accept(sessionPresent, limits)
      onConnected(sessionPresent)
      return true
    case .connectionRefused(let reason):
      throw end(.refused, reason, "connect to the broker")
    case .disconnected(let reason):
      throw end(wasAccepted ? .connectionLost : .refused, reason, "stay connected to the broker")
    case .message, .publishAcknowledged, .subscribeAcknowledged, .pingAnswered:
      guard isConnected else { throw violation("it sends before it has accepted the connection") }
    }
    switch packet {
    case .message(let message, let number):
      if let number { queue.appendPuback(number) }
      onMessage(message)
      return true
    case .publishAcknowledged(let number, let reason):
      guard outbox.acknowledge(number) else { return false }
      queueWhatIsDue()
      if reason >= 128, let onPublishRefused {
        onPublishRefused(Int32(number), reason)
      } else {
        onPublished(Int32(number))
      }
      return true
    case .subscribeAcknowledged(let number, let granted):
      onSubscribed(Int32(number), granted)
      return true
    case .pingAnswered, .connectionAccepted, .connectionRefused, .disconnected: return false
    }
  }

  private func accept(_ sessionPresent: Bool, _ limits: BrokerLimits) {
    isConnected = true
    wasAccepted = true
    self.limits = limits
    if let seconds = limits.keepAliveSeconds { lifeSigns.keepAlive = Int64(seconds) * 1000 }
    outbox.begin(
      window: Int(min(options.sendMaximum, limits.receiveMaximum)), sessionPresent: sessionPresent)
    queueWhatIsDue()
  }
}

// MARK: - Errors

extension MQTTClient {
  /// What a reason code of MQTT 5 says, with the number.
  public static func words(forReason reason: UInt8) -> String { BrokerReason.words(reason, .v5) }

  private func requireConnection(_ operation: @autoclosure () -> String) throws(MQTTError) {
    if isConnected { return }
    throw MQTTError(.notConnected, detail: "cannot \(operation()): not connected")
  }

  private func violation(_ detail: String) -> MQTTError {
    abandon()
    return MQTTError(.protocolViolation, detail: "the broker does not speak MQTT as it should: \(detail)")
  }

  /// The broker's own word.
  private func end(_ code: MQTTError.Code, _ reason: UInt8, _ operation: String) -> MQTTError {
    abandon()
    return MQTTError(
      code, reason: reason, detail: "cannot \(operation): refused: \(BrokerReason.words(reason, options.version))")
  }

  private func failure(_ fault: Transport.Fault, _ operation: String) -> MQTTError {
    abandon()
    var code: MQTTError.Code = wasAccepted ? .connectionLost : .unreachable
    var systemError: Int32 = 0
    let words: String
    switch fault {
    case .system(let cause):
      systemError = cause
      words = String(cString: strerror(cause))
    case .name(let cause): words = String(cString: gai_strerror(cause))
    case .ended: words = "the broker ended the connection"
    case .timedOut: words = "no answer"
    case .tls(let fault):
      if !wasAccepted { code = .refused }
      words = fault.detail
    }
    return MQTTError(code, systemError: systemError, detail: "cannot \(operation): \(words)")
  }

  private static func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
