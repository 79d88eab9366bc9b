import LinuxHAL
import MQTTClient

/// What a device inside the gateway's process is made of.
public struct LocalNodeOptions: Sendable {
  /// What the device is wired to.
  public enum Wiring: Sendable {
    /// Chips and a world of the simulators, made from a seed.
    case virtual(seed: UInt64)
    /// This machine's own pins.
    case linux(LinuxBoard)
  }

  /// The device's id: 1 … 32 letters, digits, `-` or `_`.
  public var device: String
  /// The firmware's version in the status.
  public var firmware: String
  /// What it is wired to.
  public var wiring: Wiring
  /// The broker it speaks to; the same as the gateway's, because it is a device like any other.
  public var broker: MQTTOptions
  /// What all topics begin with.
  public var baseTopic: String
  /// The config server, such as `http://127.0.0.1:5000`; `nil`: the built-in configuration.
  public var configServer: String?
  /// The folder that stands for the device's flash.
  public var stateFolder: String

  /// All of it.
  public init(
    device: String, firmware: String, wiring: Wiring, broker: MQTTOptions, baseTopic: String, configServer: String?,
    stateFolder: String
  ) {
    self.device = device
    self.firmware = firmware
    self.wiring = wiring
    self.broker = broker
    self.baseTopic = baseTopic
    self.configServer = configServer
    self.stateFolder = stateFolder
  }
}
