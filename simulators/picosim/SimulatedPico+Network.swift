import ChipModels
import MQTTClient
import Node
import NodeShell
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
  static func uplink(of name: String, _ endpoints: Endpoints) -> BrokerUplink {
    var options = MQTTOptions(host: endpoints.broker, port: endpoints.port, clientID: "picosim-\(name)")
    options.username = endpoints.user
    options.password = try? endpoints.password()
    options.keepAliveSeconds = 15
    return BrokerUplink(options, device: name, baseTopic: endpoints.baseTopic)
  }

  /// The socket to wait for.
  var fileDescriptor: Int32? { uplink?.fileDescriptor }

  /// Whether Wi-Fi is joined.
  var isJoined: Bool { hasWiFi && network != .none }

  var isConnected: Bool { isJoined && (uplink?.isConnected ?? (network == .pretend)) }

  /// Takes in what the broker sent, and answers.
  func networkReady() { uplink?.read(&device, now: board.clock.milliseconds) }

  /// Says good-bye to the broker.
  func stop() {
    if isConnected { uplink?.stop(&device) }
  }

  /// The network is gone from under the board: it says nothing any more.
  func leave() {
    guard isConnected || uplink?.fileDescriptor != nil else { return }
    if let uplink { uplink.abandon(&device) } else { device.node.connectionLost() }
  }

  /// Sends what is due.
  func publish() {
    if network == .pretend { return acknowledgeAtOnce() }
    uplink?.publish(&device, now: board.clock.milliseconds)
  }

  /// What flash still has of acknowledged readings comes back, and will be acknowledged once more.
  func forgetAcknowledged(_ count: Int) {
    if let uplink { uplink.acknowledged -= count } else { pretendedAcknowledged -= count }
  }

  /// Where the network is a pretence, so are broker and gateway; the gateway's clock began with the board.
  private func acknowledgeAtOnce() {
    guard isConnected else { return }
    while device.node.takeLog(into: &message) {}
    while device.takeCommandAnswer(into: &message) {}
    while device.node.takePayload(now: board.clock.milliseconds, into: &payload) {
      pretendedSent += 1
      let before = device.node.outbox.count
      if let reading = device.node.taken, reading.payloadVersion == 1 {
        device.node.brokerAcknowledged(reading)
      } else {
        device.node.acknowledgementArrived(pretendedAcknowledgement(of: payload.array).span)
      }
      pretendedAcknowledged += before - device.node.outbox.count
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
