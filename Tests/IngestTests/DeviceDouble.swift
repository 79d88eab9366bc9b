import Glibc
import MQTTClient
import Telemetry
import Testing

/// A device's connection: publishes readings at QoS 1 and listens to its acks, on the test's own thread.
final class DeviceDouble {
  let client: MQTTClient
  /// The seqs the gateway has named.
  private(set) var acknowledged: Set<UInt32> = []
  /// PUBACKs of the broker.
  private(set) var taken = 0

  init(port: UInt16, device: String) throws {
    var options = MQTTOptions(port: port, clientID: "device-\(device)")
    options.sendMaximum = 1000
    client = try MQTTClient(options)
    var isReady = false
    client.onConnected = { [unowned client] _ in _ = try? client.subscribe("iots6/\(device)/ack", qos: 0) }
    client.onSubscribed = { _, granted in isReady = granted != nil }
    client.onPublished = { [unowned self] _ in taken += 1 }
    client.onMessage = { [unowned self] message in
      _ = try? Acknowledgement.decode(message.payload.span) { _, first, last in
        for seq in first...last { acknowledged.insert(seq) }
      }
    }
    try client.connect()
    try turn(until: { isReady })
  }

  struct TimeOut: Error {}

  /// Runs the connection until `isDone`, at most twenty seconds.
  func turn(until isDone: () -> Bool) throws {
    for _ in 0..<20_000 {
      if isDone() { return }
      if client.wantsWrite { try client.write() }
      guard let descriptor = client.fileDescriptor else { throw TimeOut() }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, 1) == 1 {
        while try client.read() > 0 {}
      }
      try client.maintain()
    }
    throw TimeOut()
  }
}
