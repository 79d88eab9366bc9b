import ChipModels
import HAL

/// A Pico W's wiring with nothing real behind it: chips on one I²C bus, a motion sensor, a switch and the LED, in a world
/// of its own.
///
///     let board = VirtualBoard(seed: 7)
///     board.advance(toMilliseconds: 500)
///     board.unplug(.bme280)
///
/// The board has no idea of the time of day; its clock starts at 0 and moves by `advance`. A board without a display costs
/// a tenth of one with it: a fleet that nobody looks at has none.
public final class VirtualBoard {
  /// The board's time.
  public let clock: VirtualClock
  /// I²C 0.
  public let bus: SimulatedI2CBus
  /// At 0x76.
  public let sensor = BME280Model()
  /// At 0x3C.
  public private(set) lazy var display = SSD1306Model()
  /// GPIO 16: high while somebody is there.
  public let motion: SimulatedPin
  /// GPIO 14: high while the door is open.
  public let door: SimulatedPin
  /// The status LED; high is lit.
  public let light: SimulatedPin
  /// The chips on the bus.
  public private(set) var parts: Set<Part> = []
  /// The surroundings.
  public private(set) var world: World

  private lazy var humiditySensor = SHT31Model()
  private lazy var thermometer = TMP117Model()

  /// A board with some chips, under power for a while, whose world is made from `seed` and began at `startMilliseconds`
  /// of a day.
  public init(
    seed: UInt64, startMilliseconds: UInt64 = 0, visitPeriodMilliseconds: Double = 45_000,
    parts: Set<Part> = [.bme280, .ssd1306]
  ) {
    clock = VirtualClock()
    bus = SimulatedI2CBus(clock: clock)
    motion = SimulatedPin(clock: clock)
    door = SimulatedPin(clock: clock)
    light = SimulatedPin(clock: clock)
    world = World(
      seed: seed, startMilliseconds: startMilliseconds, visitPeriodMilliseconds: visitPeriodMilliseconds)
    for part in Part.allCases where parts.contains(part) { bus.attach(chip(part)) }
    self.parts = parts
    blow()
  }

  /// The board's time, ms.
  public var milliseconds: UInt64 { clock.nanoseconds / 1_000_000 }

  /// Lets the board's time reach `milliseconds` since its start; transactions may have moved it further already.
  public func advance(toMilliseconds milliseconds: UInt64) {
    if milliseconds > self.milliseconds { clock.advance(milliseconds: milliseconds - self.milliseconds) }
    world.advance(to: self.milliseconds)
    surround()
  }

  /// Does something to the surroundings, at once.
  public func change(_ body: (inout World) -> Void) {
    body(&world)
    surround()
  }

  /// Takes a chip off the bus. It is no fault if it is not on it.
  public func unplug(_ part: Part) {
    guard parts.remove(part) != nil else { return }
    bus.unplug(chip(part))
  }

  /// Puts a chip on the bus, whose power begins now. It is no fault if it is on it.
  public func plugIn(_ part: Part) {
    guard parts.insert(part).inserted else { return }
    bus.plugIn(chip(part))
    blow()
  }

  /// A chip loses its supply for a moment.
  public func brownOut(_ part: Part) {
    if parts.contains(part) { chip(part).powerCycle(at: clock.microseconds) }
  }

  /// The whole board lost its supply and has it back: the chips are as after a power-up, the LED is dark, nothing holds
  /// the bus.
  public func powerCycle() {
    for part in parts { brownOut(part) }
    light.set(high: false)
    if bus.isHeld { bus.recover() }
  }

  /// The model of a chip, whether it is plugged in or not.
  public func chip(_ part: Part) -> any I2CChip {
    switch part {
    case .bme280: sensor
    case .sht31: humiditySensor
    case .tmp117: thermometer
    case .ssd1306: display
    }
  }

  private func surround() {
    motion.set(high: world.isSomebodyThere)
    door.set(high: world.isDoorOpen)
    blow()
  }

  private func blow() {
    let air = world.air(at: milliseconds)
    if parts.contains(.bme280) {
      sensor.setAir(temperature: air.temperature, humidity: air.humidity, pressure: air.pressure)
    }
    if parts.contains(.sht31) {
      (humiditySensor.temperature, humiditySensor.humidity) = (air.temperature, air.humidity)
    }
    if parts.contains(.tmp117) { thermometer.temperature = air.temperature }
  }
}
