import HAL
import MQTTClient
import Node
import Telemetry

/// A device's side towards the broker: keeps the connection, sends what is due, hands the device what comes.
///
/// Nothing blocks. Whoever has the device calls `keepConnected` and `publish` with each step, and `read` when the socket
/// is readable.
public final class BrokerUplink {
  /// The readings' topic, and what the others begin with.
  public let topic: String
  /// Counts connections: the next one may get the same descriptor.
  public private(set) var connection = 0
  /// Payloads handed to the connection, resent ones included.
  public private(set) var sent = 0
  /// Readings that were acknowledged, by the gateway or, of version 1, by the broker.
  public var acknowledged = 0
  /// The last thing that went wrong with the connection, for a person; `nil` once it stands again.
  public private(set) var trouble: String?

  private let options: MQTTOptions
  /// The connection of this life: a device that starts again knows nothing of what was under way.
  private var client: MQTTClient?
  private var hasConnected = false
  private var arrived: [MQTTMessage] = []
  private var published: [Int32] = []
  /// The version-1 payloads the broker has not acknowledged, by the connection's number for them.
  private var underWay: [Int32: ReadingIdentity] = [:]
  private var nextAttempt: UInt64 = 0
  private var attempts = 0
  private var lastMaintained: UInt64 = 0
  private var statusEdition: UInt32?
  private var payload = InlineBytes<512>()
  /// An answer, a log line or a status, on its way out.
  private var message = InlineBytes<512>()

  /// An uplink of a device that has not begun; `begin` makes its client.
  ///
  /// - Parameters:
  ///   - options: the broker; the last will is added.
  ///   - device: the device's id.
  ///   - baseTopic: what all topics begin with.
  public init(_ options: MQTTOptions, device: String, baseTopic: String) {
    self.options = options
    topic = "\(baseTopic)/\(device)"
  }

  /// A life of the device begins: it has its own client, with its own last will.
  ///
  /// - Throws: what the client or OpenSSL says of the options.
  public func begin<Board, let capacity: Int>(_ device: borrowing Device<Board, capacity>) throws(MQTTError) {
    var options = options
    var will = InlineBytes<512>()
    device.node.writeOfflineStatus(into: &will)
    options.will = MQTTWill(topic: topic + "/status", payload: will.array)
    let client = try MQTTClient(options)
    client.onConnected = { [unowned self] _ in hasConnected = true }
    client.onMessage = { [unowned self] in arrived.append($0) }
    client.onPublished = { [unowned self] in published.append($0) }
    self.client = client
    statusEdition = nil
  }

  /// The socket to wait for.
  public var fileDescriptor: Int32? { client?.fileDescriptor }

  /// Whether it should be waited for writability too.
  public var wantsWrite: Bool { client?.wantsWrite ?? false }

  /// Whether the broker has accepted the connection.
  public var isConnected: Bool { client?.isConnected ?? false }

  /// Connects again when it is time, and keeps the connection alive.
  ///
  /// - Parameter real: milliseconds that pass as in the world.
  public func keepConnected<Board, let capacity: Int>(_ device: inout Device<Board, capacity>, real: UInt64) {
    guard let client else { return }
    do throws(MQTTError) {
      if client.fileDescriptor == nil {
        guard real >= nextAttempt else { return }
        attempts += 1
        // Doubling up to eight seconds, and a different while for each device: a fleet does not come back as one.
        let backOff = min(8000, 250 << min(attempts, 5))
        nextAttempt = real + UInt64(backOff) + UInt64(topic.utf8.reduce(0) { $0 &* 31 &+ Int($1) }.magnitude % 1000)
        connection += 1
        try client.connect(blocking: false)
      } else if real >= lastMaintained + 1000 {
        lastMaintained = real
        try client.maintain()
      }
    } catch {
      fail(&device, error)
    }
  }

  /// Takes in what the broker sent, and answers.
  public func read<Board, let capacity: Int>(_ device: inout Device<Board, capacity>, now: UInt32) {
    guard let client else { return }
    do throws(MQTTError) {
      while try client.read() > 0 {}
      take(&device)
      publish(&device, now: now)
    } catch {
      // What came before the connection ended counts.
      take(&device)
      fail(&device, error)
    }
  }

  /// Sends what is due, and lets it out: the client writes only when it is told to.
  public func publish<Board, let capacity: Int>(_ device: inout Device<Board, capacity>, now: UInt32) {
    guard let client, client.fileDescriptor != nil else { return }
    do throws(MQTTError) {
      if client.isConnected {
        sendStatus(&device)
        while device.node.takeLog(into: &message) {
          try client.publish(topic: topic + "/log", payload: message.array)
        }
        while device.takeCommandAnswer(into: &message) {
          try client.publish(topic: topic + "/cmd/result", payload: message.array)
        }
        while device.node.takePayload(now: now, into: &payload) {
          let number = try client.publish(topic: topic, payload: payload.array)
          if let reading = device.node.taken, reading.payloadVersion == 1 { underWay[number] = reading }
          sent += 1
        }
      }
      if client.wantsWrite { try client.write() }
    } catch {
      fail(&device, error)
    }
  }

  /// Says good-bye to the broker, so that the last will is not published; says it is offline instead.
  public func stop<Board, let capacity: Int>(_ device: inout Device<Board, capacity>) {
    guard let client, client.isConnected else { return }
    device.node.writeOfflineStatus(into: &message)
    _ = try? client.publish(topic: topic + "/status", payload: message.array, retain: true)
    client.disconnect()
  }

  /// The network is gone from under the device: it says nothing any more.
  public func abandon<Board, let capacity: Int>(_ device: inout Device<Board, capacity>) {
    client?.abandon()
    device.node.connectionLost()
    underWay = [:]
    (arrived, published, hasConnected) = ([], [], false)
  }

  private func fail<Board, let capacity: Int>(_ device: inout Device<Board, capacity>, _ error: MQTTError) {
    trouble = error.detail
    abandon(&device)
  }

  private func take<Board, let capacity: Int>(_ device: inout Device<Board, capacity>) {
    if hasConnected {
      hasConnected = false
      connected(&device)
    }
    let messages = arrived
    arrived = []
    for message in messages { take(&device, message) }
    let numbers = published
    published = []
    // The broker has the message: of a version-1 reading nobody tells more.
    for number in numbers {
      guard let reading = underWay.removeValue(forKey: number) else { continue }
      let before = device.node.outbox.count
      device.node.brokerAcknowledged(reading)
      acknowledged += max(0, before - device.node.outbox.count)
    }
  }

  private func connected<Board, let capacity: Int>(_ device: inout Device<Board, capacity>) {
    attempts = 0
    trouble = nil
    for (suffix, qos) in [("/ack", 0), ("/config", 1), ("/cmd", 1)] as [(String, UInt8)] {
      _ = try? client?.subscribe(topic + suffix, qos: qos)
    }
    statusEdition = nil
    sendStatus(&device)
  }

  private func sendStatus<Board, let capacity: Int>(_ device: inout Device<Board, capacity>) {
    guard statusEdition != device.node.statusEdition else { return }
    device.node.writeOnlineStatus(into: &message)
    if (try? client?.publish(topic: topic + "/status", payload: message.array, retain: true)) != nil {
      statusEdition = device.node.statusEdition
    }
  }

  private func take<Board, let capacity: Int>(_ device: inout Device<Board, capacity>, _ message: MQTTMessage) {
    switch message.topic.dropFirst(topic.count) {
    case "/ack": acknowledged += device.node.acknowledgementArrived(message.payload.span)
    case "/cmd": device.node.commandArrived(message.payload.span)
    case "/config":
      if let tag = Self.configurationTag(in: message.payload) { device.node.configurationAnnounced(tag: tag) }
    default: break
    }
  }

  /// The tag in `{"etag":"…"}`.
  private static func configurationTag(in message: [UInt8]) -> InlineBytes<64>? {
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
}

extension InlineBytes {
  /// A copy on the heap, for Linux.
  public var array: [UInt8] { (0..<count).map { self[$0] } }
}
