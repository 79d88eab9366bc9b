import ChipModels
import HAL
import Testing

@Suite struct SHT31ModelTests {
  let bus = SimulatedI2CBus()
  let chip = SHT31Model()

  init() {
    bus.attach(chip)
  }

  func read(_ count: Int, after command: [UInt8] = []) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try bus.transaction(0x44, write: command.span, read: &span)
    return bytes
  }

  @Test func acknowledgesNothingWhileItMeasures() throws {
    try bus.write(0x44, [0x24, 0x00].span)
    bus.clock.advance(milliseconds: 15)
    #expect(throws: I2CError.addressNotAcknowledged) { try read(6) }
    #expect(throws: I2CError.addressNotAcknowledged) { try bus.write(0x44, [0x24, 0x00].span) }
    bus.clock.advance(microseconds: 500)
    let bytes = try read(6)
    #expect(Array(bytes[0...2]) == SHT31Model.checked(UInt16(bytes[0]) << 8 | UInt16(bytes[1])))
    #expect(throws: I2CError.addressNotAcknowledged) { try read(6) }
  }

  @Test func lessRepeatabilityIsFaster() throws {
    try bus.write(0x44, [0x24, 0x16].span)
    bus.clock.advance(microseconds: 4_500)
    #expect(throws: Never.self) { try read(6) }
  }

  @Test func statusTellsOfResetHeaterAndUnknownCommands() throws {
    #expect(try read(3, after: [0xF3, 0x2D]).prefix(2) == [0x00, 0x10])
    try bus.write(0x44, [0x30, 0x41].span)
    try bus.write(0x44, [0x30, 0x6D].span)
    #expect(try read(3, after: [0xF3, 0x2D]).prefix(2) == [0x20, 0x00])
    try bus.write(0x44, [0x12, 0x34].span)
    #expect(chip.complaints == ["unknown command 12 34"])
    #expect(try read(3, after: [0xF3, 0x2D])[1] & 0x02 == 0, "the status read was a command that worked")
  }

  @Test func softResetTakesMilliseconds() throws {
    try bus.write(0x44, [0x30, 0x6D].span)
    try bus.write(0x44, [0x30, 0xA2].span)
    #expect(throws: I2CError.addressNotAcknowledged) { try read(3, after: [0xF3, 0x2D]) }
    bus.clock.advance(microseconds: 1_500)
    #expect(try read(3, after: [0xF3, 0x2D]).prefix(2) == [0x00, 0x10])
  }

  @Test func powerCycleForgetsTheMeasurement() throws {
    try bus.write(0x44, [0x24, 0x00].span)
    bus.clock.advance(milliseconds: 20)
    chip.powerCycle(at: bus.clock.microseconds)
    bus.clock.advance(milliseconds: 20)
    #expect(throws: I2CError.addressNotAcknowledged) { try read(6) }
  }
}
