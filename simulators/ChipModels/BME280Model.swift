/// A BME280, or a BMP280, at the level of its registers (Bosch BST-BME280-DS002, BST-BMP280-DS001).
///
///     let chip = BME280Model()
///     chip.temperature = 22.53
///     bus.attach(chip)
///
/// It measures when forced, or again and again in normal mode, takes the datasheet's longest time for it, and shows its
/// reset values until then. The filter smooths temperature and pressure, as in the chip.
public final class BME280Model: I2CChip {
  /// Which of the two it is.
  public enum Variant: Sendable {
    /// With humidity, id 0x60.
    case bme280
    /// Without, id 0x58.
    case bmp280
  }

  /// Raw values of the converter.
  public struct Raw: Equatable, Sendable {
    /// 20 bits.
    public var pressure: UInt32
    /// 20 bits.
    public var temperature: UInt32
    /// 16 bits.
    public var humidity: UInt32

    /// Raw values by hand.
    public init(pressure: UInt32, temperature: UInt32, humidity: UInt32) {
      self.pressure = pressure
      self.temperature = temperature
      self.humidity = humidity
    }

    static let reset = Raw(pressure: 0x80000, temperature: 0x80000, humidity: 0x8000)
  }

  /// 0x76 or 0x77.
  public let address: UInt8
  /// Which chip this is.
  public let variant: Variant
  /// Its calibration.
  public let trim: BME280Trim
  /// The air's temperature in °C; what the chip cannot measure is cut off at its converter's ends.
  public var temperature = 20.0
  /// The air's relative humidity in %RH.
  public var humidity = 50.0
  /// The air's pressure in Pa.
  public var pressure = 101_325.0
  /// What the converter gives in place of the air's values, for published examples.
  public var rawOverride: Raw?
  /// The measuring bit stays set: a measurement that never ends.
  public var hangs = false
  /// What a driver did that the datasheet does not allow.
  public private(set) var complaints: [String] = []
  /// Measurements finished since the start.
  public private(set) var measurementCount = 0

  var pointer: UInt8 = 0
  var controlHumidity: UInt8 = 0
  var latchedHumidity: UInt8 = 0
  var controlMeasurement: UInt8 = 0
  var config: UInt8 = 0
  var data = Raw.reset
  var now: UInt64 = 0
  var readyAt: UInt64?
  var silentUntil: UInt64 = 0
  /// What the filter remembers; `nil` before its first measurement.
  var filtered: (temperature: Double, pressure: Double)?
  var copyingUntil: UInt64 = 0

  /// A chip that has been under power for a while.
  public init(_ variant: Variant = .bme280, address: UInt8 = 0x76, trim: BME280Trim = .published) {
    self.variant = variant
    self.address = address
    self.trim = trim
  }

  /// Sets the air: °C, %RH, Pa.
  public func setAir(temperature: Double, humidity: Double, pressure: Double) {
    self.temperature = temperature
    self.humidity = humidity
    self.pressure = pressure
  }

  /// Finishes a measurement whose time is over.
  public func advance(to microseconds: UInt64) {
    now = microseconds
    guard let readyAt, now >= readyAt, !hangs else { return }
    data = smoothed(measured())
    measurementCount += 1
    guard isNormal else {
      // Forced mode ends in sleep mode (section 3.3.3).
      controlMeasurement &= 0b1111_1100
      self.readyAt = nil
      return
    }
    // Normal mode goes on after a pause (section 3.3.4). What happened unseen in between is one measurement.
    let cycle = measuringMicroseconds + standbyMicroseconds
    self.readyAt = readyAt + ((now - readyAt) / cycle + 1) * cycle
  }

  /// Whether the 2 ms after power-up are over (section 1, start-up time).
  public func acknowledges() -> Bool { now >= silentUntil }

  /// A register number, or pairs of register and value (section 6.2.1: no auto-increment in writes).
  public func write(_ bytes: [UInt8]) -> Int {
    guard let first = bytes.first else { return 0 }
    pointer = first
    var index = 0
    while index + 1 < bytes.count {
      store(bytes[index + 1], in: bytes[index])
      index += 2
    }
    // A register without its value selects it for the read that follows.
    if index < bytes.count {
      pointer = bytes[index]
      if index > 0 { complaints.append("odd byte after register and value pairs") }
    }
    return bytes.count
  }

  /// Consecutive registers.
  public func read(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      defer { pointer &+= 1 }
      return register(pointer)
    }
  }

  /// As after a power-up.
  public func powerCycle(at microseconds: UInt64) {
    reset(at: microseconds)
    silentUntil = microseconds + 2000
  }

  private func reset(at microseconds: UInt64) {
    now = microseconds
    controlHumidity = 0
    latchedHumidity = 0
    controlMeasurement = 0
    config = 0
    data = .reset
    readyAt = nil
    filtered = nil
    copyingUntil = microseconds + 2000
  }

  private func store(_ value: UInt8, in register: UInt8) {
    switch register {
    case 0xE0:
      // Section 5.4.2: any other value does nothing.
      if value == 0xB6 {
        reset(at: now)
      } else {
        complaints.append("reset register written with \(SimulatedI2CBus.hex([value]))")
      }
    case 0xF2 where variant == .bme280:
      controlHumidity = value & 0x07
    case 0xF4:
      controlMeasurement = value
      // Only this write makes ctrl_hum effective (section 5.4.3).
      latchedHumidity = controlHumidity
      if value & 0x03 == 0 {
        // Sleep ends the normal mode after the measurement under way.
        if !isMeasuring { readyAt = nil }
      } else if !isMeasuring {
        readyAt = now + measuringMicroseconds
      }
    case 0xF5:
      // Section 5.4.6: in normal mode the chip may ignore it.
      if isNormal {
        complaints.append("config written in normal mode")
      } else {
        config = value
        if value & 0b0001_1100 == 0 { filtered = nil }
      }
    default:
      complaints.append("write to read-only register \(SimulatedI2CBus.hex([register]))")
    }
  }

  private func register(_ number: UInt8) -> UInt8 {
    switch number {
    case 0x88...0xA1:
      // A BMP280 has no dig_H1.
      number == 0xA1 && variant == .bmp280 ? 0 : trim.low[Int(number) - 0x88]
    case 0xD0: variant == .bme280 ? 0x60 : 0x58
    case 0xE1...0xE7 where variant == .bme280: trim.high[Int(number) - 0xE1]
    case 0xF2 where variant == .bme280: controlHumidity
    case 0xF3: (isMeasuring ? 0x08 : 0) | (now < copyingUntil ? 0x01 : 0)
    case 0xF4: controlMeasurement
    case 0xF5: config
    case 0xF7: UInt8(data.pressure >> 12)
    case 0xF8: UInt8(data.pressure >> 4 & 0xFF)
    case 0xF9: UInt8(data.pressure << 4 & 0xF0)
    case 0xFA: UInt8(data.temperature >> 12)
    case 0xFB: UInt8(data.temperature >> 4 & 0xFF)
    case 0xFC: UInt8(data.temperature << 4 & 0xF0)
    case 0xFD where variant == .bme280: UInt8(data.humidity >> 8)
    case 0xFE where variant == .bme280: UInt8(data.humidity & 0xFF)
    default: 0
    }
  }

  private var isNormal: Bool { controlMeasurement & 0x03 == 0x03 }

  /// Not in the pauses of the normal mode.
  private var isMeasuring: Bool {
    guard let readyAt else { return false }
    return now + measuringMicroseconds >= readyAt
  }

  /// t_standby (table 27, and BST-BMP280-DS001 table 11).
  private var standbyMicroseconds: UInt64 {
    let common: [UInt64] = [500, 62_500, 125_000, 250_000, 500_000, 1_000_000]
    let last: [UInt64] = variant == .bme280 ? [10_000, 20_000] : [2_000_000, 4_000_000]
    return (common + last)[Int(config >> 5)]
  }

  /// The filter (section 3.4.4): the old value weighs `coefficient` − 1 times the new one; the first measurement passes.
  private func smoothed(_ raw: Raw) -> Raw {
    let coefficient = Double([1, 2, 4, 8, 16, 16, 16, 16][Int(config >> 2 & 7)])
    guard coefficient > 1, let old = filtered else {
      filtered = (Double(raw.temperature), Double(raw.pressure))
      return raw
    }
    let temperature = (old.temperature * (coefficient - 1) + Double(raw.temperature)) / coefficient
    let pressure = (old.pressure * (coefficient - 1) + Double(raw.pressure)) / coefficient
    filtered = (temperature, pressure)
    return Raw(
      pressure: UInt32(pressure.rounded()), temperature: UInt32(temperature.rounded()), humidity: raw.humidity)
  }

  private static func oversampling(_ code: UInt8) -> UInt32 {
    code == 0 ? 0 : 1 << UInt32(min(code, 5) - 1)
  }

  private var oversampling: (temperature: UInt32, pressure: UInt32, humidity: UInt32) {
    (
      Self.oversampling(controlMeasurement >> 5), Self.oversampling(controlMeasurement >> 2 & 7),
      variant == .bme280 ? Self.oversampling(latchedHumidity) : 0
    )
  }

  /// The longest measuring time (section 9.1): 9.3 ms at ×1.
  private var measuringMicroseconds: UInt64 {
    let times = oversampling
    var total: UInt64 = 1250 + 2300 * UInt64(times.temperature)
    if times.pressure > 0 { total += 2300 * UInt64(times.pressure) + 575 }
    if times.humidity > 0 { total += 2300 * UInt64(times.humidity) + 575 }
    return total
  }

  private func measured() -> Raw {
    if let rawOverride { return rawOverride }
    let times = oversampling
    var raw = Raw.reset
    // Without a temperature the pressure is measured all the same; the chip knows nothing of compensation.
    let air = Self.search(to: 0xFFFFF) { trim.fine(Double($0)) >= temperature * 5120 }
    let fine = trim.fine(Double(air))
    if times.temperature > 0 { raw.temperature = Self.quantised(air, times.temperature) }
    if times.pressure > 0 {
      // More pressure is a smaller raw value.
      raw.pressure = Self.quantised(
        Self.search(to: 0xFFFFF) { trim.pascals(Double($0), fine: fine) <= pressure }, times.pressure)
    }
    if times.humidity > 0 {
      raw.humidity = Self.search(to: 0xFFFF) { trim.percent(Double($0), fine: fine) >= humidity }
    }
    return raw
  }

  /// 16 bits at ×1, one more with each doubling (section 3.4.4).
  private static func quantised(_ raw: UInt32, _ times: UInt32) -> UInt32 {
    let step = max(16 / times, 1)
    return min((raw + step / 2) / step * step, 0x100000 - step)
  }

  /// The smallest raw value for which `reached` holds, by bisection; the formulas are monotonic over the converter's range.
  private static func search(to limit: UInt32, _ reached: (UInt32) -> Bool) -> UInt32 {
    var (low, high): (UInt32, UInt32) = (0, limit)
    while low < high {
      let middle = (low + high) / 2
      if reached(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
