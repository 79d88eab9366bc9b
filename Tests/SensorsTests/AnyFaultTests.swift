import ChipModels
import Glibc
import HAL
import Sensors
import Telemetry
import Testing

/// One board, one chip, and everything that can go wrong on its wires, over and over, from a seed.
private final class Storm {
  let board = Board()
  let kind: SensorKind
  var random: SeededRandom
  let bosch: BME280Model
  let sht31 = SHT31Model()
  let tmp117 = TMP117Model()
  let ds18b20: DS18B20Model
  var isPlugged = false
  /// °C, %RH, Pa now.
  var air = (temperature: 20.0, humidity: 50.0, pressure: 100_000.0)

  init(_ kind: SensorKind, seed: UInt64) {
    self.kind = kind
    random = SeededRandom(seed: seed)
    bosch = BME280Model(kind == .bmp280 ? .bmp280 : .bme280, address: seed % 2 == 0 ? 0x76 : 0x77)
    ds18b20 = DS18B20Model(serial: seed, isParasitic: seed % 2 == 0)
    togglePlug()
  }

  /// What the drivers did wrong; a command that a fault cut off is not their doing.
  var complaints: [String] {
    (bosch.complaints + sht31.complaints + tmp117.complaints).filter { !$0.hasPrefix("1 bytes ") }
  }

  private var chip: (any I2CChip)? {
    switch kind {
    case .bme280, .bmp280: bosch
    case .sht31: sht31
    case .tmp117: tmp117
    case .ds18b20, .onChip, .none: nil
    }
  }

  func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  func togglePlug() {
    if let chip {
      if isPlugged { board.bus.unplug(chip) } else { board.bus.plugIn(chip) }
    } else if kind == .ds18b20 {
      if isPlugged { board.wire.unplug(ds18b20) } else { board.wire.plugIn(ds18b20) }
    }
    isPlugged.toggle()
  }

  func change() {
    board.clock.advance(milliseconds: UInt64.random(in: 0...3000, using: &random))
    // Always far from the last: a stale value is seen.
    let step = Double.random(in: 5...40, using: &random)
    air.temperature = air.temperature > 20 ? max(-39, air.temperature - step) : min(84, air.temperature + step)
    air.humidity = Double.random(in: 1...99, using: &random)
    air.pressure = Double.random(in: 31_000...109_000, using: &random)
    bosch.setAir(temperature: air.temperature, humidity: air.humidity, pressure: air.pressure)
    sht31.setAir(temperature: air.temperature, humidity: air.humidity)
    tmp117.temperature = air.temperature
    ds18b20.temperature = air.temperature
    board.adc.temperature = air.temperature
    let hangs = chance(25)
    (bosch.hangs, sht31.hangs, tmp117.hangs) = (hangs, hangs, hangs)
    if chance(25) { togglePlug() }
    if chance(25) { chip?.powerCycle(at: board.clock.microseconds) }
    if chance(25) { ds18b20.powerCycle(at: board.clock.microseconds) }
    board.bus.faultPlan = { [unowned self] in busFault($0) }
    board.wire.faultPlan = { [unowned self] in wireFault() }
  }

  private func busFault(_ request: BusRequest) -> BusFault? {
    switch Int.random(in: 0..<50, using: &random) {
    case 0: .nackAddress
    case 1: .nackData(byte: Int.random(in: 0..<3, using: &random))
    case 2: .timeout
    case 3: .stuck
    case 4: .holdSDA
    case 5: .brownOut
    case 6: .stretch(microseconds: UInt64.random(in: 0...40_000, using: &random))
    case 7...8 where isChecked(request):
      .flipRead(byte: Int.random(in: 0..<request.readCount, using: &random), bit: Int.random(in: 0..<8, using: &random))
    default: nil
    }
  }

  /// Only what has a checksum, or is read twice: nobody can tell a flipped bit in the data of a BME280 or a TMP117.
  private func isChecked(_ request: BusRequest) -> Bool {
    guard request.readCount > 0 else { return false }
    return kind == .sht31 || request.write == [0x88] || request.write == [0xE1]
  }

  private func wireFault() -> OneWireFault? {
    switch Int.random(in: 0..<40, using: &random) {
    case 0: .noPresence
    case 1: .shorted
    case 2: .brownOut
    case 3...5: .flipRead(slot: Int.random(in: 0..<140, using: &random))
    default: nil
    }
  }

  func settleDown() {
    board.bus.heal()
    board.wire.heal()
    (bosch.hangs, sht31.hangs, tmp117.hangs) = (false, false, false)
    if !isPlugged { togglePlug() }
  }

  /// Whether a measurement is whole and the air's, or honest about it.
  func isTrue(_ measurement: Measurement) -> Bool {
    if let value = measurement.temperatureCentiCelsius {
      let tolerance = measurement.sensor == .onChip ? 0.3 : measurement.sensor == .ds18b20 ? 0.04 : 0.02
      if abs(Double(value) / 100 - air.temperature) > tolerance { return false }
    }
    if let value = measurement.humidityCentiPercent, abs(Double(value) / 100 - air.humidity) > 0.1 { return false }
    if let value = measurement.pressurePascals, abs(Double(value) - air.pressure) > 6 { return false }
    guard measurement.quality == .ok else { return true }
    let hasHumidity = measurement.sensor == .bme280 || measurement.sensor == .sht31
    let hasPressure = measurement.sensor == .bme280 || measurement.sensor == .bmp280
    return measurement.temperatureCentiCelsius != nil && (measurement.humidityCentiPercent != nil) == hasHumidity
      && (measurement.pressurePascals != nil) == hasPressure
  }
}

@Suite struct AnyFaultTests {
  /// One seed when `FAULT_SEED` names it.
  static let seeds: ClosedRange<UInt64> =
    getenv("FAULT_SEED").flatMap { UInt64(String(cString: $0)) }.map { $0...$0 } ?? 1...8
  static let cases = [SensorKind.bme280, .bmp280, .sht31, .tmp117, .ds18b20, .onChip].flatMap { kind in
    seeds.map { (kind, $0) }
  }

  @Test(arguments: cases)
  func anyRunOfFaultsEndsInATrueValueOrAnHonestNull(kind: SensorKind, seed: UInt64) {
    let replay = "\(kind); replay: FAULT_SEED=\(seed) swift test --filter AnyFaultTests"
    let storm = Storm(kind, seed: seed)
    var good = 0
    for round in 0..<250 {
      storm.change()
      guard let measurement = storm.board.read() else {
        Issue.record("no measurement within 1.5 s; round \(round); \(replay)")
        return
      }
      if !storm.isTrue(measurement) {
        Issue.record("\(measurement) of \(storm.air), round \(round); \(replay)")
      }
      if measurement.quality == .ok { good += 1 }
    }
    #expect(good > 100, "only \(good) good readings of 250; \(replay)")
    storm.settleDown()
    // Three failures, three detections, and a minute for a better chip.
    for _ in 0..<8 {
      storm.board.clock.advance(milliseconds: 10_000)
      _ = storm.board.read()
    }
    let last = storm.board.read()
    #expect(last?.quality == .ok, "does not recover; \(replay)")
    #expect(last?.sensor == kind, "does not recover its chip; \(replay)")
    #expect(storm.complaints == [], "\(replay)")
  }
}
