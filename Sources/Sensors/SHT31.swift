import HAL
import Telemetry

/// Sensirion SHT31 (temperature, humidity) on I²C.
///
///     var chip = SHT31(bus: bus, address: 0x44)
///     try chip.probe()                       // does its status have a good checksum?
///     try chip.start()                       // 15.5 ms of work for the chip
///     while true {
///       if let measurement = try chip.poll() { … break }
///     }
///
/// Commands, checksum and formulas: Sensirion SHT3x-DIS datasheet.
public struct SHT31<Bus: I2CBus> {
  /// The commands used, two bytes each (section 4).
  public enum Command: UInt16, Sendable {
    /// One measurement, high repeatability, no clock stretching.
    case measure = 0x2400
    /// As after a power-up, in 1.5 ms.
    case softReset = 0x30A2
    /// The heater off: it warms the chip by degrees.
    case heaterOff = 0x3066
    /// 16 bits and their checksum.
    case readStatus = 0xF32D
  }

  /// The longest measurement at high repeatability, in ms (table 4: 15.5).
  public static var measuringMilliseconds: UInt32 { 16 }

  /// 0x44 or 0x45.
  public let address: UInt8
  let bus: Bus

  /// A driver for the chip at `address`; touches the bus only when asked to.
  public init(bus: Bus, address: UInt8) {
    self.bus = bus
    self.address = address
  }

  /// Reads the status, which only an SHT3x closes with the right checksum, and turns off a heater that is on.
  ///
  /// - Throws: `SensorError`.
  public func probe() throws(SensorError) {
    var bytes = InlineArray<3, UInt8>(repeating: 0)
    let command = Self.bytes(.readStatus)
    var answer = bytes.mutableSpan
    do throws(I2CError) {
      try bus.transaction(address, write: command.span, read: &answer)
    } catch {
      throw .bus(error, register: Command.readStatus.rawValue)
    }
    let status = try Self.word(bytes.span, at: 0, .readStatus)
    if status & 0x2000 != 0 { try send(.heaterOff) }
  }

  /// Starts one measurement.
  ///
  /// - Throws: `SensorError.bus`; a chip that still measures does not acknowledge.
  public func start() throws(SensorError) {
    try send(.measure)
  }

  /// What the measurement gave, or `nil` while the chip does not acknowledge: it measures, or it is gone.
  ///
  /// - Throws: `SensorError.bus`, `SensorError.checksum`.
  public func poll() throws(SensorError) -> Measurement? {
    var bytes = InlineArray<6, UInt8>(repeating: 0)
    var answer = bytes.mutableSpan
    do throws(I2CError) {
      try bus.read(address, into: &answer)
    } catch {
      if error == .addressNotAcknowledged { return nil }
      throw .bus(error, register: Command.measure.rawValue)
    }
    let temperature = try Self.word(bytes.span, at: 0, .measure)
    let humidity = try Self.word(bytes.span, at: 3, .measure)
    return Self.measurement(temperature: temperature, humidity: humidity)
  }

  /// Puts the chip into the state after a power-up, in 1.5 ms.
  ///
  /// - Throws: `SensorError.bus`.
  public func reset() throws(SensorError) {
    try send(.softReset)
  }

  private func send(_ command: Command) throws(SensorError) {
    let bytes = Self.bytes(command)
    do throws(I2CError) {
      try bus.write(address, bytes.span)
    } catch {
      throw .bus(error, register: command.rawValue)
    }
  }

  private static func bytes(_ command: Command) -> InlineArray<2, UInt8> {
    [UInt8(command.rawValue >> 8), UInt8(command.rawValue & 0xFF)]
  }

  private static func word(_ bytes: Span<UInt8>, at index: Int, _ command: Command) throws(SensorError) -> UInt16 {
    let (high, low) = (bytes[index], bytes[index + 1])
    guard CRC8.sensirion(high, low) == bytes[index + 2] else { throw .checksum(register: command.rawValue) }
    return UInt16(high) << 8 | UInt16(low)
  }
}

extension SHT31 {
  /// −45 + 175 · raw / 65535 °C (section 4.13), in 0.01 °C.
  public static func centiCelsius(_ raw: UInt16) -> Int32 {
    // Rounded as a whole: −45 °C is a multiple of the unit, and a sum of rounded parts would round halves the other way.
    roundedDivision(Int32(raw) * 17_500 - 4500 * 65_535, by: 65_535)
  }

  /// 100 · raw / 65535 %RH (section 4.13), in 0.01 %RH: 0 … 10,000.
  public static func centiPercent(_ raw: UInt16) -> Int32 {
    roundedDivision(Int32(raw) * 10_000, by: 65_535)
  }

  /// What two raw values mean. The chip measures −40 … 125 °C (section 1); its words reach to −45 and 130.
  public static func measurement(temperature: UInt16, humidity: UInt16) -> Measurement {
    let celsius = centiCelsius(temperature)
    guard celsius >= -4000, celsius <= 12_500 else { return .missing(.range, .sht31) }
    return Measurement(
      temperatureCentiCelsius: celsius, humidityCentiPercent: centiPercent(humidity), quality: .ok, sensor: .sht31)
  }
}
