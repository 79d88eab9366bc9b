import HAL
import Sensors
import Telemetry

/// A chip whose registers can be read by a person.
public enum DecodableChip: String, CaseIterable, Sendable {
  case bme280, bmp280, sht31, tmp117, ds18b20
}

/// What the drivers make of a chip's registers, line by line, for a person with an odd chip.
///
///     print(try decodeRegisters(of: .tmp117, RegisterDump("00: 0C 80\n0F: 01 17")))
///     // device id     0117  a TMP117
///     // temperature   0C80  25.00 °C
///     // reading       25.00 °C  ok
///
/// - Parameters:
///   - chip: which chip it is.
///   - dump: BME280: 88…A1, E1…E7 and F7…FE; BMP280: 88…9F and F7…FC, and D0, F2…F5 if there. SHT31: the answers to 2400 and
///     F32D. TMP117: 00, and 01 and 0F if there. DS18B20: the answer to BE, and to 33 (the code) if there.
/// - Returns: lines, each with its end.
/// - Throws: what the dump lacks.
public func decodeRegisters(of chip: DecodableChip, _ dump: RegisterDump) throws(RegisterDump.Failure) -> String {
  var report = Report()
  switch chip {
  case .bme280: try report.bosch(dump, .bme280)
  case .bmp280: try report.bosch(dump, .bmp280)
  case .sht31: try report.sht31(dump)
  case .tmp117: try report.tmp117(dump)
  case .ds18b20: try report.ds18b20(dump)
  }
  return report.text
}

struct Report {
  var text = ""

  /// A line: name, bytes, meaning.
  mutating func line(_ name: String, _ bytes: [UInt8], _ meaning: String) {
    let padded = name + String(repeating: " ", count: max(1, 14 - name.count))
    let digits = bytes.map { Self.hex($0) }.joined()
    text += padded + [digits, meaning].filter { !$0.isEmpty }.joined(separator: "  ") + "\n"
  }

  /// What the device would report.
  mutating func reading(_ measurement: Measurement) {
    var values: [String] = []
    if let value = measurement.temperatureCentiCelsius { values.append(Self.hundredths(value) + " °C") }
    if let value = measurement.humidityCentiPercent { values.append(Self.hundredths(value) + " %RH") }
    if let value = measurement.pressurePascals { values.append(Self.hundredths(value) + " hPa") }
    line("reading", [], (values + [measurement.quality.name.description]).joined(separator: "  "))
  }

  static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  static func hundredths(_ value: Int32) -> String {
    let digits = String(value.magnitude % 100)
    return (value < 0 ? "-" : "") + "\(value.magnitude / 100)." + (digits.count < 2 ? "0" : "") + digits
  }

  static func word(_ bytes: [UInt8]) -> UInt16 { UInt16(bytes[0]) << 8 | UInt16(bytes[1]) }

  static func needed(_ bytes: [UInt8]?, _ what: String) throws(RegisterDump.Failure) -> [UInt8] {
    guard let bytes else { throw RegisterDump.Failure(line: nil, reason: "the dump lacks \(what)") }
    return bytes
  }
}

extension Report {
  mutating func bosch(_ dump: RegisterDump, _ kind: SensorKind) throws(RegisterDump.Failure) {
    if let id = dump.registers(0xD0, 1) {
      let names: [UInt8: String] = [0x60: "a BME280", 0x58: "a BMP280"]
      let wanted: UInt8 = kind == .bme280 ? 0x60 : 0x58
      let name = names[id[0]] ?? "neither a BME280 (60) nor a BMP280 (58)"
      let doubt = ", read as a \(kind == .bme280 ? "BME280" : "BMP280") all the same"
      line("id", id, id[0] == wanted ? name : name + doubt)
    }
    // A0 is reserved and A1 is humidity's H1: a BMP280's calibration ends at 9F (BST-BMP280-DS001 section 4.2).
    let count = kind == .bme280 ? 26 : 24
    var low = try Self.needed(
      dump.registers(0x88, count), "calibration: 88…\(kind == .bme280 ? "A1" : "9F"), \(count) bytes")
    low += [UInt8](repeating: 0, count: 26 - count)
    var high = [UInt8](repeating: 0, count: 7)
    if kind == .bme280 { high = try Self.needed(dump.registers(0xE1, 7), "calibration: E1…E7, 7 bytes") }
    let c = BME280Calibration(low: low.span, high: high.span)
    line("calibration", [], "T1…T3 \(c.t1) \(c.t2) \(c.t3)")
    line("", [], "P1…P9 \(c.p1) \(c.p2) \(c.p3) \(c.p4) \(c.p5) \(c.p6) \(c.p7) \(c.p8) \(c.p9)")
    if kind == .bme280 { line("", [], "H1…H6 \(c.h1) \(c.h2) \(c.h3) \(c.h4) \(c.h5) \(c.h6)") }
    if let control = dump.registers(0xF2, 1), kind == .bme280 {
      line("ctrl_hum", control, "humidity \(Self.oversampling(control[0]))")
    }
    if let status = dump.registers(0xF3, 1) {
      line("status", status, status[0] & 0x08 != 0 ? "measuring" : status[0] & 1 != 0 ? "starting" : "idle")
    }
    if let control = dump.registers(0xF4, 1) {
      let mode = ["sleep", "forced", "forced", "normal"][Int(control[0] & 3)]
      let (t, p) = (Self.oversampling(control[0] >> 5), Self.oversampling(control[0] >> 2))
      line("ctrl_meas", control, "temperature \(t), pressure \(p), \(mode) mode")
    }
    var data = try Self.needed(
      dump.registers(0xF7, kind == .bme280 ? 8 : 6), "data: F7…\(kind == .bme280 ? "FE" : "FC")")
    if data.count == 6 { data += [0x80, 0x00] }
    let raw = BME280Raw(data.span)
    line("pressure", Array(data[0..<3]), "raw \(raw.pressure)")
    line("temperature", Array(data[3..<6]), "raw \(raw.temperature)")
    if kind == .bme280 { line("humidity", Array(data[6..<8]), "raw \(raw.humidity)") }
    reading(BME280Compensation.measurement(raw, c, sensor: kind))
  }

  private static func oversampling(_ code: UInt8) -> String {
    ["skipped", "×1", "×2", "×4", "×8", "×16", "×16", "×16"][Int(code & 7)]
  }

  mutating func sht31(_ dump: RegisterDump) throws(RegisterDump.Failure) {
    if let status = dump.row(0xF32D, 3) {
      let word = Self.word(status)
      var words = [Self.sensirionVerdict(status)]
      if word & 0x8000 != 0 { words.append("alert pending") }
      if word & 0x2000 != 0 { words.append("heater on: readings are too warm") }
      if word & 0x0010 != 0 { words.append("was reset") }
      if word & 0x0002 != 0 { words.append("last command failed") }
      line("status", status, words.joined(separator: ", "))
    }
    let data = try Self.needed(dump.row(0x2400, 6), "a measurement: the six bytes after 2400")
    let (temperature, humidity) = (Array(data[0..<3]), Array(data[3..<6]))
    typealias Driver = SHT31<NoBus>
    line("temperature", temperature, Self.sensirionVerdict(temperature))
    line("humidity", humidity, Self.sensirionVerdict(humidity))
    guard Self.isSensirion(temperature), Self.isSensirion(humidity) else {
      return reading(.missing(.crc, .sht31))
    }
    reading(Driver.measurement(temperature: Self.word(temperature), humidity: Self.word(humidity)))
  }

  private static func isSensirion(_ bytes: [UInt8]) -> Bool { CRC8.sensirion(bytes[0], bytes[1]) == bytes[2] }

  private static func sensirionVerdict(_ bytes: [UInt8]) -> String {
    isSensirion(bytes) ? "checksum ok" : "checksum wrong: \(hex(CRC8.sensirion(bytes[0], bytes[1]))) expected"
  }

  mutating func tmp117(_ dump: RegisterDump) throws(RegisterDump.Failure) {
    if let id = dump.row(0x0F, 2) {
      line("device id", id, Self.word(id) & 0x0FFF == 0x0117 ? "a TMP117" : "not a TMP117 (117)")
    }
    if let configuration = dump.row(0x01, 2) {
      let word = Self.word(configuration)
      let mode = ["continuous", "shut down", "continuous", "one shot"][Int(word >> 10 & 3)]
      let flag = word & 0x2000 != 0 ? "data ready" : "no new data"
      line("configuration", configuration, "\(mode), \([1, 8, 32, 64][Int(word >> 5 & 3)]) averaged, \(flag)")
    }
    let data = try Self.needed(dump.row(0x00, 2), "register 00, two bytes")
    typealias Driver = TMP117<NoBus>
    line("temperature", data, Self.hundredths(Driver.centiCelsius(Self.word(data))) + " °C")
    reading(Driver.measurement(Self.word(data)))
  }

  mutating func ds18b20(_ dump: RegisterDump) throws(RegisterDump.Failure) {
    if let code = dump.row(0x33, 8) {
      let verdict = Self.isDallas(code) ? "checksum ok" : "checksum wrong"
      line("code", code, (code[0] == 0x28 ? "a DS18B20, " : "not a DS18B20 (28), ") + verdict)
    }
    let data = try Self.needed(dump.row(0xBE, 9), "the scratchpad: the nine bytes after BE")
    typealias Driver = DS18B20<NoOneWire>
    let raw = UInt16(data[1]) << 8 | UInt16(data[0])
    line("temperature", Array(data[0..<2]), Self.hundredths(Driver.centiCelsius(raw)) + " °C")
    line("alarms", Array(data[2..<4]), "\(Int8(bitPattern: data[2])) °C and \(Int8(bitPattern: data[3])) °C")
    line("configuration", [data[4]], "\(9 + (data[4] >> 5 & 3)) bits")
    line("checksum", [data[8]], Self.isDallas(data) ? "ok" : "wrong")
    guard Self.isDallas(data) else { return reading(.missing(.crc, .ds18b20)) }
    // A dump has no history: whether anything was measured since the power came, nobody can tell.
    reading(raw == 0x0550 ? .missing(.powerOn, .ds18b20) : Driver.measurement(raw))
  }

  private static func isDallas(_ bytes: [UInt8]) -> Bool {
    bytes.reduce(0) { CRC8.dallas($1, after: $0) } == 0
  }
}

/// Names a driver whose formulas are used without a bus.
struct NoBus: I2CBus {
  func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    throw .addressNotAcknowledged
  }
}
