import GatewayCore
import Glibc
import Logging
import MQTTClient
import Synchronization

/// Tells Home Assistant of every device and sensor, over a connection of its own: ingest never waits for it.
///
/// ```swift
/// let announcer = try Announcer(options, mqtt: mqtt, logger: logger)
/// announcer.start()
/// announcer.observe(rows)     // from any thread, quick
/// announcer.stop()
/// ```
///
/// Announcements are retained, at QoS 1, and all of them are published again after each reconnect: a broker that lost its memory gets them
/// back. It listens to its own discovery topics: what somebody clears there is not brought back by a reconnect, only by a
/// further reading of the device.
public final class Announcer: Sendable {
  /// The most messages that wait for the broker; beyond it the next reconnect tells all.
  static let queueLimit = 100_000

  private struct State {
    var ledger: DiscoveryLedger
    var queue: [DiscoveryMessage] = []
    var isStopping = false
  }

  private let options: DiscoveryOptions
  private let mqtt: MQTTOptions
  private let logger: Logger
  private let state: Mutex<State>
  private let wake: WakePipe
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  ///
  /// - Throws: `.invalid` for options that cannot work, `.exhausted`.
  public init(_ options: DiscoveryOptions, mqtt: MQTTOptions, logger: Logger) throws(MQTTError) {
    _ = try MQTTClient(mqtt)
    self.options = options
    self.mqtt = mqtt
    self.logger = logger
    state = Mutex(State(ledger: DiscoveryLedger(options)))
    guard let wake = WakePipe() else {
      let cause = errno
      throw MQTTError(
        .exhausted, systemError: cause, detail: "cannot make a pipe: \(String(cString: strerror(cause)))"
      )
    }
    self.wake = wake
  }

  /// Takes note of committed rows.
  public func observe(_ rows: [Row]) {
    let isNews = state.withLock { state in
      let messages = state.ledger.observe(rows)
      if state.queue.count + messages.count <= Self.queueLimit { state.queue += messages }
      return !messages.isEmpty
    }
    if isNews { wake.ring() }
  }

  /// How many devices are announced.
  public var count: Int { state.withLock { $0.ledger.count } }

  /// Starts the thread; once.
  public func start() {
    thread.withLock {
      precondition($0 == nil, "an announcer starts once")
      $0 = DedicatedThread(name: "home-assistant") { [self] in run() }
    }
  }

  /// Ends the thread, and returns when it has ended. What is announced stays announced. Blocks.
  public func stop() {
    state.withLock { $0.isStopping = true }
    wake.ring()
    thread.withLock { $0 }?.join()
  }

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private func run() {
    var backoff = Backoff(firstSeconds: 0.5, limitSeconds: 30)
    var lastFault: String?
    while !isStopping {
      do throws(MQTTError) {
        let client = try MQTTClient(mqtt)
        try client.connect()
        guard try client.awaitConnection(milliseconds: 10_000) else {
          throw MQTTError(.unreachable, detail: "\(mqtt.host):\(mqtt.port) says nothing")
        }
        lastFault = nil
        backoff.reset()
        try serve(client)
      } catch {
        // One line when a fault begins or changes.
        let fault = "Home Assistant is not told of devices, will try again: \(error)"
        if fault != lastFault { logger.warning("\(fault)") }
        lastFault = fault
      }
      if !isStopping { pause(seconds: backoff.next()) }
    }
  }

  private func serve(_ client: MQTTClient) throws(MQTTError) {
    client.onMessage = { [unowned self] message in
      // Only what somebody else cleared; one's own messages do not come back (no-local), or carry a payload.
      if message.length == 0 { state.withLock { $0.ledger.cleared(topic: message.topic) } }
    }
    try client.subscribe("\(options.prefix)/+/+/+/config", qos: 1, noLocal: mqtt.version == .v5)
    state.withLock { $0.queue = $0.ledger.all }
    logger.info("Home Assistant is told of devices under \(options.prefix)/")
    while !isStopping {
      for message in state.withLock({ state in
        defer { state.queue.removeAll() }
        return state.queue
      }) {
        try client.publish(topic: message.topic, payload: Array(message.payload.utf8), qos: 1, retain: true)
      }
      if client.wantsWrite { try client.write() }
      var entries = [
        pollfd(
          fd: client.fileDescriptor ?? -1, events: Int16(client.wantsWrite ? POLLIN | POLLOUT : POLLIN), revents: 0),
        pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0),
      ]
      if !client.hasBufferedInput { _ = poll(&entries, 2, 1000) }
      if entries[1].revents != 0 {
        wake.hush()
      }
      if entries[0].revents != 0 || client.hasBufferedInput { _ = try client.read() }
      try client.maintain()
      guard client.fileDescriptor != nil else {
        throw MQTTError(.connectionLost, detail: "the connection to the broker ended")
      }
    }
    _ = try? client.flush(within: 2000)
    client.disconnect(within: 1000)
  }

  private func pause(seconds: Double) {
    var entry = pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, Int32(seconds * 1000)) > 0 else { return }
    wake.hush()
  }
}

/// A descriptor that another thread makes readable.
private final class WakePipe: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// A full pipe is readable already.
  func ring() {
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  func hush() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
  }
}
