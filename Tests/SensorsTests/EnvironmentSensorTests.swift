import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

/// A sensor on a simulated bus, and how the device uses it.
final class Bench {
  let clock: VirtualClock
  let bus: SimulatedI2CBus
  var sensor: EnvironmentSensor<SimulatedI2CBus>

  init(startingAt milliseconds: UInt64 = 0) {
    clock = VirtualClock(microseconds: milliseconds * 1000)
    bus = SimulatedI2CBus(clock: clock)
    bus.isTracing = true
    sensor = EnvironmentSensor(bus: bus)
  }

  /// One reading: begin, then a look each 5 ms, for 300 ms at most.
  func read() -> Measurement? {
    sensor.begin(now: clock.milliseconds)
    for _ in 0..<60 {
      if let measurement = sensor.poll(now: clock.milliseconds) { return measurement }
      clock.advance(milliseconds: 5)
    }
    return nil
  }
}

@Suite struct EnvironmentSensorTests {
  let bench = Bench()
  let chip = BME280Model()

  @Test func valuesAreTheAirs() throws {
    bench.bus.attach(chip)
    chip.setAir(temperature: -12.34, humidity: 61.5, pressure: 98_765)
    let measurement = try #require(bench.read())
    #expect(measurement.quality == .ok)
    #expect(measurement.sensor == .bme280)
    #expect(abs(try #require(measurement.temperatureCentiCelsius) + 1234) <= 1)
    #expect(abs(try #require(measurement.humidityCentiPercent) - 6150) <= 5)
    #expect(abs(try #require(measurement.pressurePascals) - 98_765) <= 3)
    #expect(chip.complaints == [])
  }

  @Test func nothingOnTheBusIsAbsent() {
    #expect(bench.read() == .missing(.absent))
    let looks = ["76 D0", "77 D0", "44 F3 2D", "45 F3 2D", "48 0F", "49 0F", "4A 0F", "4B 0F"]
    #expect(bench.bus.trace == looks.map { "R \($0) ! address NACK" })
  }

  @Test func secondAddressIsTriedAfterTheFirst() {
    bench.bus.attach(BME280Model(.bmp280, address: 0x77))
    #expect(bench.read()?.sensor == .bmp280)
    #expect(bench.bus.trace.prefix(2) == ["R 76 D0 ! address NACK", "R 77 D0 -> 58"])
  }

  @Test func chipPluggedInLaterIsFound() {
    #expect(bench.read()?.quality == .absent)
    bench.bus.plugIn(chip)
    bench.clock.advance(milliseconds: 3)
    #expect(bench.read()?.quality == .ok)
  }

  @Test func measurementThatHangsIsStuckAfter100Milliseconds() {
    bench.bus.attach(chip)
    chip.hangs = true
    let begun = bench.clock.milliseconds
    #expect(bench.read() == .missing(.stuck, .bme280))
    #expect((100...110).contains(bench.clock.milliseconds - begun))
  }

  @Test func lateLookStillTakesAFinishedMeasurement() {
    bench.bus.attach(chip)
    bench.sensor.begin(now: bench.clock.milliseconds)
    bench.clock.advance(milliseconds: 5000)
    #expect(bench.sensor.poll(now: bench.clock.milliseconds)?.quality == .ok)
  }

  @Test func aMeasurementIsHandedOutOnce() {
    bench.bus.attach(chip)
    #expect(bench.sensor.poll(now: 0) == nil)
    #expect(bench.read() != nil)
    #expect(bench.sensor.poll(now: bench.clock.milliseconds) == nil)
  }

  @Test func silentChipIsNackNotAbsentAndFoundAgain() {
    bench.bus.attach(chip)
    #expect(bench.read()?.quality == .ok)
    bench.bus.unplug(chip)
    for _ in 0..<5 { #expect(bench.read() == .missing(.nack, .bme280)) }
    bench.bus.plugIn(chip)
    bench.clock.advance(milliseconds: 3)
    #expect(bench.read()?.quality == .ok)
  }

  @Test func afterThreeFailuresTheChipIsDetectedAfresh() {
    bench.bus.attach(chip)
    _ = bench.read()
    bench.bus.unplug(chip)
    for _ in 0..<3 { _ = bench.read() }
    // Another chip, another calibration, another address: only detection finds it.
    bench.bus.plugIn(BME280Model(.bmp280, address: 0x77))
    bench.clock.advance(milliseconds: 3)
    #expect(bench.read()?.sensor == .bmp280)
  }

  @Test func twoFailuresDoNotDetect() {
    bench.bus.attach(chip)
    _ = bench.read()
    bench.bus.failNext(.nackAddress, times: 2)
    #expect(bench.read()?.quality == .nack)
    #expect(bench.read()?.quality == .nack)
    bench.bus.clearTrace()
    #expect(bench.read()?.quality == .ok)
    #expect(!bench.bus.trace.contains { $0.hasPrefix("R 76 D0") })
  }

  @Test(arguments: [
    (BusFault.nackAddress, Quality.nack), (.nackData(byte: 1), .nack), (.timeout, .stuck), (.stuck, .stuck),
  ])
  func busErrorsBecomeQualities(fault: BusFault, quality: Quality) {
    bench.bus.attach(chip)
    _ = bench.read()
    bench.bus.failNext(fault)
    #expect(bench.read() == .missing(quality, .bme280))
    #expect(bench.read()?.quality == .ok)
  }

  @Test func hangingBusIsStuckEvenBeforeAnyChipWasSeen() {
    bench.bus.attach(chip)
    bench.bus.failNext(.stuck, times: 2)
    #expect(bench.read() == .missing(.stuck))
  }

  @Test func strangersAtTheAddressAreAbsent() {
    // A chip that answers 0x00 as its id.
    let stranger = SSD1306Model(address: 0x76)
    bench.bus.attach(stranger)
    #expect(bench.read() == .missing(.absent))
  }

  @Test func brownOutDuringAMeasurementIsPowerOnAndNotTheOldValue() {
    bench.bus.attach(chip)
    _ = bench.read()
    bench.sensor.begin(now: bench.clock.milliseconds)
    chip.powerCycle(at: bench.clock.microseconds)
    bench.clock.advance(milliseconds: 20)
    #expect(bench.sensor.poll(now: bench.clock.milliseconds) == .missing(.powerOn, .bme280))
  }

  @Test func ticksMayWrapInsideAMeasurement() {
    // 2³² ms less 4: the measurement begins before the wrap and ends after it.
    var bench = Bench(startingAt: 4_294_967_292)
    bench.bus.attach(chip)
    #expect(bench.read()?.quality == .ok)
    #expect(bench.clock.milliseconds < 100)
    bench = Bench(startingAt: 4_294_967_292)
    bench.bus.attach(chip)
    chip.hangs = true
    #expect(bench.read()?.quality == .stuck)
    #expect(bench.clock.milliseconds < 120)
  }

  /// Bit flips in the data are left out: the chip has no checksum, so nobody can tell them.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func anyRunOfFaultsEndsInATrueValueOrAnHonestNull(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var isPlugged = true
    bench.bus.attach(chip)
    for round in 0..<400 {
      bench.clock.advance(milliseconds: 100)
      let air = (Double.random(in: -39...84, using: &random), Double.random(in: 1...99, using: &random))
      chip.setAir(temperature: air.0, humidity: air.1, pressure: Double.random(in: 31_000...109_000, using: &random))
      bench.bus.faultPlan = { request in
        switch Int.random(in: 0..<40, using: &random) {
        case 0: .nackAddress
        case 1: .nackData(byte: Int.random(in: 0..<2, using: &random))
        case 2: .timeout
        case 3: .stuck
        case 4 where request.write == [0x88]: .flipRead(byte: Int.random(in: 0..<26, using: &random), bit: 3)
        default: nil
        }
      }
      if Int.random(in: 0..<25, using: &random) == 0 {
        if isPlugged { bench.bus.unplug(chip) } else { bench.bus.plugIn(chip) }
        isPlugged.toggle()
      }
      if Int.random(in: 0..<25, using: &random) == 0 { chip.powerCycle(at: bench.clock.microseconds) }
      chip.hangs = Int.random(in: 0..<25, using: &random) == 0
      guard let measurement = bench.read() else {
        Issue.record("no measurement within 300 ms; seed \(seed), round \(round)")
        return
      }
      if !isTrue(measurement) { Issue.record("\(measurement) of \(air); seed \(seed), round \(round)") }
    }
    bench.bus.heal()
    chip.hangs = false
    if !isPlugged { bench.bus.plugIn(chip) }
    for _ in 0..<4 {
      bench.clock.advance(milliseconds: 100)
      _ = bench.read()
    }
    #expect(bench.read()?.quality == .ok, "does not recover; seed \(seed)")
    #expect(chip.complaints == [])
  }

  private func isTrue(_ measurement: Measurement) -> Bool {
    let isWhole =
      measurement.temperatureCentiCelsius != nil && measurement.humidityCentiPercent != nil
      && measurement.pressurePascals != nil
    if (measurement.quality == .ok) != isWhole { return false }
    if let value = measurement.temperatureCentiCelsius, abs(Double(value) / 100 - chip.temperature) > 0.02 {
      return false
    }
    if let value = measurement.humidityCentiPercent, abs(Double(value) / 100 - chip.humidity) > 0.1 { return false }
    if let value = measurement.pressurePascals, abs(Double(value) - chip.pressure) > 6 { return false }
    return true
  }
}
