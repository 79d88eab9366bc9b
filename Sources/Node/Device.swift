import Display
import HAL
import Sensors
import StatusLED
import Telemetry

/// A whole device: the node and the hardware it speaks to.
///
/// Only the network is left to the shell:
///
///     let actions = device.step(now: now, link: link)
///     if actions.fetchConfiguration { … }
///     while device.node.takePayload(now: now, into: &payload) { … }
public struct Device<Board: Wiring, let outboxCapacity: Int>: ~Copyable {
  /// The application.
  public var node: Node<outboxCapacity>
  private let board: Board
  private var sensor: BoardSensor<Board.Bus, Board.Wire, Board.ADC>
  private var display: SSD1306<Board.DisplayBus>
  private var canvas = Canvas()
  private var shown = Screen(.boot)
  private var wasShown = false
  private var shownAt: UInt32 = 0
  private var wasDim = false
  private var fanDutyPercent: UInt8?
  private var fansActive: UInt8?
  private let place = Place()

  /// A device on a board; nothing is touched before the first step.
  public init(node: consuming Node<outboxCapacity>, board: Board) {
    self.node = node
    self.board = board
    sensor = BoardSensor(bus: board.bus, wire: board.wire, adc: board.adc)
    display = SSD1306(bus: board.displayBus)
  }

  /// A device on a board that has just started: the node is made in its place, without a copy of it on the stack.
  ///
  /// The parameters are those of `Node.init(identity:configuration:cause:previous:)`.
  public init(
    identity: NodeIdentity, configuration: NodeConfiguration = NodeConfiguration(), cause: ResetCause = .unknown,
    previous: FlightRecord? = nil, board: Board
  ) {
    node = Node(identity: identity, configuration: configuration, cause: cause, previous: previous)
    self.board = board
    sensor = BoardSensor(bus: board.bus, wire: board.wire, adc: board.adc)
    display = SSD1306(bus: board.displayBus)
  }

  /// A device on a board with one bus, two inputs and a light.
  public init<Bus, Input, Light>(
    node: consuming Node<outboxCapacity>, bus: Bus, motion: Input, door: Input, light: Light
  ) where Board == PlainWiring<Bus, Input, Light> {
    self.init(node: node, board: PlainWiring(bus: bus, motion: motion, door: door, light: light))
  }

  /// Reads the pins and the sensor, lets the node decide, and does what concerns the board: LED, display, fans, measuring.
  ///
  /// - Parameters:
  ///   - now: a millisecond tick that may wrap.
  ///   - link: what the shell knows of the network.
  /// - Returns: what is left to the shell: all but `measure`, `led`, `isDisplayDim` and the fans.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func step(now: UInt32, link: Link) -> NodeActions {
    let inputs = NodeInputs(
      isMotionHigh: board.motion.isHigh(), isSwitchHigh: board.door.isHigh(), measurement: sensor.poll(now: now),
      link: link)
    let actions = node.step(now: now, inputs)
    if actions.measure {
      if Board.ADC.isWired { sensor.offsetCentiCelsius = node.configuration[.onChipOffset] }
      sensor.begin(now: now)
    }
    board.light.set(high: actions.led.isOn(at: now))
    drive(actions.fanDutyPercent, actions.fansActive)
    show(node.screen(), isDim: actions.isDisplayDim, now: now)
    return actions
  }

  /// Writes the next answer to a command; see `Node.takeCommandAnswer(_:into:)`.
  public mutating func takeCommandAnswer<let capacity: Int>(into answer: inout InlineBytes<capacity>) -> Bool {
    node.takeCommandAnswer(&canvas, into: &answer)
  }

  private mutating func drive(_ duty: UInt8?, _ active: UInt8?) {
    if duty != fanDutyPercent {
      board.fan.set(dutyPercent: duty ?? 0)
      fanDutyPercent = duty
    }
    if active != fansActive {
      // All eight, because the configuration may have had more fans before.
      for index in 0..<8 { board.stepFan(index).set(high: index < Int(active ?? 0)) }
      fansActive = active
    }
  }

  private mutating func show(_ screen: Screen, isDim: Bool, now: UInt32) {
    // Once a second is often enough to find a display again that was unplugged.
    let isNew = !wasShown || screen != shown
    guard isNew || isDim != wasDim || now &- shownAt >= 1000 else { return }
    if isNew {
      screen.draw(as: node.identity.device, firmware: node.identity.firmware, on: &canvas)
      shown = screen
      wasShown = true
    }
    wasDim = isDim
    shownAt = now
    _ = display.show(&canvas, isDim: isDim, now: now)
  }
}

/// Nothing, but with a place in memory. What holds it is made where it will stay; without it a whole device, five kilobytes,
/// would be made on the stack and moved (seen with Swift 6.3.1 at -Osize on armv6m).
@_rawLayout(like: UInt8)
private struct Place: ~Copyable {
  init() {}
}
