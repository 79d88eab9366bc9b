import ChipModels
import MQTTClient
import Node
import Telemetry
import VirtualBoard

/// One simulated Pico W: the portable device on a virtual board, and the shell that gives it a network.
final class SimulatedPico {
  typealias Outputs = InlineBytes<512>

  let name: String
  let board: VirtualBoard
  private(set) var device: Device<SimulatedI2CBus, SimulatedPin, SimulatedPin, 256>
  /// Payloads handed to the broker's connection, resent ones included.
  private(set) var sent = 0
  /// Readings the gateway's acknowledgements named.
  private(set) var acknowledged = 0
  /// The last thing that went wrong with the network, for a person.
  private(set) var trouble: String?
  /// Whether new readings are still made.
  var isQuiet = false

  private let endpoints: Endpoints
  private let client: MQTTClient?
  private var payload = Outputs()
  private var nextAttempt: UInt64 = 0
  private var attempts = 0
  private var lastMaintained: UInt64 = 0
  private var announcedTag: InlineBytes<64>?
  private var statusTag: InlineBytes<64>?

  /// A board called `name` in its `boot`th life. Without a network (`isOnline` false) it only measures and shows.
  init(name: String, boot: UInt32, seed: UInt64, endpoints: Endpoints, isOnline: Bool) throws {
    self.name = name
    self.endpoints = endpoints
    board = VirtualBoard(seed: seed, startMilliseconds: 10 * 3_600_000 + (seed % 24) * 1_800_000)
    let identity = NodeIdentity(
      device: InlineBytes(Array(name.utf8).span), firmware: InlineBytes("1.0.0-sim"), boot: boot)
    device = Device(
      node: Node(identity: identity), bus: board.bus, motion: board.motion, door: board.door, light: board.light)
    guard isOnline else {
      client = nil
      return
    }
    var options = MQTTOptions(host: endpoints.broker, port: endpoints.port, clientID: "picosim-\(name)")
    options.keepAliveSeconds = 15
    var will = Outputs()
    device.node.writeOfflineStatus(into: &will)
    options.will = MQTTWill(topic: "\(endpoints.baseTopic)/\(name)/status", payload: will.array)
    client = try MQTTClient(options)
  }

  /// Hears the broker. Separate from `init`, because the callbacks need the whole object.
  func start() {
    client?.onConnected = { [unowned self] _ in connected() }
    client?.onMessage = { [unowned self] in received($0) }
  }

  /// The socket to wait for.
  var fileDescriptor: Int32? { client?.fileDescriptor }

  /// Goes on to `milliseconds` since the start.
  func step(milliseconds: UInt64, fetch: (_ device: String, _ tag: String) -> Void) {
    board.advance(toMilliseconds: milliseconds)
    keepConnected(milliseconds)
    if isQuiet {
      // Stopped: what is made is delivered, nothing new is made.
    } else {
      // A board without a config server works with its built-in configuration.
      let link = Link(isJoined: client != nil, rssi: client == nil ? nil : rssi(milliseconds), isConnected: isConnected)
      if device.step(now: board.clock.milliseconds, link: link).fetchConfiguration {
        fetch(name, text(device.node.configurationTag))
      }
    }
    publish()
    // Outside a callback libmosquitto writes only what it is told to.
    try? client?.write()
  }

  /// The configuration, or why there is none.
  func take(_ outcome: ConfigurationFetcher.Outcome) {
    switch outcome {
    case .arrived(let document, let tag):
      do throws(JSONError) {
        try device.node.configurationArrived(document.span, tag: InlineBytes(Array(tag.utf8).span))
      } catch {
        trouble = "the configuration is not JSON: \(error.code) at byte \(error.offset)"
        device.node.configurationFailed()
      }
    case .unchanged: device.node.configurationIsUnchanged()
    case .failed(let why):
      trouble = why
      device.node.configurationFailed()
    }
  }

  /// Says good-bye to the broker, so that the last will is not published; says it is offline instead.
  func stop() {
    guard let client, isConnected else { return }
    var message = Outputs()
    device.node.writeOfflineStatus(into: &message)
    _ = try? client.publish(topic: topic("/status"), payload: message.array, retain: true)
    client.disconnect()
  }

  private var isConnected: Bool { client?.isConnected ?? false }

  private func topic(_ suffix: String) -> String { "\(endpoints.baseTopic)/\(name)\(suffix)" }

  private func rssi(_ milliseconds: UInt64) -> Int8 {
    Int8(-55 - Int(milliseconds / 7000 % 9))
  }

  // MARK: The broker

  private func keepConnected(_ now: UInt64) {
    guard let client else { return }
    do throws(MQTTError) {
      if client.fileDescriptor == nil {
        guard now >= nextAttempt else { return }
        attempts += 1
        // Doubling up to eight seconds, and a different while for each board: a fleet does not come back as one.
        let backOff = min(8000, 250 << min(attempts, 5))
        nextAttempt = now + UInt64(backOff) + UInt64(name.utf8.reduce(0) { $0 + Int($1) } % 250)
        try client.connect(blocking: false)
        return
      }
      while try client.read() > 0 {}
      if now >= lastMaintained + 1000 {
        lastMaintained = now
        try client.maintain()
      }
    } catch {
      lost(error)
    }
  }

  private func lost(_ error: MQTTError) {
    trouble = error.detail
    client?.abandon()
    device.node.connectionLost()
  }

  private func connected() {
    attempts = 0
    trouble = nil
    for suffix in ["/ack", "/config"] { _ = try? client?.subscribe(topic(suffix), qos: suffix == "/ack" ? 0 : 1) }
    statusTag = nil
    sendStatus()
  }

  private func sendStatus() {
    guard statusTag != device.node.configurationTag else { return }
    var message = Outputs()
    device.node.writeOnlineStatus(into: &message)
    if (try? client?.publish(topic: topic("/status"), payload: message.array, retain: true)) != nil {
      statusTag = device.node.configurationTag
    }
  }

  private func received(_ message: MQTTMessage) {
    switch message.topic {
    case topic("/ack"):
      acknowledged += device.node.acknowledgementArrived(message.payload.span)
    case topic("/config"):
      if let tag = configurationTag(in: message.payload) { device.node.configurationAnnounced(tag: tag) }
    default: break
    }
  }

  private func publish() {
    guard isConnected, let client else { return }
    sendStatus()
    while device.node.takePayload(now: board.clock.milliseconds, into: &payload) {
      do throws(MQTTError) {
        try client.publish(topic: topic(""), payload: payload.array)
        sent += 1
      } catch {
        return lost(error)
      }
    }
  }
}

extension InlineBytes {
  /// A copy on the heap, for Linux.
  var array: [UInt8] { (0..<count).map { self[$0] } }
}

/// The bytes as text.
func text<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String {
  String(decoding: bytes.array, as: UTF8.self)
}

/// The tag in `{"etag":"…"}`.
private func configurationTag(in message: [UInt8]) -> InlineBytes<64>? {
  var cursor = JSONCursor()
  guard (try? cursor.next(in: message.span)) == .objectStart else { return nil }
  while case .key(let key)? = try? cursor.next(in: message.span) {
    if key.matches("etag", in: message.span), case .string(let slice)? = try? cursor.next(in: message.span) {
      return slice.string(in: message.span)
    }
    guard (try? cursor.skipValue(in: message.span)) != nil else { return nil }
  }
  return nil
}
