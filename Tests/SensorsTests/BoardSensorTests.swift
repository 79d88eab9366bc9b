import ChipModels
import HAL
import Sensors
import Telemetry
import Testing

/// A board with every kind of bus, and what may be on it.
final class Board {
  let clock: VirtualClock
  let bus: SimulatedI2CBus
  let wire: SimulatedOneWireBus
  let adc = SimulatedADC()
  var sensor: BoardSensor<SimulatedI2CBus, SimulatedOneWireBus, SimulatedADC>

  init(startingAt milliseconds: UInt64 = 0) {
    clock = VirtualClock(microseconds: milliseconds * 1000)
    bus = SimulatedI2CBus(clock: clock)
    wire = SimulatedOneWireBus(clock: clock)
    bus.isTracing = true
    sensor = BoardSensor(bus: bus, wire: wire, adc: adc)
    adc.temperature = 40
  }

  /// One reading: begin, then a look each 10 ms, for 1.5 s at most.
  func read() -> Measurement? {
    sensor.begin(now: clock.milliseconds)
    for _ in 0..<150 {
      if let measurement = sensor.poll(now: clock.milliseconds) { return measurement }
      clock.advance(milliseconds: 10)
    }
    return nil
  }
}

@Suite struct BoardSensorTests {
  let board = Board()
  let bme280 = BME280Model()
  let sht31 = SHT31Model(address: 0x45)
  let tmp117 = TMP117Model(address: 0x4B)
  let ds18b20 = DS18B20Model(serial: 18)

  @Test func theBestChipIsTaken() {
    #expect(board.read()?.sensor == .onChip)
    for (kind, plugIn) in [
      (SensorKind.ds18b20, { board.wire.plugIn(ds18b20) }), (.tmp117, { board.bus.plugIn(tmp117) }),
      (.sht31, { board.bus.plugIn(sht31) }), (.bme280, { board.bus.plugIn(bme280) }),
    ] {
      plugIn()
      board.clock.advance(milliseconds: 5)
      var sensor = BoardSensor(bus: board.bus, wire: board.wire, adc: board.adc)
      sensor.begin(now: board.clock.milliseconds)
      #expect(sensor.sensor == kind)
    }
  }

  @Test(arguments: [SensorKind.bme280, .bmp280, .sht31, .tmp117, .ds18b20, .onChip])
  func everyChipGivesItsOwnValues(kind: SensorKind) throws {
    switch kind {
    case .bme280: board.bus.attach(BME280Model(.bme280, address: 0x77))
    case .bmp280: board.bus.attach(BME280Model(.bmp280))
    case .sht31: board.bus.attach(sht31)
    case .tmp117: board.bus.attach(tmp117)
    case .ds18b20:
      board.wire.attach(ds18b20)
      board.wire.attach(DS18B20Model(serial: 1, family: 0x10))
    case .onChip, .none: board.adc.temperature = 20
    }
    let measurement = try #require(board.read())
    #expect(measurement.quality == .ok)
    #expect(measurement.sensor == kind)
    #expect(abs(try #require(measurement.temperatureCentiCelsius) - 2000) <= 25)
    #expect((measurement.humidityCentiPercent != nil) == (kind == .bme280 || kind == .sht31))
    #expect((measurement.pressurePascals != nil) == (kind == .bme280 || kind == .bmp280))
    #expect(bme280.complaints + sht31.complaints + tmp117.complaints + ds18b20.complaints == [])
  }

  @Test func nobodyTouchesAParasiticChipWhileItConverts() {
    let chip = DS18B20Model(serial: 18, isParasitic: true)
    board.wire.attach(chip)
    for _ in 0..<5 { #expect(board.read()?.quality == .ok) }
    #expect(chip.complaints == [])
  }

  @Test func parasiticChipIsLeftInPeaceEvenWhenSearchingTookLong() {
    let chip = DS18B20Model(serial: 18, isParasitic: true)
    board.wire.attach(chip)
    // Two time-outs on the way to it: 40 ms.
    board.bus.failNext(.timeout, times: 8)
    for _ in 0..<8 where board.read()?.quality == .ok { break }
    #expect(board.sensor.sensor == .ds18b20)
    #expect(chip.complaints == [])
  }

  @Test func betterChipIsFoundWithinAMinute() {
    #expect(board.read()?.sensor == .onChip)
    board.bus.plugIn(bme280)
    board.clock.advance(milliseconds: 59_000)
    #expect(board.read()?.sensor == .onChip)
    board.clock.advance(milliseconds: 1000)
    #expect(board.read()?.sensor == .bme280)
  }

  @Test func lookingForABetterChipKeepsItsTimeAcrossTheWrapOfTheClock() {
    let board = Board(startingAt: 4_294_967_296 - 30_000)
    #expect(board.read()?.sensor == .onChip)
    board.bus.plugIn(bme280)
    board.clock.advance(milliseconds: 59_000)
    #expect(board.read()?.sensor == .onChip)
    board.clock.advance(milliseconds: 1000)
    #expect(board.read()?.sensor == .bme280)
  }

  @Test func bestChipIsNeverLeftForALook() {
    board.bus.attach(bme280)
    _ = board.read()
    board.clock.advance(milliseconds: 200_000)
    board.bus.clearTrace()
    _ = board.read()
    #expect(!board.bus.trace.contains { $0.hasPrefix("R 76 D0") })
  }

  @Test func failingChipIsGivenThreeTriesBeforeALesserOneIsTaken() {
    board.bus.attach(bme280)
    board.bus.faultPlan = { $0.address == 0x76 ? .nackData(byte: 0) : nil }
    #expect((0..<4).map { _ in board.read()?.sensor } == [SensorKind.none, SensorKind.none, SensorKind.none, .onChip])
    // It was the cable.
    board.bus.heal()
    board.clock.advance(milliseconds: 60_000)
    #expect(board.read()?.sensor == .bme280)
  }

  @Test func oneFailureAtTheStartDoesNotCostTheChip() {
    board.bus.attach(bme280)
    board.bus.failNext(.flipRead(byte: 2, bit: 1), after: 2)
    #expect(board.read() == .missing(.crc))
    #expect(board.read()?.sensor == .bme280)
  }

  @Test func lostChipGivesWayToALesserOne() {
    board.bus.attach(bme280)
    _ = board.read()
    board.bus.unplug(bme280)
    #expect((0..<3).map { _ in board.read() } == Array(repeating: .missing(.nack, .bme280), count: 3))
    #expect(board.read()?.sensor == .onChip)
  }

  @Test func heldBusIsFreedByNineClocks() {
    board.bus.attach(bme280)
    _ = board.read()
    board.bus.failNext(.holdSDA)
    #expect(board.read() == .missing(.stuck, .bme280))
    #expect(board.bus.recoveryCount == 1)
    #expect(board.read()?.quality == .ok)
    #expect(board.bus.recoveryCount == 1)
  }

  @Test func busThatIsHeldAtTheStartIsFreedToo() {
    board.bus.attach(bme280)
    board.bus.failNext(.holdSDA)
    #expect(board.read() == .missing(.stuck))
    #expect(board.read()?.sensor == .bme280)
  }

  @Test func deadBusCostsNoMoreThanTwoTimeouts() {
    board.bus.faultPlan = { _ in .timeout }
    let before = board.clock.milliseconds
    board.sensor.begin(now: before)
    #expect((40...45).contains(board.clock.milliseconds - before))
  }

  @Test func stuckBusIsLeftAtTheFirstSignAndTheOtherWiresAreStillLookedAt() {
    board.wire.attach(ds18b20)
    board.bus.faultPlan = { _ in .stuck }
    for _ in 0..<3 {
      board.bus.clearTrace()
      #expect(board.read() == .missing(.stuck))
      #expect(board.bus.trace == ["R 76 D0 ! stuck", "9 clocks"])
    }
    #expect(board.read()?.sensor == .ds18b20)
  }

  @Test func stretchingUpToTwentyMillisecondsIsPatience() {
    board.bus.attach(tmp117)
    _ = board.read()
    board.bus.failNext(.stretch(microseconds: 19_000))
    #expect(board.read()?.quality == .ok)
    board.bus.failNext(.stretch(microseconds: 21_000))
    #expect(board.read() == .missing(.stuck, .tmp117))
  }

  @Test func silentSHT31IsNackAndAnEndlessConversionIsStuck() {
    board.bus.attach(sht31)
    _ = board.read()
    sht31.hangs = true
    #expect(board.read() == .missing(.nack, .sht31))
    sht31.hangs = false
    board.bus.unplug(sht31)
    let other = Board()
    other.bus.attach(tmp117)
    tmp117.hangs = true
    #expect(other.read() == .missing(.stuck, .tmp117))
  }

  @Test func sht31ThatHangsIsResetAfterThreeFailures() {
    board.bus.attach(sht31)
    _ = board.read()
    board.bus.clearTrace()
    board.bus.failNext(.flipRead(byte: 1, bit: 1), address: 0x45, after: 1)
    board.bus.failNext(.flipRead(byte: 1, bit: 1), address: 0x45, after: 1)
    board.bus.failNext(.flipRead(byte: 1, bit: 1), address: 0x45, after: 1)
    for _ in 0..<3 { #expect(board.read() == .missing(.crc, .sht31)) }
    #expect(board.bus.trace.last == "W 45 30 A2")
    board.clock.advance(milliseconds: 2)
    #expect(board.read()?.quality == .ok)
  }

  @Test func onChipOffsetTakesEffectAtOnce() throws {
    let before = try #require(board.read()?.temperatureCentiCelsius)
    board.sensor.offsetCentiCelsius = -700
    #expect(board.read()?.temperatureCentiCelsius == before - 700)
  }

  @Test func boardWithoutAnInputOrALineHasOnlyItsBus() {
    let bus = SimulatedI2CBus()
    var sensor = BoardSensor(bus: bus, wire: NoOneWire(), adc: NoADC())
    sensor.begin(now: 0)
    #expect(sensor.poll(now: 0) == .missing(.absent))
    bus.plugIn(tmp117)
    bus.clock.advance(milliseconds: 2)
    sensor.begin(now: 10)
    #expect(sensor.sensor == .tmp117)
  }

  /// What stands for a wire that is not there answers as one on which nobody is.
  @Test func lineThatIsNotThereIsIdle() {
    let wire = NoOneWire()
    #expect(throws: OneWireError.noPresence) { try wire.reset() }
    wire.write(bit: false)
    wire.write(0x44, keepPowered: true)
    #expect(wire.readBit())
    #expect(wire.readByte() == 0xFF)
    #expect(NoADC().read() == 0)
  }
}
