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
  private var wasDim = false

  /// A device on these wires; nothing is touched before the first step.
  ///
  /// - Parameters:
  ///   - bus: the sensors are on it.
  ///   - displayBus: the display is on it; `nil` where it shares the sensors' bus.
  public init(
    node: consuming Node<outboxCapacity>, bus: Bus, displayBus: Bus? = nil, motion: Input, door: Input, light: Light
  ) {
    self.node = node
    sensor = EnvironmentSensor(bus: bus)
    display = SSD1306(bus: displayBus ?? bus)
    self.motion = motion
    self.door = door
    self.light = light
  }

  /// Reads the pins and the sensor, lets the node decide, and does what concerns the board: LED, display, measuring.
  ///
  /// - Parameters:
  ///   - now: a millisecond tick that may wrap.
  ///   - link: what the shell knows of the network.
  /// - Returns: what is left to the shell: all but `measure`, `led` and `isDisplayDim`.
  public mutating func step(now: UInt32, link: Link) -> NodeActions {
    let inputs = NodeInputs(
      isMotionHigh: motion.isHigh(), isSwitchHigh: door.isHigh(), measurement: sensor.poll(now: now), link: link)
    let actions = node.step(now: now, inputs)
    if actions.measure { sensor.begin(now: now) }
    light.set(high: actions.led.isOn(at: now))
    show(node.screen(), isDim: actions.isDisplayDim, now: now)
    return actions
  }

  /// Writes the next answer to a command; see `Node.takeCommandAnswer(_:into:)`.
  public mutating func takeCommandAnswer<let capacity: Int>(into answer: inout InlineBytes<capacity>) -> Bool {
    node.takeCommandAnswer(&canvas, into: &answer)
  }

  private mutating func show(_ screen: Screen, isDim: Bool, now: UInt32) {
    // Once a second is often enough to find a display again that was unplugged.
    guard screen != shown || isDim != wasDim || now &- shownAt >= 1000 else { return }
    if screen != shown { screen.draw(as: node.identity.device, firmware: node.identity.firmware, on: &canvas) }
    shown = screen
    wasDim = isDim
    shownAt = now
    _ = display.show(&canvas, isDim: isDim, now: now)
  }
}
