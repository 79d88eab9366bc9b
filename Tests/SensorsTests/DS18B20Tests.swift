import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

@Suite struct DS18B20Tests {
  typealias Driver = DS18B20<SimulatedOneWireBus>

  let wire = SimulatedOneWireBus()
  let chip = DS18B20Model(serial: 0x0000_0A0B_0C0D)

  func driver(code: UInt64? = nil) throws -> Driver {
    var driver = DS18B20(wire: wire, code: code)
    try driver.probe()
    return driver
  }

  /// Maxim DS18B20 datasheet 19-7487, table 1; halves of the last digit go away from zero.
  @Test(
    arguments: [
      (0x07D0, 12_500), (0x0550, 8500), (0x0191, 2506), (0x00A2, 1013), (0x0008, 50), (0x0000, 0), (0xFFF8, -50),
      (0xFF5E, -1013), (0xFE6F, -2506), (0xFC90, -5500),
    ] as [(UInt16, Int32)])
  func ds18b20DatasheetTemperatures(raw: UInt16, centiCelsius: Int32) {
    #expect(Driver.centiCelsius(raw) == centiCelsius)
    #expect(Driver.measurement(raw).temperatureCentiCelsius == centiCelsius)
  }

  /// Maxim application note 27: the code 02 1C B8 01 00 00 00 has the checksum A2.
  @Test func applicationNote27Checksum() {
    let bytes: [UInt8] = [0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00]
    #expect(bytes.reduce(0) { CRC8.dallas($1, after: $0) } == 0xA2)
    #expect((bytes + [0xA2]).reduce(0) { CRC8.dallas($1, after: $0) } == 0)
    #expect(DS18B20Model.checksum(bytes) == 0xA2)
  }

  @Test func temperaturesBeyondTheChipAreFaults() {
    #expect(Driver.measurement(0x07D1) == .missing(.range, .ds18b20))
    #expect(Driver.measurement(0xFC8F) == .missing(.range, .ds18b20))
  }

  @Test(arguments: [false, true])
  func measuresWithAndWithoutASupplyOfItsOwn(isParasitic: Bool) throws {
    let chip = DS18B20Model(serial: 9, isParasitic: isParasitic)
    chip.temperature = -10.125
    wire.attach(chip)
    var driver = try driver(code: chip.code)
    #expect(driver.isParasitic == isParasitic)
    try driver.start()
    wire.clock.advance(milliseconds: 750)
    #expect(try driver.read().temperatureCentiCelsius == -1013)
    #expect(chip.conversionCount == 1)
    #expect(chip.complaints == [])
  }

  @Test func lookingAtAParasiticChipTooEarlyGivesNothing() throws {
    let chip = DS18B20Model(serial: 9, isParasitic: true)
    wire.attach(chip)
    var driver = try driver()
    try driver.start()
    wire.clock.advance(milliseconds: 700)
    #expect(try driver.read() == .missing(.powerOn, .ds18b20))
    #expect(chip.complaints == ["line used during a conversion"])
  }

  @Test func eightyFiveDegreesRightAfterPowerUpAreNoReading() throws {
    wire.attach(chip)
    var driver = try driver()
    // Nothing was converted.
    #expect(try driver.read() == .missing(.powerOn, .ds18b20))
    // Lost its power after a good reading.
    try driver.start()
    wire.clock.advance(milliseconds: 750)
    #expect(try driver.read().quality == .ok)
    try driver.start()
    chip.powerCycle(at: wire.clock.microseconds)
    wire.clock.advance(milliseconds: 750)
    #expect(try driver.read() == .missing(.powerOn, .ds18b20))
  }

  @Test func eightyFiveDegreesThatStayAreAReading() throws {
    wire.attach(chip)
    chip.temperature = 85
    var driver = try driver()
    for expected in [Quality.powerOn, .ok, .ok] {
      try driver.start()
      wire.clock.advance(milliseconds: 750)
      #expect(try driver.read().quality == expected)
    }
  }

  @Test func commandThatDidNotArriveIsNoticed() throws {
    wire.attach(chip)
    let driver = try driver()
    // The first slot after the command says whether the chip converts.
    wire.failNext(.flipRead(slot: 0))
    #expect(throws: SensorError.ignored(register: 0x44)) { try driver.start() }
  }

  @Test(arguments: 0..<72)
  func anyFlippedBitOfTheScratchpadIsNoticed(bit: Int) throws {
    wire.attach(chip)
    var driver = try driver()
    try driver.start()
    wire.clock.advance(milliseconds: 750)
    wire.failNext(.flipRead(slot: bit))
    #expect(throws: SensorError.checksum(register: 0xBE)) { try driver.read() }
  }

  /// Zeros have the checksum zero: only the configuration's low bits, always set, tell them from an answer.
  @Test func lineThatHangsLowAfterAPresenceIsAChecksumFault() {
    struct LowLine: OneWireBus {
      func reset() throws(OneWireError) {}
      func write(bit: Bool) {}
      func readBit() -> Bool { false }
      func write(_ byte: UInt8, keepPowered: Bool) {}
    }
    var driver = DS18B20(wire: LowLine(), code: nil)
    #expect(throws: SensorError.checksum(register: 0xBE)) { try driver.probe() }
    #expect(throws: SensorError.checksum(register: 0xBE)) { try driver.read() }
  }

  @Test func lineErrorsAreNamed() throws {
    #expect(throws: SensorError.oneWire(.noPresence)) { try driver() }
    wire.attach(chip)
    wire.failNext(.shorted)
    #expect(throws: SensorError.oneWire(.shorted)) { try driver() }
  }

  @Test func eachOfSeveralAnswersToItsCode() throws {
    let chips = (0..<3).map { DS18B20Model(serial: UInt64($0) * 77 + 5) }
    for (index, chip) in chips.enumerated() {
      chip.temperature = Double(10 * index)
      wire.attach(chip)
    }
    for (index, chip) in chips.enumerated() {
      var driver = try driver(code: chip.code)
      try driver.start()
      wire.clock.advance(milliseconds: 750)
      #expect(try driver.read().temperatureCentiCelsius == Int32(1000 * index))
    }
  }
}

@Suite struct OneWireSearchTests {
  let wire = SimulatedOneWireBus()

  func codes(_ search: OneWireSearch) -> Set<UInt64> {
    Set((0..<search.count).map { search.codes[$0] })
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func everyChipOfTheFamilyIsFoundOnceAmongOthers(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    // Serial numbers that differ in the low bits, in the high ones, or anywhere.
    let masks: [UInt64] = [0x7, 0xF000_0000_0000, 0xFFFF_FFFF_FFFF]
    let mask = masks[Int(seed % 3)]
    var wanted: Set<UInt64> = []
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let chip = DS18B20Model(serial: UInt64.random(in: 0...mask, using: &random) & mask)
      if wanted.insert(chip.code).inserted { wire.attach(chip) }
    }
    for family in [0x10, 0x22, 0x3B, 0xA8] as [UInt8] {
      wire.attach(DS18B20Model(serial: UInt64.random(in: 0...mask, using: &random), family: family))
    }
    let search = try OneWireSearch.run(on: wire, family: 0x28)
    #expect(search.count == wanted.count)
    #expect(codes(search) == wanted, "seed \(seed)")
    #expect(wire.resetCount <= wanted.count + 1)
  }

  @Test func moreThanEightAreNotLookedFor() throws {
    for serial in 0..<12 as Range<UInt64> { wire.attach(DS18B20Model(serial: serial)) }
    let search = try OneWireSearch.run(on: wire, family: 0x28)
    #expect(codes(search).count == 8)
    #expect(wire.resetCount == 8)
    #expect(try OneWireSearch.run(on: wire, family: 0x28, limit: 1).count == 1)
  }

  @Test func onlyStrangersAreNobody() throws {
    wire.attach(DS18B20Model(serial: 3, family: 0x10))
    #expect(try OneWireSearch.run(on: wire, family: 0x28).count == 0)
  }

  @Test func anEmptyLineIsAnError() {
    #expect(throws: SensorError.oneWire(.noPresence)) { try OneWireSearch.run(on: wire, family: 0x28) }
  }

  @Test(arguments: 0..<128)
  func flippedBitsNeverFindAChipThatIsNotThere(slot: Int) {
    let chips = [DS18B20Model(serial: 0x1234), DS18B20Model(serial: 0x4321)]
    for chip in chips { wire.attach(chip) }
    wire.failNext(.flipRead(slot: slot))
    guard let search = try? OneWireSearch.run(on: wire, family: 0x28) else { return }
    #expect(codes(search).isSubset(of: Set(chips.map(\.code))))
  }
}
