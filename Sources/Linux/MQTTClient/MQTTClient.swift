import CMosquitto
import Glibc

/// One connection to an MQTT broker, driven by one thread's own loop; the only Swift file that touches libmosquitto.
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
/// **Nothing is sent except by `write`.** libmosquitto queues the PUBACK of a QoS 1 message *before* it calls the
/// message callback, and on a fresh handle it writes it to the socket at once (eclipse-mosquitto issue 2884). Told that
/// an external thread does the I/O (`mosquitto_threaded_set`), `packet__queue` in lib/packet_mosq.c leaves every packet
/// in the queue: PUBACK, PINGREQ, CONNECT, PUBLISH alike. So the owner decides when acknowledgements leave: it must not
/// call `write` between `read` and the commit of what `read` handed over.
///
/// Traps of the library, read in its source (2.0.11) and handled here:
/// - QoS 1 `mosquitto_publish` without a connection reports an error and yet keeps the message: `publish` refuses first.
/// - A socket pair per handle (3 descriptors a client) wakes a `select` nobody runs here; it fills up and then costs a
///   failing write a packet, whose EAGAIN ends `loop_read` after one packet. With TLS, data inside OpenSSL then waits
///   unseen by `poll`: `read` goes on while there is some, and who polls asks `hasBufferedInput` first.
/// - While TLS keys are agreed on only `mosquitto_loop_read` goes on with that, whichever way the socket is ready.
/// - `mosquitto_lib_init` is not safe from two threads at once: it runs once, behind a static.
/// - With outgoing messages under way one `read` may take in several packets: a batch cap can be overshot by
///   `sendMaximum`.
///
/// Not thread-safe, and deliberately not `Sendable`: create it on the thread that uses it. Callbacks run inside `read`,
/// `write`, `maintain` or `connect`.
public final class MQTTClient {
  /// What this client was made with.
  public let options: MQTTOptions
  /// Whether the broker accepted the connection (CONNACK), and it stands as far as is known.
  public private(set) var isConnected = false

  /// Gets each message.
  public var onMessage: (MQTTMessage) -> Void = { _ in }
  /// Told when the broker accepted the connection, and whether it still had a session of this client. Subscribe here.
  public var onConnected: (_ sessionPresent: Bool) -> Void = { _ in }
  /// Told when the broker acknowledged a QoS 1 message (a QoS 0 message: when it was written), by `publish`'s number.
  public var onPublished: (_ message: Int32) -> Void = { _ in }
  /// Told how a subscription was answered: the granted QoS, or `nil` where the broker refuses it.
  public var onSubscribed: (_ subscription: Int32, _ granted: UInt8?) -> Void = { _, _ in }

  private let handle: OpaquePointer
  private var delivered = 0
  private var isAbandoned = false
  /// Whether the broker accepted this connection at any time.
  private var wasAccepted = false
  /// The broker's last word, from CONNACK or DISCONNECT, where it was not "success".
  private var reason: UInt8?
  private var tls: TLSContext?
  /// What OpenSSL said against the connection, from the library's log, before the library freed it.
  private var tlsFault: String?
  /// `errno` when the library found the connection broken, before it closed the socket and called back.
  private var errnoAtDisconnect: Int32 = 0

  private static let libraryIsReady: Bool = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

  /// A client that is not connected yet.
  ///
  /// - Throws: `.invalid` for options the library refuses, `.exhausted` where memory or descriptors run out.
  public init(_ options: MQTTOptions) throws(MQTTError) {
    self.options = options
    guard Self.libraryIsReady, let handle = mosquitto_new(options.clientID, options.cleanStart, nil) else {
      let cause = errno
      throw MQTTError(
        cause == EINVAL ? .invalid : .exhausted, returnCode: MOSQ_ERR_ERRNO.rawValue, systemError: cause,
        detail: "cannot make an MQTT client named '\(options.clientID)': \(String(cString: strerror(cause)))")
    }
    self.handle = handle
    mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
    try configure()
    setCallbacks()
  }

  deinit { mosquitto_destroy(handle) }

  // MARK: Connecting

  /// Connects, or drops the connection with everything that is queued (PUBACKs too) and connects again.
  ///
  /// The CONNECT packet is queued; `write` sends it, `read` takes in the answer and calls `onConnected`.
  ///
  /// - Parameter blocking: `true` waits for TCP's answer. `false` returns while TCP is still trying (the descriptor then
  ///   becomes writable, or `read` reports the failure); names are still looked up at once, so give an address. MQTT 5
  ///   with a session expiry needs `true` the first time: the library has no other call that takes the property.
  /// - Throws: `.unreachable`, or `.invalid`.
  public func connect(blocking: Bool = true) throws(MQTTError) {
    isConnected = false
    isAbandoned = false
    wasAccepted = false
    reason = nil
    errnoAtDisconnect = 0
    tlsFault = nil
    if let tls {
      do throws(TLSContext.Fault) { try tls.loadIdentity() } catch { throw Self.invalid(error.detail) }
    }
    let keepAlive = Int32(options.keepAliveSeconds)
    let code: Int32
    if !blocking {
      precondition(options.sessionExpirySeconds == 0, "a session expiry needs connect(blocking: true)")
      code = mosquitto_connect_async(handle, options.host, Int32(options.port), keepAlive)
    } else {
      var properties: OpaquePointer?
      defer { mosquitto_property_free_all(&properties) }
      if options.version == .v5, options.sessionExpirySeconds > 0 {
        try require(
          mosquitto_property_add_int32(
            &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), options.sessionExpirySeconds),
          "set the session expiry")
      }
      code = mosquitto_connect_bind_v5(handle, options.host, Int32(options.port), keepAlive, nil, properties)
    }
    if code == MOSQ_ERR_CONN_PENDING.rawValue { return }
    try require(code, "connect to the broker at \(options.host):\(options.port)")
  }

  /// Cuts the connection and sends nothing that is queued, so that the broker delivers again what was not acknowledged.
  ///
  /// `connect` follows.
  public func abandon() {
    let descriptor = mosquitto_socket(handle)
    if descriptor >= 0 { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
    isAbandoned = true
    isConnected = false
  }

  /// Says good-bye, after what is queued: the broker then publishes no will. Waits at most `milliseconds`.
  public func disconnect(within milliseconds: Int32 = 1000) {
    guard fileDescriptor != nil else { return }
    guard mosquitto_disconnect(handle) == MOSQ_ERR_SUCCESS.rawValue else { return abandon() }
    let done = (try? flush(within: milliseconds)) ?? false
    if !done { abandon() }
    isConnected = false
  }

  // MARK: The loop's verbs

  /// The socket to poll, or `nil` while there is no connection. It changes with each `connect`.
  public var fileDescriptor: Int32? {
    let descriptor = mosquitto_socket(handle)
    return isAbandoned || descriptor < 0 ? nil : descriptor
  }

  /// Whether something is queued: poll for writability too, and call `write` when acknowledgements may leave.
  public var wantsWrite: Bool { !isAbandoned && mosquitto_want_write(handle) }

  /// Whether the TLS library holds bytes that `read` would take in and the socket no longer shows: do not `poll` then.
  public var hasBufferedInput: Bool {
    tls != nil && !isAbandoned && TLSContext.pendingBytes(mosquitto_ssl_get(handle)) > 0
  }

  /// Takes in one packet, if one is there, without blocking, and calls back for it.
  ///
  /// - Returns: how many callbacks it made; 0 says that the socket is drained (or held a packet nobody needs to know
  ///   of): poll again.
  /// - Throws: `.connectionLost`, `.refused`, `.protocolViolation`. What was handed over before stays handed over.
  public func read() throws(MQTTError) -> Int {
    delivered = 0
    repeat {
      try require(mosquitto_loop_read(handle, 1), "read from the broker")
      // A DISCONNECT from the broker closes the socket and is reported as success.
      if mosquitto_socket(handle) < 0 {
        throw MQTTError(
          .connectionLost, returnCode: MOSQ_ERR_CONN_LOST.rawValue, reason: reason,
          detail: "the broker ended the connection" + reasonInWords())
      }
    } while delivered == 0 && hasBufferedInput
    return delivered
  }

  /// Sends what is queued, as far as the socket takes it: every acknowledgement of everything read so far.
  ///
  /// - Parameter merging: packets share segments (`TCP_CORK`), which pays from a few packets on: the library writes each
  ///   by itself, and with TCP_NODELAY each would travel, and wake the broker, alone.
  /// - Throws: `.connectionLost`.
  public func write(merging: Bool = false) throws(MQTTError) {
    if tls != nil, TLSContext.isShakingHands(mosquitto_ssl_get(handle)) {
      return try require(mosquitto_loop_read(handle, 1), "agree on TLS with the broker")
    }
    let descriptor = mosquitto_socket(handle)
    if merging { Self.cork(descriptor, true) }
    let code = mosquitto_loop_write(handle, 1)
    let cause = errno
    // After a failure the library has closed the socket, and its number may be another's.
    if merging, mosquitto_socket(handle) == descriptor { Self.cork(descriptor, false) }
    errno = cause
    try require(code, "write to the broker")
  }

  /// Without effect on a socket that is none, or not TCP: then nothing is merged.
  private static func cork(_ descriptor: Int32, _ isOn: Bool) {
    var value: Int32 = isOn ? 1 : 0
    _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
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
    try require(mosquitto_loop_misc(handle), "keep the connection alive")
  }

  // MARK: Messages

  /// Queues a message.
  ///
  /// - Returns: its number, which `onPublished` names when the broker has it.
  /// - Throws: `.notConnected` before CONNACK or after the end of the connection: nothing is queued then.
  @discardableResult
  public func publish(
    topic: String, payload: borrowing Span<UInt8>, qos: UInt8 = 1, retain: Bool = false
  ) throws(MQTTError) -> Int32 {
    try requireConnection("publish to \(topic)")
    var message: Int32 = 0
    let count = Int32(payload.count)
    let code = payload.withUnsafeBytes {
      mosquitto_publish(handle, &message, topic, count, $0.baseAddress, Int32(qos), retain)
    }
    try require(code, "publish to \(topic)")
    return message
  }

  /// Queues a message; see `publish(topic:payload:qos:retain:)` of a span.
  @discardableResult
  public func publish(topic: String, payload: [UInt8], qos: UInt8 = 1, retain: Bool = false) throws(MQTTError) -> Int32
  {
    try publish(topic: topic, payload: payload.span, qos: qos, retain: retain)
  }

  /// Queues a subscription.
  ///
  /// - Parameter noLocal: the broker keeps back what this client itself publishes (MQTT 5 only).
  /// - Returns: its number, which `onSubscribed` names with the broker's answer.
  @discardableResult
  public func subscribe(_ filter: String, qos: UInt8 = 1, noLocal: Bool = false) throws(MQTTError) -> Int32 {
    try requireConnection("subscribe to \(filter)")
    precondition(!noLocal || options.version == .v5, "MQTT 3.1.1 has no such option")
    var subscription: Int32 = 0
    let flags = noLocal ? Int32(MQTT_SUB_OPT_NO_LOCAL.rawValue) : 0
    try require(
      mosquitto_subscribe_v5(handle, &subscription, filter, Int32(qos), flags, nil), "subscribe to \(filter)")
    return subscription
  }
}

// MARK: - Setting up

extension MQTTClient {
  private func configure() throws(MQTTError) {
    try require(mosquitto_threaded_set(handle, true), "queue packets instead of writing them")
    try set(MOSQ_OPT_PROTOCOL_VERSION, options.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311)
    try set(MOSQ_OPT_TCP_NODELAY, 1)
    try set(MOSQ_OPT_RECEIVE_MAXIMUM, Int32(options.receiveMaximum))
    try set(MOSQ_OPT_SEND_MAXIMUM, Int32(options.sendMaximum))
    if let username = options.username {
      try require(mosquitto_username_pw_set(handle, username, options.password), "set the user name")
    }
    if let choice = options.tls {
      let context: TLSContext
      do throws(TLSContext.Fault) { context = try TLSContext(choice, host: options.host) } catch {
        throw Self.invalid(error.detail)
      }
      tls = context
      try set(MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0)
      try require(
        mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, UnsafeMutableRawPointer(context.context)), "use TLS")
    }
    if let will = options.will {
      let code = will.payload.withUnsafeBytes {
        mosquitto_will_set(handle, will.topic, Int32($0.count), $0.baseAddress, Int32(will.qos), will.isRetained)
      }
      try require(code, "set the will on \(will.topic)")
    }
  }

  private func set(_ option: mosq_opt_t, _ value: Int32) throws(MQTTError) {
    try require(mosquitto_int_option(handle, option, value), "set option \(option.rawValue) to \(value)")
  }

  /// The callbacks get the client as a bare pointer: it is alive, because they run only inside its own methods.
  private func setCallbacks() {
    if tls != nil {
      mosquitto_log_callback_set(handle) { _, client, _, text in
        if let text { MQTTClient.from(client).logged(String(cString: text)) }
      }
    }
    mosquitto_connect_v5_callback_set(handle) { _, client, reason, flags, _ in
      MQTTClient.from(client).connected(reason: reason, flags: flags)
    }
    mosquitto_disconnect_v5_callback_set(handle) { _, client, reason, _ in
      let cause = errno
      MQTTClient.from(client).disconnected(reason: reason, cause: cause)
    }
    mosquitto_message_callback_set(handle) { _, client, message in
      guard let message else { return }
      MQTTClient.from(client).received(message.pointee)
    }
    mosquitto_publish_callback_set(handle) { _, client, message in
      let client = MQTTClient.from(client)
      client.delivered += 1
      client.onPublished(message)
    }
    mosquitto_subscribe_callback_set(handle) { _, client, subscription, count, granted in
      let client = MQTTClient.from(client)
      client.delivered += 1
      let answer = count > 0 ? granted?.pointee : nil
      client.onSubscribed(subscription, answer.flatMap { $0 < 128 ? UInt8($0) : nil })
    }
  }

  private static func invalid(_ detail: String) -> MQTTError {
    MQTTError(.invalid, returnCode: MOSQ_ERR_TLS.rawValue, detail: "TLS: \(detail)")
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> MQTTClient {
    guard let pointer else { preconditionFailure("libmosquitto lost the user data") }
    return Unmanaged<MQTTClient>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// OpenSSL's words go to the library's log and nowhere else.
  private func logged(_ text: String) {
    guard let words = text.split(separator: ": ", maxSplits: 1).last, text.hasPrefix("OpenSSL Error") else { return }
    let connection = mosquitto_ssl_get(handle)
    tlsFault = TLSContext.certificateFault(connection).map { "the broker's certificate: \($0)" } ?? String(words)
  }

  private func connected(reason code: Int32, flags: Int32) {
    delivered += 1
    guard code == 0 else {
      reason = UInt8(truncatingIfNeeded: code)
      return
    }
    isConnected = true
    wasAccepted = true
    onConnected(flags & 1 != 0)
  }

  /// `code` is the broker's reason where it sent DISCONNECT (128 …), else a return code of the library.
  private func disconnected(reason code: Int32, cause: Int32) {
    delivered += 1
    isConnected = false
    errnoAtDisconnect = cause
    if code >= 128 { reason = UInt8(truncatingIfNeeded: code) }
  }

  private func received(_ message: mosquitto_message) {
    delivered += 1
    let length = Int(message.payloadlen)
    let bytes = UnsafeRawBufferPointer(start: message.payload, count: min(length, options.payloadLimit))
    onMessage(
      MQTTMessage(
        topic: String(cString: message.topic), payload: Array(bytes), length: length,
        qos: UInt8(truncatingIfNeeded: message.qos), isRetained: message.retain))
  }
}

// MARK: - Errors

extension MQTTClient {
  private func requireConnection(_ operation: @autoclosure () -> String) throws(MQTTError) {
    if isConnected { return }
    throw MQTTError(
      .notConnected, returnCode: MOSQ_ERR_NO_CONN.rawValue, detail: "cannot \(operation()): not connected")
  }

  /// Turns a return code into an error; `errno` is read before anything else can change it.
  private func require(_ code: Int32, _ operation: @autoclosure () -> String) throws(MQTTError) {
    let systemError = errno
    if code == MOSQ_ERR_SUCCESS.rawValue { return }
    let cause = errnoAtDisconnect != 0 ? errnoAtDisconnect : systemError
    let kind: MQTTError.Code
    switch mosq_err_t(rawValue: code) {
    case MOSQ_ERR_CONN_REFUSED: kind = .refused
    case MOSQ_ERR_NO_CONN: kind = .notConnected
    case MOSQ_ERR_PROTOCOL, MOSQ_ERR_MALFORMED_PACKET:
      // A CONNACK with a reason of MQTT 5 comes back as a protocol error.
      kind = reason != nil ? .refused : .protocolViolation
    case MOSQ_ERR_INVAL, MOSQ_ERR_NOT_SUPPORTED, MOSQ_ERR_PAYLOAD_SIZE, MOSQ_ERR_MALFORMED_UTF8,
      MOSQ_ERR_QOS_NOT_SUPPORTED, MOSQ_ERR_OVERSIZE_PACKET:
      kind = .invalid
    case MOSQ_ERR_NOMEM: kind = .exhausted
    case MOSQ_ERR_TLS: kind = wasAccepted ? .connectionLost : .refused
    default: kind = wasAccepted ? .connectionLost : .unreachable
    }
    if kind != .invalid { isConnected = false }
    let words: String
    switch mosq_err_t(rawValue: code) {
    case MOSQ_ERR_ERRNO: words = String(cString: strerror(cause))
    case MOSQ_ERR_EAI: words = String(cString: gai_strerror(cause))
    default: words = tlsFault ?? String(cString: mosquitto_strerror(code))
    }
    throw MQTTError(
      kind, returnCode: code, systemError: code == MOSQ_ERR_ERRNO.rawValue ? cause : 0, reason: reason,
      detail: "cannot \(operation()): " + (reason == nil ? words : "refused" + reasonInWords()))
  }

  private func reasonInWords() -> String {
    guard let reason else { return "" }
    let words =
      options.version == .v5 ? mosquitto_reason_string(Int32(reason)) : mosquitto_connack_string(Int32(reason))
    return ": \(words.map { String(cString: $0) } ?? "reason") (\(reason))"
  }

  private static func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
