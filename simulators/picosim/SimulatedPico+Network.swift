import ChipModels
import MQTTClient
import Node
import Telemetry
import VirtualBoard

/// What is behind a board's Wi-Fi.
enum NetworkKind: String, CaseIterable {
  /// A real broker, and the gateway behind it.
  case broker
  /// Nothing real: everything that is sent is acknowledged at once.
  case pretend
  /// No Wi-Fi at all.
  case none
}

/// The shell's side towards the broker.
extension SimulatedPico {
  static func makeClient(
    _ name: String, _ device: borrowing BoardDevice, _ endpoints: Endpoints
  ) throws(MQTTError) -> MQTTClient {
    var options = MQTTOptions(host: endpoints.broker, port: endpoints.port, clientID: "picosim-\(name)")
    options.username = endpoints.user
    options.password = try? endpoints.password()
    options.keepAliveSeconds = 15
    var will = InlineBytes<512>()
    device.node.writeOfflineStatus(into: &will)
    options.will = MQTTWill(topic: "\(endpoints.baseTopic)/\(name)/status", payload: will.array)
    return try MQTTClient(options)
  }

  /// Hears the broker. Separate from `init`, because the callbacks need the whole object.
  func start() {
    client?.onConnected = { [unowned self] _ in connected() }
    client?.onMessage = { [unowned self] in received($0) }
    client?.onPublished = { [unowned self] in published($0) }
  }

  /// The socket to wait for.
  var fileDescriptor: Int32? { client?.fileDescriptor }

  /// Whether Wi-Fi is joined.
  var isJoined: Bool { hasWiFi && network != .none }

  var isConnected: Bool { isJoined && (client?.isConnected ?? (network == .pretend)) }

  /// Takes in what the broker sent, and answers.
  func networkReady() {
    guard let client else { return }
    do throws(MQTTError) {
      while try client.read() > 0 {}
      publish()
    } catch {
      fail(error)
    }
  }

  /// Says good-bye to the broker, so that the last will is not published; says it is offline instead.
  func stop() {
    guard let client, isConnected else { return }
    device.node.writeOfflineStatus(into: &message)
    _ = try? client.publish(topic: topic("/status"), payload: message.array, retain: true)
    client.disconnect()
  }

  /// The network is gone from under the board: it says nothing any more.
  func leave() {
    guard isConnected || client?.fileDescriptor != nil else { return }
    lose()
  }

  func keepConnected(_ now: UInt64, real: UInt64) {
    guard let client, hasWiFi else { return }
    do throws(MQTTError) {
      if client.fileDescriptor == nil {
        guard real >= nextAttempt else { return }
        attempts += 1
        // Doubling up to eight seconds, and a different while for each board: a fleet does not come back as one.
        let backOff = min(8000, 250 << min(attempts, 5))
        nextAttempt = real + UInt64(backOff) + UInt64(name.utf8.reduce(0) { $0 &* 31 &+ Int($1) }.magnitude % 1000)
        connection += 1
        try client.connect(blocking: false)
      } else if real >= lastMaintained + 1000 {
        lastMaintained = real
        try client.maintain()
      }
    } catch {
      fail(error)
    }
  }

  /// Sends what is due, and lets it out: outside a callback libmosquitto writes only what it is told to.
  func publish() {
    if network == .pretend { return acknowledgeAtOnce() }
    guard let client, client.fileDescriptor != nil else { return }
    do throws(MQTTError) {
      if isConnected {
        sendStatus()
        while device.node.takeLog(into: &message) {
          try client.publish(topic: topic("/log"), payload: message.array)
        }
        while device.takeCommandAnswer(into: &message) {
          try client.publish(topic: topic("/cmd/result"), payload: message.array)
        }
        while device.node.takePayload(now: board.clock.milliseconds, into: &payload) {
          let number = try client.publish(topic: topic(""), payload: payload.array)
          if let reading = device.node.taken, reading.payloadVersion == 1 { underWay[number] = reading }
          sent += 1
        }
      }
      if client.wantsWrite { try client.write() }
    } catch {
      fail(error)
    }
  }

  private func topic(_ suffix: String) -> String { "\(endpoints.baseTopic)/\(name)\(suffix)" }

  private func fail(_ error: MQTTError) {
    trouble = error.detail
    lose()
  }

  private func lose() {
    client?.abandon()
    device.node.connectionLost()
    underWay = [:]
  }

  private func connected() {
    attempts = 0
    trouble = nil
    for (suffix, qos) in [("/ack", 0), ("/config", 1), ("/cmd", 1)] as [(String, UInt8)] {
      _ = try? client?.subscribe(topic(suffix), qos: qos)
    }
    statusEdition = nil
    sendStatus()
  }

  private func sendStatus() {
    guard statusEdition != device.node.statusEdition else { return }
    device.node.writeOnlineStatus(into: &message)
    if (try? client?.publish(topic: topic("/status"), payload: message.array, retain: true)) != nil {
      statusEdition = device.node.statusEdition
    }
  }

  private func received(_ message: MQTTMessage) {
    switch message.topic {
    case topic("/ack"):
      settle(device.node.acknowledgementArrived(message.payload.span))
    case topic("/cmd"): device.node.commandArrived(message.payload.span)
    case topic("/config"):
      if let tag = configurationTag(in: message.payload) { device.node.configurationAnnounced(tag: tag) }
    default: break
    }
  }

  /// The broker has a message: of a version-1 reading nobody tells more.
  private func published(_ number: Int32) {
    guard let reading = underWay.removeValue(forKey: number) else { return }
    let before = device.node.outbox.count
    device.node.brokerAcknowledged(reading)
    settle(before - device.node.outbox.count)
  }

  private func settle(_ count: Int) {
    guard count > 0 else { return }
    acknowledged += count
    settledAt = board.milliseconds
  }

  /// Where the network is a pretence, so are broker and gateway; the gateway's clock began with the board.
  private func acknowledgeAtOnce() {
    guard isConnected else { return }
    while device.node.takeLog(into: &message) {}
    while device.takeCommandAnswer(into: &message) {}
    while device.node.takePayload(now: board.clock.milliseconds, into: &payload) {
      sent += 1
      if let reading = device.node.taken, reading.payloadVersion == 1 {
        underWay[0] = reading
        published(0)
      } else {
        settle(device.node.acknowledgementArrived(pretendedAcknowledgement(of: payload.array).span))
      }
    }
  }
}

/// What a gateway would say that holds the reading of a payload, and has no clock.
func pretendedAcknowledgement(of payload: [UInt8]) -> [UInt8] {
  let boot = number("boot", in: payload) ?? 0
  let seq = number("seq", in: payload) ?? 0
  return Array(#"{"boot":\#(boot),"seqs":[[\#(seq),\#(seq)]]}"#.utf8)
}

/// The number under a key of a flat object.
private func number(_ name: StaticString, in message: [UInt8]) -> Int64? {
  var cursor = JSONCursor()
  guard (try? cursor.next(in: message.span)) == .objectStart else { return nil }
  while case .key(let key)? = try? cursor.next(in: message.span) {
    guard let value = try? cursor.skipValue(in: message.span) else { return nil }
    if key.matches(name, in: message.span) { return value.integer(in: message.span) }
  }
  return nil
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
