/// The topics of a device under the base topic (protocol/topics.md).
public enum DeviceTopic: UInt8, Sendable, CaseIterable {
  case payload, acknowledgement, status, configuration, command, commandResult, log

  /// What follows the device's id.
  public var suffix: StaticString {
    switch self {
    case .payload: ""
    case .acknowledgement: "/ack"
    case .status: "/status"
    case .configuration: "/config"
    case .command: "/cmd"
    case .commandResult: "/cmd/result"
    case .log: "/log"
    }
  }

  /// The whole topic, such as `iots6/Attic06/ack`.
  public func topic(base: InlineBytes<64>, device: DeviceID) -> InlineBytes<128> {
    var topic = InlineBytes<128>()
    topic.append(base)
    topic.append(UInt8(ascii: "/"))
    topic.append(device)
    topic.append(suffix)
    return topic
  }
}
