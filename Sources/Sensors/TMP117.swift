import HAL
import Telemetry

/// Texas Instruments TMP117 (temperature, ±0.1 °C) on I²C.
///
///     var chip = TMP117(bus: bus, address: 0x48)
///     try chip.probe()                       // once: the device id
///     try chip.start()                       // about 125 ms of work for the chip
///     while true {
///       if let measurement = try chip.poll() { … break }
///     }
///
/// Registers: TI SNOSD82, section 7.6.
public struct TMP117<Bus: I2CBus> {
  /// The registers used; 16 bits each, most significant byte first.
  public enum Register: UInt8, Sendable {
    /// Two's complement, 7.8125 m°C a bit.
    case temperature = 0x00
    /// Mode, averaging, data-ready flag.
    case configuration = 0x01
    /// 0x117 in the low 12 bits, the revision above.
    case deviceID = 0x0F
  }

  /// What is written to the configuration: one shot of eight averaged conversions, in 125 ms (table 7-7).
  static var oneShot: UInt16 { 0b0000_1100_0010_0000 }
  /// Bits 11:10: after a one-shot conversion the chip is in shut-down (01), after a power-up in continuous mode (00).
  static var modeMask: UInt16 { 0x0C00 }
  static var shutDown: UInt16 { 0x0400 }
  static var dataReady: UInt16 { 0x2000 }

  /// 0x48 … 0x4B.
  public let address: UInt8
  let bus: Bus

  /// A driver for the chip at `address`; touches the bus only when asked to.
  public init(bus: Bus, address: UInt8) {
    self.bus = bus
    self.address = address
  }

  /// Reads the device id.
  ///
  /// - Throws: `SensorError`.
  public func probe() throws(SensorError) {
    let id = try read(.deviceID)
    guard id & 0x0FFF == 0x0117 else { throw .unexpectedID(id) }
  }

  /// Starts one conversion.
  ///
  /// - Throws: `SensorError.bus`.
  public func start() throws(SensorError) {
    // Reading clears a data-ready flag that an earlier conversion left: it would pass for this one's.
    _ = try read(.configuration)
    let bytes: InlineArray<3, UInt8> = [
      Register.configuration.rawValue, UInt8(Self.oneShot >> 8), UInt8(Self.oneShot & 0xFF),
    ]
    do throws(I2CError) {
      try bus.write(address, bytes.span)
    } catch {
      throw .bus(error, register: UInt16(Register.configuration.rawValue))
    }
  }

  /// What the conversion gave, or `nil` while its data are not ready.
  ///
  /// - Throws: `SensorError.bus`.
  public func poll() throws(SensorError) -> Measurement? {
    let configuration = try read(.configuration)
    // Neither converting once nor done with it: the chip lost power meanwhile and converts on its own.
    let mode = configuration & Self.modeMask
    guard mode == Self.shutDown || mode == Self.oneShot & Self.modeMask else { return .missing(.powerOn, .tmp117) }
    guard configuration & Self.dataReady != 0 else { return nil }
    return Self.measurement(try read(.temperature))
  }

  private func read(_ register: Register) throws(SensorError) -> UInt16 {
    var bytes = InlineArray<2, UInt8>(repeating: 0)
    var answer = bytes.mutableSpan
    do throws(I2CError) {
      try bus.read(address, register: register.rawValue, into: &answer)
    } catch {
      throw .bus(error, register: UInt16(register.rawValue))
    }
    return UInt16(bytes[0]) << 8 | UInt16(bytes[1])
  }
}

extension TMP117 {
  /// 7.8125 m°C a bit (section 7.6.2), in 0.01 °C.
  public static func centiCelsius(_ raw: UInt16) -> Int32 {
    roundedDivision(Int32(Int16(bitPattern: raw)) * 25, by: 32)
  }

  /// What the temperature register means. 0x8000 is its value before the first conversion; the chip measures −55 … 150 °C.
  public static func measurement(_ raw: UInt16) -> Measurement {
    guard raw != 0x8000 else { return .missing(.powerOn, .tmp117) }
    let value = centiCelsius(raw)
    guard value >= -5500, value <= 15_000 else { return .missing(.range, .tmp117) }
    return Measurement(temperatureCentiCelsius: value, quality: .ok, sensor: .tmp117)
  }
}
