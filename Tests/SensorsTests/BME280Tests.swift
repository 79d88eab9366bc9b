import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

@Suite struct BME280Tests {
  let bus = SimulatedI2CBus()
  let chip = BME280Model()

  init() {
    bus.isTracing = true
    bus.attach(chip)
  }

  @Test func measurementIsTheseTransactionsAndNoOthers() throws {
    chip.rawOverride = BME280Model.Raw(pressure: 415_148, temperature: 519_888, humidity: 0x6B4C)
    var driver = BME280(bus: bus, address: 0x76)
    try driver.probe()
    #expect(
      bus.trace == [
        "R 76 D0 -> 60",
        "R 76 F3 -> 00",
        "R 76 88 -> 70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17 00 4B",
        "R 76 E1 -> 6A 01 00 13 29 03 1E",
        "R 76 88 -> 70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17 00 4B",
        "R 76 E1 -> 6A 01 00 13 29 03 1E",
      ])
    bus.clearTrace()
    try driver.start()
    #expect(try driver.poll() == nil)
    bus.clock.advance(microseconds: 9300)
    let measurement = try driver.poll()
    #expect(measurement?.temperatureCentiCelsius == 2508)
    #expect(measurement?.pressurePascals == 100_653)
    #expect(measurement?.quality == .ok)
    #expect(
      bus.trace == [
        "W 76 F2 01",
        "W 76 F4 25",
        "R 76 F3 -> 08",
        "R 76 F3 -> 00",
        "R 76 F7 -> 65 5A C0 7E ED 00 6B 4C",
      ])
    #expect(chip.complaints == [])
  }

  @Test func bmp280IsFoundByItsIDAndNeverAskedForHumidity() throws {
    let other = BME280Model(.bmp280, address: 0x77)
    bus.attach(other)
    var driver = BME280(bus: bus, address: 0x77)
    try driver.probe()
    #expect(driver.kind == .bmp280)
    bus.clearTrace()
    try driver.start()
    bus.clock.advance(milliseconds: 10)
    let measurement = try driver.poll()
    #expect(measurement?.quality == .ok)
    #expect(measurement?.humidityCentiPercent == nil)
    #expect(bus.trace.first == "W 77 F4 25")
    #expect(other.complaints == [])
  }

  @Test func errorNamesTheRegister() {
    var driver = BME280(bus: bus, address: 0x76)
    bus.failNext(.nackAddress, after: 2)
    #expect(throws: SensorError.bus(.addressNotAcknowledged, register: 0x88)) { try driver.probe() }
    #expect(driver.kind == .none)
  }

  @Test func calibrationThatReadsDifferentlyTwiceIsRefused() {
    var driver = BME280(bus: bus, address: 0x76)
    bus.failNext(.flipRead(byte: 3, bit: 5), after: 2)
    #expect(throws: SensorError.unstable(register: 0x88)) { try driver.probe() }
    #expect(driver.calibration == BME280Calibration())
  }

  @Test func chipThatStillStartsIsNotProbed() {
    chip.powerCycle(at: bus.clock.microseconds)
    bus.clock.advance(microseconds: 1000)
    var driver = BME280(bus: bus, address: 0x76)
    #expect(throws: SensorError.bus(.addressNotAcknowledged, register: 0xD0)) { try driver.probe() }
    // A reset by command: the chip answers, and copies its calibration meanwhile.
    bus.clock.advance(milliseconds: 5)
    try? bus.write(0x76, register: 0xE0, 0xB6)
    #expect(throws: SensorError.starting) { try driver.probe() }
  }

  @Test func resetBetweenTheWritesIsPowerOn() throws {
    var driver = BME280(bus: bus, address: 0x76)
    try driver.probe()
    bus.faultPlan = { [chip, bus] request in
      // The chip loses power for a moment after ctrl_hum and before ctrl_meas: it measures, but no humidity.
      if request.write.first == 0xF4 {
        chip.powerCycle(at: bus.clock.microseconds)
        bus.clock.advance(milliseconds: 3)
      }
      return nil
    }
    try driver.start()
    bus.heal()
    bus.clock.advance(milliseconds: 10)
    #expect(try driver.poll() == .missing(.powerOn, .bme280))
  }

  @Test func humidityOf0x8000IsAReadingWhenTheChipRemembersItsOrders() throws {
    chip.rawOverride = BME280Model.Raw(pressure: 415_148, temperature: 519_888, humidity: 0x8000)
    var driver = BME280(bus: bus, address: 0x76)
    try driver.probe()
    try driver.start()
    bus.clock.advance(milliseconds: 10)
    bus.clearTrace()
    let measurement = try driver.poll()
    #expect(measurement?.quality == .ok)
    #expect(measurement?.humidityCentiPercent != nil)
    #expect(bus.trace == ["R 76 F3 -> 00", "R 76 F7 -> 65 5A C0 7E ED 00 80 00", "R 76 F2 -> 01", "R 76 F4 -> 24"])
  }
}
