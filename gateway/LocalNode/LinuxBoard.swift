import HAL
import LinuxHAL

/// Sensors, display and pins on this machine's own header: a Raspberry Pi's, for one.
public struct LinuxBoard: Wiring, Sendable {
  /// An input that may not be wired; then it is low.
  public struct Input: InputPin, Sendable {
    let pin: LinuxInputPin?
    /// The level.
    public func isHigh() -> Bool { pin?.isHigh() ?? false }
  }

  /// An output that may not be wired.
  public struct Light: OutputPin, Sendable {
    let pin: LinuxOutputPin?
    /// Drives the level, where there is a pin.
    public func set(high: Bool) { pin?.set(high: high) }
  }

  /// The sensors are on it.
  public let bus: LinuxI2CBus
  /// The display is on it.
  public let displayBus: LinuxI2CBus
  /// High while somebody is there.
  public let motion: Input
  /// The switch; high is open.
  public let door: Input
  /// The status LED.
  public let light: Light

  /// Takes the buses and the lines.
  ///
  /// - Parameters:
  ///   - bus: the number in `/dev/i2c-N`.
  ///   - displayBus: the display's, where it is another one.
  ///   - motion: the line's name, as `gpioinfo` shows it: `GPIO17`; `nil` where there is none.
  ///   - door: the switch's line, between it and ground.
  ///   - light: the status LED's line.
  /// - Throws: `LinuxHALError` of the first that cannot be had: which, why, and what to do.
  public init(
    bus: Int, displayBus: Int?, motion: String?, door: String?, light: String?
  ) throws(LinuxHALError) {
    self.bus = try LinuxI2CBus(bus)
    self.displayBus = if let displayBus { try LinuxI2CBus(displayBus) } else { self.bus }
    self.motion = Input(pin: try Self.input(motion, .asIs))
    self.door = Input(pin: try Self.input(door, .pullUp))
    var lamp: LinuxOutputPin?
    if let light { lamp = try LinuxGPIO(lineNamed: light).output(.named(light)) }
    self.light = Light(pin: lamp)
  }

  private static func input(_ name: String?, _ bias: LinuxGPIO.Bias) throws(LinuxHALError) -> LinuxInputPin? {
    guard let name else { return nil }
    return try LinuxGPIO(lineNamed: name).input(.named(name), bias: bias)
  }
}
