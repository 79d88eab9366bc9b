import ChipModels
import HAL
import Testing

@Suite struct DS18B20ModelTests {
  let wire = SimulatedOneWireBus()

  func scratchpad() throws -> [UInt8] {
    try wire.reset()
    wire.write(0xCC)
    wire.write(0xBE)
    return (0..<9).map { _ in wire.readByte() }
  }

  func convert(keepPowered: Bool = false) throws {
    try wire.reset()
    wire.write(0xCC)
    wire.write(0x44, keepPowered: keepPowered)
  }

  @Test func holds85DegreesAfterAPowerUp() throws {
    wire.attach(DS18B20Model(serial: 1))
    let bytes = try scratchpad()
    #expect(bytes == [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10, 0x1C])
  }

  @Test func conversionTakes750MillisecondsAndSaysSo() throws {
    let chip = DS18B20Model(serial: 1)
    chip.temperature = 25.0625
    wire.attach(chip)
    try convert()
    #expect(!wire.readBit())
    wire.clock.advance(milliseconds: 749)
    #expect(!wire.readBit())
    wire.clock.advance(milliseconds: 1)
    #expect(wire.readBit())
    #expect(try scratchpad().prefix(2) == [0x91, 0x01])
  }

  @Test func readingBeforeTheEndGivesTheOldValue() throws {
    let chip = DS18B20Model(serial: 1)
    wire.attach(chip)
    try convert()
    wire.clock.advance(milliseconds: 500)
    #expect(try scratchpad().prefix(2) == [0x50, 0x05])
  }

  @Test func fewerBitsAreFaster() throws {
    let chip = DS18B20Model(serial: 1)
    chip.temperature = 25.0625
    wire.attach(chip)
    try wire.reset()
    wire.write(0xCC)
    for byte in [0x4E, 0x11, 0x22, 0x1F] as [UInt8] { wire.write(byte) }
    #expect(try scratchpad()[2...4] == [0x11, 0x22, 0x1F])
    try convert()
    wire.clock.advance(milliseconds: 94)
    #expect(try scratchpad().prefix(2) == [0x90, 0x01])
  }

  @Test func parasiticChipStarvesWithoutPowerAndWhenTouched() throws {
    let chip = DS18B20Model(serial: 1, isParasitic: true)
    wire.attach(chip)
    try wire.reset()
    wire.write(0xCC)
    wire.write(0xB4)
    #expect(!wire.readBit())
    try convert()
    wire.clock.advance(milliseconds: 800)
    #expect(try scratchpad()[0] == 0x50)
    try convert(keepPowered: true)
    wire.clock.advance(milliseconds: 100)
    _ = try scratchpad()
    wire.clock.advance(milliseconds: 800)
    #expect(try scratchpad()[0] == 0x50)
    try convert(keepPowered: true)
    wire.clock.advance(milliseconds: 751)
    #expect(try scratchpad()[0] == 0x40)
    #expect(chip.complaints == ["conversion without power", "line used during a conversion"])
  }

  @Test func whatTheChipDoesNotKnowStandsInTheTrace() throws {
    let chip = DS18B20Model(serial: 1)
    wire.attach(chip)
    wire.isTracing = true
    try wire.reset()
    wire.write(0x33)
    try wire.reset()
    wire.write(0xCC)
    wire.write(0x00)
    #expect(chip.complaints == ["ROM command 33 is not modelled", "unknown command 00"])
    #expect(
      wire.trace == [
        "1-Wire 11001100 [ROM command 33 is not modelled] ", "1-Wire 0011001100000000 [unknown command 00] ",
      ])
  }

  @Test func chipsAnswerASearchTogether() throws {
    // Serial numbers 1 and 2 differ in bits 8 and 9.
    let chips = [DS18B20Model(serial: 1), DS18B20Model(serial: 2)]
    for chip in chips { wire.attach(chip) }
    try wire.reset()
    wire.write(0xF0)
    for index in 0..<8 {
      let bit = 0x28 >> index & 1 == 1
      #expect((wire.readBit(), wire.readBit()) == (bit, !bit))
      wire.write(bit: bit)
    }
    #expect((wire.readBit(), wire.readBit()) == (false, false))
    wire.write(bit: true)
    // Only serial number 1 is left.
    #expect((wire.readBit(), wire.readBit()) == (false, true))
  }

  @Test func onlyTheMatchedChipHears() throws {
    let chips = [DS18B20Model(serial: 1), DS18B20Model(serial: 2)]
    for chip in chips { wire.attach(chip) }
    try wire.reset()
    wire.write(0x55)
    for byte in 0..<8 { wire.write(UInt8(chips[1].code >> UInt64(8 * byte) & 0xFF)) }
    wire.write(0x44)
    wire.clock.advance(milliseconds: 751)
    try wire.reset()
    #expect(chips.map(\.conversionCount) == [0, 1])
  }

  @Test func faultsLastUntilTheNextReset() throws {
    wire.attach(DS18B20Model(serial: 1))
    wire.failNext(.noPresence, .shorted, .flipRead(slot: 0), .brownOut)
    #expect(throws: OneWireError.noPresence) { try wire.reset() }
    #expect(throws: OneWireError.shorted) { try wire.reset() }
    #expect(try scratchpad()[0] == 0x51)
    #expect(try scratchpad()[0] == 0x50)
    #expect(wire.resetCount == 4)
    wire.faultPlan = { .noPresence }
    #expect(throws: OneWireError.noPresence) { try wire.reset() }
    wire.heal()
    #expect(try scratchpad()[0] == 0x50)
  }

  @Test func unpluggedChipIsSilent() throws {
    let chip = DS18B20Model(serial: 1)
    #expect(throws: OneWireError.noPresence) { try wire.reset() }
    wire.plugIn(chip)
    #expect(throws: Never.self) { try wire.reset() }
    wire.unplug(chip)
    #expect(throws: OneWireError.noPresence) { try wire.reset() }
  }
}
