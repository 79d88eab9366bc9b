import ChipModels
import HAL

/// A Pico W's wiring with nothing real behind it: a BME280 and an SSD1306 on one I²C bus, a motion sensor, a switch and
/// the LED, in a world of its own.
///
/// The board has no idea of the time of day; its clock starts at 0 and moves by `advance`.
public final class VirtualBoard {
  /// The board's time.
  public let clock: VirtualClock
  /// I²C 0.
  public let bus: SimulatedI2CBus
  /// At 0x76.
  public let sensor: BME280Model
  /// At 0x3C.
  public let display: SSD1306Model
  /// GPIO 16: high while somebody is there.
  public let motion: SimulatedPin
  /// GPIO 14: high while the door is open.
  public let door: SimulatedPin
  /// The status LED; high is lit.
  public let light: SimulatedPin
  /// The surroundings.
  public private(set) var world: World
  private let startMilliseconds: UInt64

  /// A board whose world, made from `seed`, began `startMilliseconds` ago (so that boards see different hours).
  public init(seed: UInt64, startMilliseconds: UInt64 = 0, visitPeriodMilliseconds: Double = 45_000) {
    clock = VirtualClock()
    bus = SimulatedI2CBus(clock: clock)
    sensor = BME280Model()
    display = SSD1306Model()
    bus.attach(sensor)
    bus.attach(display)
    motion = SimulatedPin(clock: clock)
    door = SimulatedPin(clock: clock)
    light = SimulatedPin(clock: clock)
    world = World(seed: seed, visitPeriodMilliseconds: visitPeriodMilliseconds)
    self.startMilliseconds = startMilliseconds
    blow()
  }

  /// Lets the board's time reach `milliseconds` since its start; transactions may have moved it further already.
  public func advance(toMilliseconds milliseconds: UInt64) {
    let now = clock.nanoseconds / 1_000_000
    if milliseconds > now { clock.advance(milliseconds: milliseconds - now) }
    world.advance(to: clock.nanoseconds / 1_000_000)
    motion.set(high: world.isSomebodyThere)
    door.set(high: world.isDoorOpen)
    blow()
  }

  private func blow() {
    let air = world.air(at: startMilliseconds + clock.nanoseconds / 1_000_000)
    sensor.setAir(temperature: air.temperature, humidity: air.humidity, pressure: air.pressure)
  }
}
