import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

@Suite struct TMP117Tests {
  typealias Driver = TMP117<SimulatedI2CBus>

  let bus = SimulatedI2CBus()
  let chip = TMP117Model()
  let driver: Driver

  init() {
    bus.isTracing = true
    bus.attach(chip)
    driver = TMP117(bus: bus, address: 0x48)
  }

  /// TI SNOSD82, section 7.6.2 and table 7-1; in 0.01 °C, −0.0078125 rounds to −0.01.
  @Test(
    arguments: [
      (0x0C80, 2500), (0xFFFF, -1), (0xE700, -5000), (0x0000, 0), (0x0001, 1), (0x3200, 10_000), (0x4B00, 15_000),
      (0xE480, -5500), (0xF380, -2500),
    ] as [(UInt16, Int32)])
  func tmp117DatasheetTemperatures(raw: UInt16, centiCelsius: Int32) {
    #expect(Driver.centiCelsius(raw) == centiCelsius)
    #expect(Driver.measurement(raw).temperatureCentiCelsius == centiCelsius)
  }

  /// TI SNOSD82, section 7.6.2: −256 °C before the first conversion.
  @Test func tmp117DatasheetResetValueIsPowerOn() {
    #expect(Driver.centiCelsius(0x8000) == -25_600)
    #expect(Driver.measurement(0x8000) == .missing(.powerOn, .tmp117))
  }

  @Test func temperaturesBeyondTheChipAreFaults() {
    #expect(Driver.measurement(0xE47F) == .missing(.range, .tmp117))
    #expect(Driver.measurement(0x4B01) == .missing(.range, .tmp117))
  }

  @Test func measurementIsTheseTransactionsAndNoOthers() throws {
    chip.rawOverride = 0x0C80
    try driver.probe()
    try driver.start()
    #expect(try driver.poll() == nil)
    bus.clock.advance(milliseconds: 125)
    #expect(try driver.poll()?.temperatureCentiCelsius == 2500)
    #expect(
      bus.trace == [
        "R 48 0F -> 01 17", "R 48 01 -> 02 20", "W 48 01 0C 20", "R 48 01 -> 0C 20", "R 48 01 -> 24 20",
        "R 48 00 -> 0C 80",
      ])
    #expect(chip.complaints == [])
  }

  @Test func flagOfAnEarlierConversionDoesNotPassForThisOnes() throws {
    try driver.start()
    bus.clock.advance(milliseconds: 200)
    // Nobody asked. The room warms up, and a new conversion is started.
    chip.temperature = 35
    try driver.start()
    #expect(try driver.poll() == nil)
    bus.clock.advance(milliseconds: 200)
    #expect(try driver.poll()?.temperatureCentiCelsius == 3500)
  }

  @Test func brownOutDuringAConversionIsPowerOn() throws {
    try driver.start()
    chip.powerCycle(at: bus.clock.microseconds)
    bus.clock.advance(milliseconds: 5)
    #expect(try driver.poll() == .missing(.powerOn, .tmp117))
  }

  @Test func anotherIDIsAnotherChip() {
    bus.failNext(.flipRead(byte: 1, bit: 0))
    #expect(throws: SensorError.unexpectedID(0x0116)) { try driver.probe() }
    // The revision, in the upper four bits, may be any.
    bus.failNext(.flipRead(byte: 0, bit: 6))
    #expect(throws: Never.self) { try driver.probe() }
  }

  @Test func everyRawValueIsRoundedToTheNearest() {
    for raw in 0...UInt16.max {
      let exact = Double(Int16(bitPattern: raw)) * 0.78125
      #expect(Double(Driver.centiCelsius(raw)) == exact.rounded(.toNearestOrAwayFromZero))
    }
  }
}
