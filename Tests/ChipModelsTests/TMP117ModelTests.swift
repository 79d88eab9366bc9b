import ChipModels
import HAL
import Testing

@Suite struct TMP117ModelTests {
  let bus = SimulatedI2CBus()
  let chip = TMP117Model()

  init() {
    bus.attach(chip)
  }

  func read(_ register: UInt8) throws -> UInt16 {
    var bytes: [UInt8] = [0, 0]
    var span = bytes.mutableSpan
    try bus.read(0x48, register: register, into: &span)
    return UInt16(bytes[0]) << 8 | UInt16(bytes[1])
  }

  @Test func temperatureIs8000UntilTheFirstConversionIsOver() throws {
    #expect(try read(0x00) == 0x8000)
    #expect(try read(0x01) == 0x0220)
    #expect(try read(0x0F) == 0x0117)
    chip.temperature = 25
    bus.clock.advance(milliseconds: 124)
    #expect(try read(0x01) == 0x2220)
    #expect(try read(0x01) == 0x0220, "reading it clears the flag")
    #expect(try read(0x00) == 0x0C80)
  }

  @Test func convertsEverySecondOnItsOwn() throws {
    bus.clock.advance(milliseconds: 130)
    _ = try read(0x01)
    chip.temperature = -50
    bus.clock.advance(milliseconds: 900)
    #expect(try read(0x01) & 0x2000 == 0)
    bus.clock.advance(milliseconds: 100)
    #expect(try read(0x00) == 0xE700)
    #expect(try read(0x01) & 0x2000 == 0, "reading the temperature clears the flag too")
  }

  @Test func oneShotEndsInShutDown() throws {
    try bus.write(0x48, [0x01, 0x0C, 0x20].span)
    bus.clock.advance(milliseconds: 125)
    #expect(try read(0x01) == 0x2420)
    bus.clock.advance(milliseconds: 5000)
    #expect(try read(0x01) == 0x0420)
  }

  @Test func powerCycleAndSoftResetStartAfresh() throws {
    bus.clock.advance(milliseconds: 200)
    chip.powerCycle(at: bus.clock.microseconds)
    #expect(throws: I2CError.addressNotAcknowledged) { try read(0x00) }
    bus.clock.advance(milliseconds: 2)
    #expect(try read(0x00) == 0x8000)
    bus.clock.advance(milliseconds: 200)
    #expect(try read(0x00) != 0x8000)
    try bus.write(0x48, [0x01, 0x00, 0x02].span)
    bus.clock.advance(milliseconds: 2)
    #expect(try read(0x00) == 0x8000)
  }

  @Test func whatIsNotModelledIsAComplaint() throws {
    try bus.write(0x48, [0x02, 0x10, 0x00].span)
    try bus.write(0x48, [0x01, 0x10].span)
    #expect(chip.complaints == ["write to register 02 is not modelled", "1 bytes for register 01"])
  }
}
