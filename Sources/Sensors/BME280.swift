import HAL
import Telemetry

/// Bosch BME280 (temperature, humidity, pressure) and BMP280 (no humidity) on I²C.
///
/// A measurement is made in forced mode and never waited for:
///
///     var chip = BME280(bus: bus, address: 0x76)
///     try chip.probe()                       // once: id and calibration
///     try chip.start()                       // about 9 ms of work for the chip
///     while true {
///       if let measurement = try chip.poll() { … break }
///     }
///
/// Registers and formulas: Bosch BST-BME280-DS002, BST-BMP280-DS001.
public struct BME280<Bus: I2CBus> {
  /// The registers used, by the datasheet's names (section 5.3).
  public enum Register: UInt8, Sendable {
    /// dig_T1 … dig_P9, one reserved byte, dig_H1: 26 bytes.
    case calibration00 = 0x88
    /// 0x60 BME280, 0x58 BMP280.
    case id = 0xD0
    /// dig_H2 … dig_H6: 7 bytes.
    case calibration26 = 0xE1
    /// Humidity oversampling; takes effect with the next write to `controlMeasurement`.
    case controlHumidity = 0xF2
    /// Bit 3: measuring; bit 0: calibration is being copied from NVM.
    case status = 0xF3
    /// Temperature and pressure oversampling, and the mode.
    case controlMeasurement = 0xF4
    /// Pressure, temperature (20 bits each) and humidity (16 bits): 8 bytes.
    case data = 0xF7
  }

  /// 0x76 or 0x77.
  public let address: UInt8
  /// `.bme280` or `.bmp280` once `probe()` succeeded, `.none` before.
  public private(set) var kind: SensorKind = .none
  /// What `probe()` read.
  public private(set) var calibration = BME280Calibration()
  let bus: Bus

  /// ctrl_hum: osrs_h ×1.
  private static var humidityTimesOne: UInt8 { 0b001 }
  /// ctrl_meas: osrs_t ×1, osrs_p ×1.
  private static var bothTimesOne: UInt8 { 0b001_001_00 }
  /// ctrl_meas: one measurement.
  private static var forcedMode: UInt8 { 0b01 }

  /// A driver for the chip at `address`; touches the bus only when asked to.
  public init(bus: Bus, address: UInt8) {
    self.bus = bus
    self.address = address
  }

  /// Reads the id and, twice, the calibration.
  ///
  /// The chip has no checksum, and one flipped calibration bit would falsify every reading until the next start: two
  /// reads must agree.
  ///
  /// - Throws: `SensorError`; the driver is then as before.
  public mutating func probe() throws(SensorError) {
    let found: SensorKind
    switch try read(.id) {
    case 0x60: found = .bme280
    case 0x58: found = .bmp280
    case let other: throw .unexpectedID(UInt16(other))
    }
    guard try read(.status) & 0x01 == 0 else { throw .starting }
    let first = try readCalibration(of: found)
    guard try readCalibration(of: found) == first else {
      throw .unstable(register: UInt16(Register.calibration00.rawValue))
    }
    calibration = first
    kind = found
  }

  /// Starts one measurement of every channel at oversampling ×1. `probe()` must have succeeded.
  ///
  /// - Throws: `SensorError.bus`.
  public mutating func start() throws(SensorError) {
    precondition(kind != .none, "start() before probe()")
    if kind == .bme280 { try write(.controlHumidity, Self.humidityTimesOne) }
    try write(.controlMeasurement, Self.bothTimesOne | Self.forcedMode)
  }

  /// What the measurement gave, or `nil` while the chip says it is measuring.
  ///
  /// - Throws: `SensorError.bus`.
  public mutating func poll() throws(SensorError) -> Measurement? {
    guard try read(.status) & 0x08 == 0 else { return nil }
    var burst = InlineArray<8, UInt8>(repeating: 0)
    var bytes = burst.mutableSpan
    try read(.data, into: &bytes)
    let raw = BME280Raw(burst.span)
    if raw.holdsAResetValue, try hasForgotten() { return .missing(.powerOn, kind) }
    return BME280Compensation.measurement(raw, calibration, sensor: kind)
  }

  /// Whether the chip lost power since `start()`: its control registers are not what was written.
  ///
  /// A reset value in the data is a real value too, near 26 °C or 50 %RH; and a chip that lost power between the two
  /// writes of `start()` measures without humidity. Only the control registers tell these apart.
  private func hasForgotten() throws(SensorError) -> Bool {
    if kind == .bme280, try read(.controlHumidity) & 0b111 != Self.humidityTimesOne { return true }
    return try read(.controlMeasurement) & 0b111_111_00 != Self.bothTimesOne
  }

  private func readCalibration(of kind: SensorKind) throws(SensorError) -> BME280Calibration {
    var low = InlineArray<26, UInt8>(repeating: 0)
    var high = InlineArray<7, UInt8>(repeating: 0)
    var bytes = low.mutableSpan
    try read(.calibration00, into: &bytes)
    if kind == .bme280 {
      var more = high.mutableSpan
      try read(.calibration26, into: &more)
    }
    return BME280Calibration(low: low.span, high: high.span)
  }

  private func read(_ register: Register) throws(SensorError) -> UInt8 {
    var byte = InlineArray<1, UInt8>(repeating: 0)
    var bytes = byte.mutableSpan
    try read(register, into: &bytes)
    return byte[0]
  }

  private func read(_ register: Register, into bytes: inout MutableSpan<UInt8>) throws(SensorError) {
    do throws(I2CError) {
      try bus.read(address, register: register.rawValue, into: &bytes)
    } catch {
      throw .bus(error, register: UInt16(register.rawValue))
    }
  }

  private func write(_ register: Register, _ value: UInt8) throws(SensorError) {
    do throws(I2CError) {
      try bus.write(address, register: register.rawValue, value)
    } catch {
      throw .bus(error, register: UInt16(register.rawValue))
    }
  }
}
