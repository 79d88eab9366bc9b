import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

@Suite struct SHT31Tests {
  typealias Driver = SHT31<SimulatedI2CBus>

  let bus = SimulatedI2CBus()
  let chip = SHT31Model()
  let driver: Driver

  init() {
    bus.isTracing = true
    bus.attach(chip)
    driver = SHT31(bus: bus, address: 0x44)
  }

  /// Sensirion SHT3x-DIS, table 20.
  @Test func sht3xDatasheetChecksumOfBEEFIs92() {
    #expect(CRC8.sensirion(0xBE, 0xEF) == 0x92)
    #expect(SHT31Model.checked(0xBEEF) == [0xBE, 0xEF, 0x92])
  }

  @Test func everyChecksumIsTheModels() {
    for word in 0...UInt16.max {
      #expect(CRC8.sensirion(UInt8(word >> 8), UInt8(word & 0xFF)) == SHT31Model.checked(word)[2])
    }
  }

  /// Sensirion SHT3x-DIS, section 4.13: the ends of the formulas, and their middle.
  @Test func sht3xDatasheetFormulas() {
    #expect(Driver.centiCelsius(0) == -4500)
    #expect(Driver.centiCelsius(0xFFFF) == 13_000)
    #expect(Driver.centiPercent(0) == 0)
    #expect(Driver.centiPercent(0xFFFF) == 10_000)
    // 42.5 + 175 / 131070
    #expect(Driver.centiCelsius(0x8000) == 4250)
    #expect(Driver.centiPercent(0x8000) == 5000)
  }

  @Test func everyRawValueIsRoundedToTheNearest() {
    for raw in 0...UInt16.max {
      let celsius = -4500 + 17_500 * Double(raw) / 65535
      #expect(Double(Driver.centiCelsius(raw)) == celsius.rounded(.toNearestOrAwayFromZero))
      #expect(Double(Driver.centiPercent(raw)) == (10_000 * Double(raw) / 65535).rounded(.toNearestOrAwayFromZero))
    }
  }

  @Test func measurementIsTheseTransactionsAndNoOthers() throws {
    chip.rawOverride = (0x6666, 0xBEEF)
    try driver.probe()
    try driver.start()
    bus.clock.advance(milliseconds: 10)
    #expect(try driver.poll() == nil)
    bus.clock.advance(milliseconds: 6)
    let measurement = try driver.poll()
    #expect(
      measurement
        == Measurement(temperatureCentiCelsius: 2500, humidityCentiPercent: 7458, quality: .ok, sensor: .sht31))
    #expect(
      bus.trace == [
        "R 44 F3 2D -> 00 10 C2", "W 44 24 00", "R 44 ! address NACK", "R 44 -> 66 66 93 BE EF 92",
      ])
    #expect(chip.complaints == [])
  }

  @Test func whatWasReadIsGone() throws {
    try driver.start()
    bus.clock.advance(milliseconds: 16)
    #expect(try driver.poll() != nil)
    #expect(try driver.poll() == nil)
  }

  @Test(arguments: 0..<48)
  func anyFlippedBitOfAMeasurementIsNoticed(bit: Int) throws {
    try driver.start()
    bus.clock.advance(milliseconds: 16)
    bus.failNext(.flipRead(byte: bit / 8, bit: bit % 8))
    #expect(throws: SensorError.checksum(register: 0x2400)) { try driver.poll() }
  }

  @Test func strangerAndFlippedStatusAreRefused() {
    bus.failNext(.flipRead(byte: 1, bit: 2))
    #expect(throws: SensorError.checksum(register: 0xF32D)) { try driver.probe() }
    #expect(throws: SensorError.bus(.addressNotAcknowledged, register: 0xF32D)) {
      try SHT31(bus: bus, address: 0x45).probe()
    }
  }

  @Test func heaterThatWasLeftOnIsTurnedOff() throws {
    chip.isHeating = true
    try driver.probe()
    #expect(!chip.isHeating)
  }

  @Test func softResetForgetsTheMeasurement() throws {
    try driver.start()
    bus.clock.advance(milliseconds: 16)
    try driver.reset()
    #expect(throws: SensorError.bus(.addressNotAcknowledged, register: 0x2400)) { try driver.start() }
    bus.clock.advance(milliseconds: 2)
    #expect(try driver.poll() == nil)
  }

  @Test func temperaturesBeyondTheChipAreFaults() {
    // −40 °C is raw 1872.4, 125 °C 63662.6.
    #expect(Driver.measurement(temperature: 1870, humidity: 0) == .missing(.range, .sht31))
    #expect(Driver.measurement(temperature: 1873, humidity: 0).quality == .ok)
    #expect(Driver.measurement(temperature: 63_662, humidity: 0).quality == .ok)
    #expect(Driver.measurement(temperature: 63_665, humidity: 0) == .missing(.range, .sht31))
  }
}
