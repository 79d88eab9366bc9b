import ChipModels
import HAL
import Testing

@Suite struct SimulatedI2CBusTests {
  let bus = SimulatedI2CBus()
  let chip = BME280Model()

  init() {
    bus.isTracing = true
    bus.attach(chip)
  }

  func readID() throws -> UInt8 {
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    try bus.read(0x76, register: 0xD0, into: &span)
    return bytes[0]
  }

  @Test func traceIsReadable() throws {
    _ = bus.answers(0x76)
    _ = bus.answers(0x3C)
    try bus.write(0x76, register: 0xF4, 0x25)
    _ = try readID()
    bus.failNext(.nackData(byte: 1))
    #expect(throws: I2CError.dataNotAcknowledged) { try bus.write(0x76, register: 0xF4, 0x25) }
    #expect(
      bus.trace == ["P 76", "P 3C ! address NACK", "W 76 F4 25", "R 76 D0 -> 60", "W 76 F4 25 ! data NACK"])
  }

  @Test func everyByteCostsNineClocks() throws {
    _ = try readID()
    // Address, register, address again, one byte: 4 × 22.5 µs.
    #expect(bus.clock.nanoseconds == 90_000)
    #expect(bus.byteCount == 4)
  }

  @Test func dataNackDeliversTheBytesBeforeIt() throws {
    bus.failNext(.nackData(byte: 3))
    #expect(throws: I2CError.dataNotAcknowledged) { try bus.write(0x76, [0xF2, 0x01, 0xF4, 0x24].span) }
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    try bus.read(0x76, register: 0xF2, into: &span)
    #expect(bytes == [1])
  }

  @Test func faultsHitTheTransactionsTheyAreMeantFor() throws {
    bus.failNext(.nackAddress, address: 0x3C)
    bus.failNext(.timeout, address: 0x76, after: 1, times: 2)
    #expect(try readID() == 0x60)
    #expect(throws: I2CError.timeout) { try readID() }
    #expect(throws: I2CError.timeout) { try readID() }
    #expect(try readID() == 0x60)
  }

  @Test func flippedBitIsReadWithoutAnError() throws {
    bus.failNext(.flipRead(byte: 0, bit: 3))
    #expect(try readID() == 0x68)
  }

  @Test func healingForgetsFaultsToCome() throws {
    bus.failNext(.stuck, times: 100)
    bus.faultPlan = { _ in .nackAddress }
    #expect(throws: I2CError.stuck) { try readID() }
    bus.heal()
    #expect(try readID() == 0x60)
  }

  @Test func unpluggedChipIsSilentAndStartsAgainWhenPluggedIn() throws {
    bus.unplug(chip)
    #expect(throws: I2CError.addressNotAcknowledged) { try readID() }
    bus.plugIn(chip)
    bus.clock.advance(milliseconds: 2)
    #expect(try readID() == 0x60)
  }

  @Test func heldBusBlocksEverythingUntilNineClocks() throws {
    bus.failNext(.holdSDA)
    for _ in 0..<3 { #expect(throws: I2CError.stuck) { try readID() } }
    bus.recover()
    #expect(try readID() == 0x60)
    #expect(bus.recoveryCount == 1)
    #expect(bus.trace.suffix(2) == ["9 clocks", "R 76 D0 -> 60"])
  }

  @Test func stretchedClockCostsTimeAndBeyondThePatienceTheTransaction() throws {
    bus.failNext(.stretch(microseconds: 20_000))
    #expect(try readID() == 0x60)
    #expect(bus.clock.microseconds == 20_090)
    bus.failNext(.stretch(microseconds: 20_001))
    #expect(throws: I2CError.timeout) { try readID() }
    #expect(bus.clock.microseconds == 40_090)
  }

  @Test func brownOutTakesTheBytesAndForgetsThem() throws {
    bus.failNext(.brownOut)
    #expect(throws: I2CError.dataNotAcknowledged) { try bus.write(0x76, register: 0xF2, 0x01) }
    #expect(throws: I2CError.addressNotAcknowledged) { try readID() }
    bus.clock.advance(milliseconds: 2)
    var bytes: [UInt8] = [9]
    var span = bytes.mutableSpan
    try bus.read(0x76, register: 0xF2, into: &span)
    #expect(bytes == [0])
  }
}
