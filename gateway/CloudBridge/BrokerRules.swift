/// What a far broker takes, checked before a message is sent: what cannot pass must not stop what can.
public enum BrokerRules: String, Sendable, Equatable, CaseIterable {
  /// MQTT itself: a topic of at most 65,535 bytes (MQTT 5.0, 1.5.4).
  case mqtt
  /// AWS IoT Core ("AWS IoT Core endpoints and quotas", message broker): topics of at most 256 bytes and 7 slashes, payloads
  /// of at most 128 KB, no topic of a client's beginning with `$`. QoS is 1 and nothing is retained, whatever the broker.
  case awsIoTCore = "aws-iot-core"

  /// Why a message cannot pass, or `nil`.
  public func fault(topic: String, payloadBytes: Int) -> String? {
    let bytes = topic.utf8.count
    switch self {
    case .mqtt:
      return bytes > 65_535 ? "the topic has \(bytes) bytes; MQTT takes 65535" : nil
    case .awsIoTCore:
      if bytes > 256 { return "the topic has \(bytes) bytes; AWS IoT Core takes 256" }
      let slashes = topic.utf8.count { $0 == UInt8(ascii: "/") }
      if slashes > 7 { return "the topic has \(slashes) slashes; AWS IoT Core takes 7" }
      if topic.hasPrefix("$") { return "the topic begins with $; AWS IoT Core keeps those for itself" }
      if payloadBytes > 128 << 10 { return "the payload has \(payloadBytes) bytes; AWS IoT Core takes \(128 << 10)" }
      return nil
    }
  }
}
