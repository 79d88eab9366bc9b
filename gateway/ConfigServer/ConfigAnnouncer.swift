import ConfigModel
import GatewayCore
import Glibc
public import Logging
public import MQTTClient
import Synchronization

/// Tells devices over MQTT that there is a new configuration for them, and hears what they make of it.
///
/// Publishes `{"etag":"…"}` retained on `BASE/ID/config` where what a device is to have changed, and takes
/// `BASE/ID/status` to a `RolloutBoard`. A thread of its own; a broker that is away is waited for.
///
/// ```swift
/// let announcer = ConfigAnnouncer(options, baseTopic: "iots6", source: source, board: board, logger: logger)
/// announcer.start()
/// …
/// announcer.stop()
/// ```
///
/// It remembers what it told since its start; the first time it connects it tells every device in the list, which costs
/// the broker a retained message each and the devices nothing: they compare the tag with their own.
public final class ConfigAnnouncer: Sendable {
  /// How soon a change is noticed, ms: a device follows within a second.
  private static let tickMilliseconds: Int32 = 200
  private static let firstWait = 0.5
  private static let longestWait = 30.0

  private let options: MQTTOptions
  private let baseTopic: String
  private let source: any FleetSource
  private let board: RolloutBoard
  private let logger: Logger
  private let clock: GatewayClock
  private let isStopping = Atomic(false)
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  public init(
    _ options: MQTTOptions, baseTopic: String, source: any FleetSource, board: RolloutBoard, logger: Logger
  ) {
    self.options = options
    self.baseTopic = baseTopic
    self.source = source
    self.board = board
    self.logger = logger
    clock = .system
  }

  /// Starts the thread; once.
  public func start() {
    thread.withLock {
      precondition($0 == nil, "an announcer starts once")
      $0 = DedicatedThread(name: "config-announce") { [self] in run() }
    }
  }

  /// Says good-bye to the broker and returns when the thread has ended. Blocks.
  public func stop() {
    isStopping.store(true, ordering: .releasing)
    thread.withLock { $0 }?.join()
  }

  private var shallStop: Bool { isStopping.load(ordering: .acquiring) }

  private func run() {
    var told = Told()
    var backoff = Backoff(firstSeconds: Self.firstWait, limitSeconds: Self.longestWait)
    var lastFault: String?
    while !shallStop {
      do throws(MQTTError) {
        let client = try MQTTClient(options)
        try serve(client, &told) {
          backoff.reset()
          lastFault = nil
        }
      } catch {
        // One line when a fault begins or changes.
        if lastFault != error.description {
          logger.warning("devices are not told of new configurations, will try again: \(error)")
        }
        lastFault = error.description
      }
      // Whatever was under way may be lost: tell all again.
      told = Told()
      pause(seconds: backoff.next())
    }
  }

  private func pause(seconds: Double) {
    let end = clock.monotonicSeconds() + seconds
    while !shallStop, clock.monotonicSeconds() < end { _ = usleep(50_000) }
  }

  /// What was told on this connection.
  private struct Told {
    /// The state all of it belongs to.
    var fleet: ServedFleet?
    var tags: [String: String] = [:]
    /// Devices that are not in the list and said something.
    var strangers: Set<String> = []
  }

  private func serve(
    _ client: MQTTClient, _ told: inout Told, accepted: () -> Void
  ) throws(MQTTError) {
    var isAccepted = false
    var strangers: Set<String> = []
    client.onConnected = { _ in isAccepted = true }
    client.onMessage = { [baseTopic, board, clock] message in
      guard message.topic.hasPrefix(baseTopic + "/"), message.topic.hasSuffix("/status") else { return }
      let id = String(message.topic.dropFirst(baseTopic.count + 1).dropLast("/status".count))
      guard DeviceID.fault(of: id) == nil, let report = DeviceReport(status: message.payload) else { return }
      board.note(report, of: id, at: clock.wallMicroseconds())
      // As many as are handed out documents of their own.
      if strangers.count < ServedFleet.strangerLimit { strangers.insert(id) }
    }
    try client.connect()
    var maintainAt = clock.monotonicSeconds() + 1
    var isSubscribed = false
    while !shallStop {
      if isAccepted, !isSubscribed {
        isSubscribed = true
        accepted()
        try client.subscribe("\(baseTopic)/+/status", qos: 1)
        logger.info("devices are told of new configurations through the broker at \(options.host):\(options.port)")
      }
      if isSubscribed { try announce(client, strangers, &told) }
      if client.wantsWrite { try client.write() }
      guard let descriptor = client.fileDescriptor else {
        throw MQTTError(.connectionLost, detail: "the connection to the broker ended")
      }
      if !client.hasBufferedInput {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN | (client.wantsWrite ? POLLOUT : 0)), revents: 0)
        _ = poll(&entry, 1, Self.tickMilliseconds)
        if entry.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0 { while try client.read() > 0 {} }
      } else {
        while try client.read() > 0 {}
      }
      if clock.monotonicSeconds() >= maintainAt {
        try client.maintain()
        maintainAt = clock.monotonicSeconds() + 1
      }
    }
    client.disconnect(within: 1000)
  }

  private func announce(_ client: MQTTClient, _ strangers: Set<String>, _ told: inout Told) throws(MQTTError) {
    let fleet = source.current()
    guard fleet !== told.fleet || strangers.count != told.strangers.count else { return }
    told.fleet = fleet
    told.strangers = strangers
    for id in fleet.fleet.devices + strangers.filter({ !fleet.fleet.knows($0) }).sorted() {
      let etag = fleet.document(for: id).etag
      guard told.tags[id] != etag else { continue }
      let payload = JSONValue.object([JSONValue.Member(key: "etag", value: .string(etag))]).compact
      try client.publish(topic: "\(baseTopic)/\(id)/config", payload: Array(payload.utf8), qos: 1, retain: true)
      told.tags[id] = etag
    }
  }
}
