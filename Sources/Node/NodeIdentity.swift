import Telemetry

/// What tells one device from another.
public struct NodeIdentity: Equatable, Sendable {
  /// The device's id.
  public var device: DeviceID
  /// The firmware's version.
  public var firmware: InlineBytes<24>
  /// The count of starts.
  public var boot: UInt32

  /// An identity by hand.
  public init(device: DeviceID, firmware: InlineBytes<24>, boot: UInt32) {
    self.device = device
    self.firmware = firmware
    self.boot = boot
  }
}

/// A reading's name, and as which version of the payload it was sent: a configuration may change that before the broker
/// has answered.
public struct ReadingIdentity: Equatable, Sendable {
  /// The count of starts.
  public var boot: UInt32
  /// The count within the boot.
  public var seq: UInt32
  /// 1 or 2.
  public var payloadVersion: UInt8

  /// A name by hand.
  public init(boot: UInt32, seq: UInt32, payloadVersion: UInt8) {
    self.boot = boot
    self.seq = seq
    self.payloadVersion = payloadVersion
  }
}
