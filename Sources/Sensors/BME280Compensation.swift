import Telemetry

/// What the analogue-to-digital converter of a BME280 gave, as read from 0xF7 … 0xFE.
public struct BME280Raw: Equatable, Sendable {
  /// 20 bits; 0x80000 also when the channel was skipped or nothing was measured since power-up.
  public var pressure: Int32
  /// 20 bits; 0x80000 also when the channel was skipped or nothing was measured since power-up.
  public var temperature: Int32
  /// 16 bits; 0x8000 also when the channel was skipped or nothing was measured since power-up.
  public var humidity: Int32

  /// Raw values by hand.
  public init(pressure: Int32, temperature: Int32, humidity: Int32) {
    self.pressure = pressure
    self.temperature = temperature
    self.humidity = humidity
  }

  /// The values in the 8 bytes of one burst, most significant byte first.
  public init(_ burst: Span<UInt8>) {
    precondition(burst.count == 8)
    pressure = Int32(burst[0]) << 12 | Int32(burst[1]) << 4 | Int32(burst[2]) >> 4
    temperature = Int32(burst[3]) << 12 | Int32(burst[4]) << 4 | Int32(burst[5]) >> 4
    humidity = Int32(burst[6]) << 8 | Int32(burst[7])
  }

  /// Whether any channel holds what it holds after a reset (table 18). One alone may be a real value.
  public var holdsAResetValue: Bool {
    temperature == 0x80000 || pressure == 0x80000 || humidity == 0x8000
  }

  /// Whether every channel that `sensor` has holds what it holds after a reset: nothing was measured.
  public func isReset(of sensor: SensorKind) -> Bool {
    temperature == 0x80000 && pressure == 0x80000 && (humidity == 0x8000 || sensor == .bmp280)
  }
}

/// Bosch's integer compensation (BST-BME280-DS002 section 4.2.3): raw values and calibration to physical units.
///
/// Calibration comes over a wire without a checksum, so every step is defined for every input: it wraps where the
/// published C would overflow, and no division can trap. What comes out of such input is caught by the range check.
public enum BME280Compensation {
  /// What a burst means: each value, or `nil` and the reason.
  ///
  /// Humidity and pressure are computed from the temperature; without one there is neither.
  public static func measurement(
    _ raw: BME280Raw, _ calibration: BME280Calibration, sensor: SensorKind
  ) -> Measurement {
    guard !raw.isReset(of: sensor) else { return .missing(.powerOn, sensor) }
    let fine = fineTemperature(raw.temperature, calibration)
    guard let temperature = centiCelsius(fine) else { return .missing(.range, sensor) }
    var result = Measurement(temperatureCentiCelsius: temperature, quality: .ok, sensor: sensor)

    if let pascals = pascals(raw.pressure, fine, calibration) {
      result.pressurePascals = pascals
    } else {
      result.quality = .range
    }

    if sensor == .bme280 {
      if let humidity = centiPercent(raw.humidity, fine, calibration) {
        result.humidityCentiPercent = humidity
      } else {
        result.quality = .range
      }
    }
    return result
  }

  /// `t_fine`, the temperature that the other formulas use: 1/5120 °C.
  public static func fineTemperature(_ raw: Int32, _ c: BME280Calibration) -> Int32 {
    let t1 = Int32(c.t1)
    let linear = (((raw >> 3) &- (t1 << 1)) &* Int32(c.t2)) >> 11
    let offset = (raw >> 4) &- t1
    let square = (((offset &* offset) >> 12) &* Int32(c.t3)) >> 14
    return linear &+ square
  }

  /// −4000 … 8500 in 0.01 °C, or `nil` outside: the chip cannot measure it.
  public static func centiCelsius(_ fine: Int32) -> Int32? {
    // ±40,000 °C: far outside, and small enough that nothing below overflows.
    guard fine > -0x0C00_0000, fine < 0x0C00_0000 else { return nil }
    // Bosch writes (t_fine * 5 + 128) >> 8, which rounds halves upwards; ours round away from zero.
    let value = roundedDivision(fine &* 5, by: 256)
    return value >= -4000 && value <= 8500 ? value : nil
  }

  /// Pressure in 1/256 Pa, by the 64-bit formula; `nil` when the calibration asks for a division by zero.
  public static func pressureQ8(_ raw: Int32, _ fine: Int32, _ c: BME280Calibration) -> Int64? {
    let t = Int64(fine) &- 128_000
    var offset = t &* t &* Int64(c.p6)
    offset = offset &+ ((t &* Int64(c.p5)) << 17)
    offset = offset &+ (Int64(c.p4) << 35)
    var scale = ((t &* t &* Int64(c.p3)) >> 8) &+ ((t &* Int64(c.p2)) << 12)
    scale = (((1 << 47) &+ scale) &* Int64(c.p1)) >> 33
    let numerator = (((1_048_576 &- Int64(raw)) << 31) &- offset) &* 3125
    // Division by zero, and the one quotient that does not fit.
    let (p, impossible) = numerator.dividedReportingOverflow(by: scale)
    guard !impossible else { return nil }
    let square = (Int64(c.p9) &* (p >> 13) &* (p >> 13)) >> 25
    let linear = (Int64(c.p8) &* p) >> 19
    return ((p &+ square &+ linear) >> 8) &+ (Int64(c.p7) << 4)
  }

  /// 30,000 … 110,000 Pa, or `nil` outside: the chip cannot measure it.
  public static func pascals(_ raw: Int32, _ fine: Int32, _ c: BME280Calibration) -> Int32? {
    guard let q8 = pressureQ8(raw, fine, c) else { return nil }
    let value = roundedDivision(q8, by: 256)
    return value >= 30_000 && value <= 110_000 ? Int32(value) : nil
  }

  /// Relative humidity in 1/1024 %RH. Bosch's C clamps to 0 … 100; this does not, so that a fault stays visible.
  public static func humidityQ10(_ raw: Int32, _ fine: Int32, _ c: BME280Calibration) -> Int32 {
    let t = fine &- 76_800
    let slope = ((t &* Int32(c.h6)) >> 10) &* (((t &* Int32(c.h3)) >> 11) &+ 32_768)
    let gain = (((slope >> 10) &+ 2_097_152) &* Int32(c.h2) &+ 8192) >> 14
    let signal = ((raw << 14) &- (Int32(c.h4) << 20) &- (Int32(c.h5) &* t) &+ 16_384) >> 15
    let humidity = signal &* gain
    let bend = ((((humidity >> 15) &* (humidity >> 15)) >> 7) &* Int32(c.h1)) >> 4
    return (humidity &- bend) >> 12
  }

  /// 0 … 10,000 in 0.01 %RH, or `nil` outside: the chip cannot measure it.
  public static func centiPercent(_ raw: Int32, _ fine: Int32, _ c: BME280Calibration) -> Int32? {
    let value = roundedDivision(humidityQ10(raw, fine, c) &* 100, by: 1024)
    return value >= 0 && value <= 10_000 ? value : nil
  }
}
