import ChipModels
import HAL
import Testing

@Suite struct BME280ModelTests {
  let bus = SimulatedI2CBus()
  let chip = BME280Model()

  init() {
    bus.attach(chip)
  }

  func read(_ register: UInt8, _ count: Int = 1) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try bus.read(0x76, register: register, into: &span)
    return bytes
  }

  @Test func dataAreResetValuesBeforeTheFirstMeasurement() throws {
    #expect(try read(0xF7, 8) == [0x80, 0, 0, 0x80, 0, 0, 0x80, 0])
    #expect(try read(0xD0) == [0x60])
  }

  @Test func forcedMeasurementTakesTheDatasheetsTimeAndEndsInSleep() throws {
    try bus.write(0x76, register: 0xF2, 1)
    try bus.write(0x76, register: 0xF4, 0x25)
    let begun = bus.clock.microseconds
    #expect(try read(0xF3) == [0x08])
    #expect(try read(0xF4) == [0x25])
    bus.clock.advance(microseconds: 9100 - (bus.clock.microseconds - begun))
    #expect(try read(0xF3) == [0x08])
    bus.clock.advance(microseconds: 300)
    #expect(try read(0xF3) == [0x00])
    #expect(try read(0xF4) == [0x24])
    #expect(chip.measurementCount == 1)
  }

  @Test func humidityControlIsEffectiveOnlyAfterMeasurementControl() throws {
    try bus.write(0x76, register: 0xF4, 0x25)
    try bus.write(0x76, register: 0xF2, 1)
    bus.clock.advance(milliseconds: 20)
    #expect(try read(0xFD, 2) == [0x80, 0])
    try bus.write(0x76, register: 0xF4, 0x25)
    bus.clock.advance(milliseconds: 20)
    #expect(try read(0xFD, 2) != [0x80, 0])
  }

  @Test func skippedChannelsKeepTheirResetValue() throws {
    try bus.write(0x76, register: 0xF4, 0b001_000_01)
    bus.clock.advance(milliseconds: 20)
    let data = try read(0xF7, 8)
    #expect(data[0...2] == [0x80, 0, 0])
    #expect(data[3...5] != [0x80, 0, 0])
  }

  @Test func oversamplingTimesOneHasSixteenBits() throws {
    try bus.write(0x76, register: 0xF4, 0x25)
    bus.clock.advance(milliseconds: 20)
    #expect(try read(0xF9) == [0])
    #expect(try read(0xFC) == [0])
  }

  @Test func inverseCompensationFindsTheAirAgain() {
    let trim = BME280Trim.published
    #expect(abs(trim.fine(519_888) / 5120 - 25.08) < 0.01)
    #expect(abs(trim.pascals(415_148, fine: 128_422) - 100_653.27) < 1)
  }

  @Test func powerCycleSilencesForTwoMillisecondsAndForgetsEverything() throws {
    try bus.write(0x76, register: 0xF4, 0x25)
    bus.clock.advance(milliseconds: 20)
    chip.powerCycle(at: bus.clock.microseconds)
    #expect(throws: I2CError.addressNotAcknowledged) { try read(0xD0) }
    bus.clock.advance(milliseconds: 2)
    #expect(try read(0xF7, 8) == [0x80, 0, 0, 0x80, 0, 0, 0x80, 0])
    #expect(try read(0xF4) == [0])
  }

  @Test func writesThatTheChipIgnoresAreComplaints() throws {
    try bus.write(0x76, register: 0xD0, 0x60)
    try bus.write(0x76, register: 0xF4, 0x27)
    bus.isTracing = true
    try bus.write(0x76, register: 0xF5, 0x04)
    try bus.write(0x76, register: 0xE0, 0xB7)
    #expect(
      chip.complaints == [
        "write to read-only register D0", "config written in normal mode", "reset register written with B7",
      ])
    #expect(
      bus.trace == [
        "W 76 F5 04", "# 76: config written in normal mode", "W 76 E0 B7", "# 76: reset register written with B7",
      ])
    #expect(try read(0xF5) == [0])
    #expect(try read(0xF4) == [0x27])
  }

  @Test func normalModeMeasuresAgainAndAgainWithPauses() throws {
    try bus.write(0x76, register: 0xF5, 0b101_000_00)
    try bus.write(0x76, register: 0xF4, 0x27)
    #expect(try read(0xF3) == [0x08])
    bus.clock.advance(milliseconds: 10)
    #expect(try read(0xF3) == [0x00])
    #expect(try read(0xF4) == [0x27])
    let first = try read(0xFA, 3)
    chip.temperature = 30
    bus.clock.advance(milliseconds: 900)
    #expect(try read(0xFA, 3) == first)
    bus.clock.advance(milliseconds: 200)
    #expect(try read(0xFA, 3) != first)
    try bus.write(0x76, register: 0xF4, 0x24)
    let count = chip.measurementCount
    bus.clock.advance(milliseconds: 5000)
    _ = try read(0xF3)
    #expect(chip.measurementCount == count)
  }

  @Test func filterFollowsAJumpSlowly() throws {
    func measured() throws -> Int {
      try bus.write(0x76, register: 0xF4, 0x25)
      bus.clock.advance(milliseconds: 20)
      let bytes = try read(0xFA, 3)
      return Int(bytes[0]) << 12 | Int(bytes[1]) << 4 | Int(bytes[2]) >> 4
    }
    try bus.write(0x76, register: 0xF5, 0b000_010_00)
    let low = try measured()
    chip.temperature = 30
    let next = try measured()
    for _ in 0..<60 { _ = try measured() }
    let high = try measured()
    // Coefficient 4: a quarter of the way at once.
    #expect(abs(Double(next - low) / Double(high - low) - 0.25) < 0.01)
  }

  @Test func writesArePairsOfRegisterAndValue() throws {
    try bus.write(0x76, [0xF2, 0x01, 0xF4, 0x24].span)
    #expect(try read(0xF2) == [1])
    #expect(try read(0xF4) == [0x24])
    #expect(chip.complaints == [])
  }
}
