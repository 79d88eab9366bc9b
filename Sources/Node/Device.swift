import Display
import HAL
import Sensors
import StatusLED
import Telemetry

/// A whole device: the node and the hardware it speaks to, generic over both ends of each wire.
///
/// Only the network is left to the shell:
///
///     let actions = device.step(now: now, link: link)
///     if actions.fetchConfiguration { … }
///     while device.node.takePayload(now: now, into: &payload) { … }
public struct Device<Bus: I2CBus, Input: InputPin, Light: OutputPin, let outboxCapacity: Int>: ~Copyable {
  /// The application.
  public var node: Node<outboxCapacity>
  private var sensor: EnvironmentSensor<Bus>
  private var display: SSD1306<Bus>
  private var canvas = Canvas()
  private let motion: Input
  private let door: Input
  private let light: Light
  private var shown: Screen?
  private var shownAt: UInt32 = 0

  /// A device on these wires; nothing is touched before the first step.
  public init(node: Node<outboxCapacity>, bus: Bus, motion: Input, door: Input, light: Light) {
    self.node = node
    sensor = EnvironmentSensor(bus: bus)
    display = SSD1306(bus: bus)
    self.motion = motion
    self.door = door
    self.light = light
  }

  /// Reads the pins and the sensor, lets the node decide, and does what concerns the board: LED, display, measuring.
  ///
  /// - Parameters:
  ///   - now: a millisecond tick that may wrap.
  ///   - link: what the shell knows of the network.
  /// - Returns: what is left to the shell: `fetchConfiguration`.
  public mutating func step(now: UInt32, link: Link) -> NodeActions {
    let inputs = NodeInputs(
      isMotionHigh: motion.isHigh(), isSwitchHigh: door.isHigh(), measurement: sensor.poll(now: now), link: link)
    let actions = node.step(now: now, inputs)
    if actions.measure { sensor.begin(now: now) }
    light.set(high: actions.led.isOn(at: now))
    show(node.screen, now: now)
    return actions
  }

  private mutating func show(_ screen: Screen, now: UInt32) {
    // Once a second is often enough to find a display again that was unplugged.
    guard screen != shown || now &- shownAt >= 1000 else { return }
    if screen != shown { screen.draw(on: &canvas) }
    shown = screen
    shownAt = now
    _ = display.show(canvas, now: now)
  }
}
