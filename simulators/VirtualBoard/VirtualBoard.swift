import ChipModels
import HAL

/// A Pico W's wiring with nothing real behind it: chips on one I²C bus, a 1-Wire line, the ADC, a motion sensor, a switch,
/// fans and the LED, in a world of its own.
///
///     let board = VirtualBoard(seed: 7)
///     board.advance(toMilliseconds: 500)
///     board.unplug(.bme280)
///
/// The board has no idea of the time of day; its clock starts at 0 and moves by `advance`. A board without a display costs
/// a tenth of one with it: a fleet that nobody looks at has none.
public final class VirtualBoard: Wiring {
  /// The board's time.
  public let clock: VirtualClock
  /// I²C 0.
  public let bus: SimulatedI2CBus
  /// GPIO 22: the 1-Wire line.
  public let wire: SimulatedOneWireBus
  /// The ADC's input 4.
  public let adc: SimulatedADC
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
  /// GPIO 15: a fan whose speed is set.
  public private(set) lazy var fan = FanModel()
  /// The chips that are there.
  public private(set) var parts: Set<Part> = []
  /// The surroundings.
  public private(set) var world: World

  private lazy var humiditySensor = SHT31Model()
  private lazy var thermometer = TMP117Model()
  private lazy var probe = DS18B20Model(serial: 22)
  private lazy var stepFans = (0..<8).map { _ in FanModel() }

  /// A board with some chips, under power for a while, whose world is made from `seed` and began at `startMilliseconds`
  /// of a day.
  public init(
    seed: UInt64, startMilliseconds: UInt64 = 0, visitPeriodMilliseconds: Double = 45_000,
    parts: Set<Part> = [.bme280, .ssd1306]
  ) {
    clock = VirtualClock()
    bus = SimulatedI2CBus(clock: clock)
    wire = SimulatedOneWireBus(clock: clock)
    adc = SimulatedADC()
    adc.isPresent = parts.contains(.onChip)
    motion = SimulatedPin(clock: clock)
    door = SimulatedPin(clock: clock)
    light = SimulatedPin(clock: clock)
    world = World(
      seed: seed, startMilliseconds: startMilliseconds, visitPeriodMilliseconds: visitPeriodMilliseconds)
    for part in Part.allCases where parts.contains(part) {
      if let chip = chip(part) { bus.attach(chip) }
    }
    if parts.contains(.ds18b20) { wire.attach(probe) }
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

  /// Takes a chip away. It is no fault if it is not there.
  public func unplug(_ part: Part) {
    guard parts.remove(part) != nil else { return }
    switch part {
    case .ds18b20: wire.unplug(probe)
    case .onChip: adc.isPresent = false
    case .bme280, .sht31, .tmp117, .ssd1306: if let chip = chip(part) { bus.unplug(chip) }
    }
  }

  /// Puts a chip where it belongs; its power begins now. It is no fault if it is there.
  public func plugIn(_ part: Part) {
    guard parts.insert(part).inserted else { return }
    switch part {
    case .ds18b20: wire.plugIn(probe)
    case .onChip: adc.isPresent = true
    case .bme280, .sht31, .tmp117, .ssd1306: if let chip = chip(part) { bus.plugIn(chip) }
    }
    blow()
  }

  /// A chip loses its supply for a moment.
  public func brownOut(_ part: Part) {
    guard parts.contains(part) else { return }
    if part == .ds18b20 { probe.powerCycle(at: clock.microseconds) }
    chip(part)?.powerCycle(at: clock.microseconds)
  }

  /// The whole board lost its supply and has it back: the chips are as after a power-up, the LED is dark, the fans stand,
  /// nothing holds the bus.
  public func powerCycle() {
    for part in parts { brownOut(part) }
    rest()
    if bus.isHeld { bus.recover() }
  }

  /// The pins are as after a reset, which leaves the chips as they are: low.
  public func rest() {
    light.set(high: false)
    fan.set(dutyPercent: 0)
    for fan in stepFans { fan.set(high: false) }
  }

  /// A switched fan, 0 … 7.
  public func stepFan(_ index: Int) -> FanModel { stepFans[index] }

  /// How many of the switched fans run.
  public var stepFansTurning: Int { stepFans.count(where: \.isTurning) }

  /// The model of a chip on the I²C bus, whether it is plugged in or not; `nil` for one that belongs elsewhere.
  public func chip(_ part: Part) -> (any I2CChip)? {
    switch part {
    case .bme280: sensor
    case .sht31: humiditySensor
    case .tmp117: thermometer
    case .ssd1306: display
    case .ds18b20, .onChip: nil
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
    if parts.contains(.ds18b20) { probe.temperature = air.temperature }
    // The chip warms itself.
    adc.temperature = air.temperature + 4
  }
}
