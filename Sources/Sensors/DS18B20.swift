import HAL
import Telemetry

/// Maxim DS18B20 (temperature) on 1-Wire, one of several on a line, with or without a supply of its own.
///
///     let found = try OneWireSearch.run(on: wire, family: DS18B20<Wire>.family)
///     var chip = DS18B20(wire: wire, code: found.codes[0])
///     try chip.probe()
///     try chip.start()                       // 750 ms of work for the chip; the line must be left alone
///     … 750 ms later
///     let measurement = try chip.read()
///
/// Commands and memory: Maxim DS18B20 datasheet 19-7487.
public struct DS18B20<Wire: OneWireBus> {
  /// The commands used (table 3 and the ROM commands above it).
  public enum Command: UInt8, Sendable {
    /// The chip with the code that follows.
    case matchROM = 0x55
    /// Every chip.
    case skipROM = 0xCC
    /// Starts a conversion.
    case convert = 0x44
    /// Two alarm bytes and the configuration follow.
    case writeScratchpad = 0x4E
    /// Nine bytes, the last of them the checksum.
    case readScratchpad = 0xBE
    /// A low bit from a chip that lives on the line's current.
    case readPowerSupply = 0xB4
  }

  /// The low byte of the chip's code.
  public static var family: UInt8 { 0x28 }
  /// The longest conversion at 12 bits, in ms (table 2).
  public static var convertingMilliseconds: UInt32 { 750 }

  /// The alarm bytes and the configuration that `probe()` writes: 12 bits, and a mark that the chip forgets with its supply.
  /// After a power-up its alarm bytes are what its EEPROM holds, which nobody writes here.
  static var mark: (high: UInt8, low: UInt8, configuration: UInt8) { (0x4D, 0xB2, 0x7F) }
  /// 85 °C: also what the chip holds after a power-up.
  static var powerOnValue: UInt16 { 0x0550 }

  /// The chip's code; `nil` when it is alone on the line and called without.
  public let code: UInt64?
  /// Whether it lives on the line's current; known after `probe()`.
  public private(set) var isParasitic = false
  let wire: Wire
  /// Whether a value was seen since `probe()`.
  var hasMeasured = false

  /// A driver for the chip with `code`, or for the only one; touches the line only when asked to.
  public init(wire: Wire, code: UInt64?) {
    self.wire = wire
    self.code = code
  }

  /// Asks how the chip is supplied, sets 12 bits and the mark, and reads them back.
  ///
  /// - Throws: `SensorError`.
  public mutating func probe() throws(SensorError) {
    try select()
    wire.write(Command.readPowerSupply.rawValue)
    isParasitic = !wire.readBit()
    try select()
    wire.write(Command.writeScratchpad.rawValue)
    wire.write(Self.mark.high)
    wire.write(Self.mark.low)
    wire.write(Self.mark.configuration)
    guard try scratchpad().isMarked else { throw .ignored(register: UInt16(Command.writeScratchpad.rawValue)) }
    hasMeasured = false
  }

  /// Starts one conversion. Nothing may use the line for 750 ms.
  ///
  /// - Throws: `oneWire`; `ignored` when the chip does not say that it converts, which one without a supply cannot.
  public func start() throws(SensorError) {
    try select()
    wire.write(Command.convert.rawValue, keepPowered: isParasitic)
    // Otherwise a flipped bit in the command would leave the value of the conversion before.
    if !isParasitic, wire.readBit() { throw .ignored(register: UInt16(Command.convert.rawValue)) }
  }

  /// What the conversion that began 750 ms ago gave.
  ///
  /// - Throws: `oneWire`, `checksum`.
  public mutating func read() throws(SensorError) -> Measurement {
    let scratchpad = try scratchpad()
    guard scratchpad.isMarked else { return .missing(.powerOn, .ds18b20) }
    // The first 85 °C after a probe may still be the power-on value: the mark is in, a conversion may not have been.
    defer { hasMeasured = true }
    guard scratchpad.raw != Self.powerOnValue || hasMeasured else { return .missing(.powerOn, .ds18b20) }
    return Self.measurement(scratchpad.raw)
  }

  private func select() throws(SensorError) {
    do throws(OneWireError) { try wire.reset() } catch { throw .oneWire(error) }
    guard let code else { return wire.write(Command.skipROM.rawValue) }
    wire.write(Command.matchROM.rawValue)
    for byte in 0..<8 as Range<UInt64> { wire.write(UInt8(truncatingIfNeeded: code >> (8 * byte))) }
  }

  private func scratchpad() throws(SensorError) -> Scratchpad {
    try select()
    wire.write(Command.readScratchpad.rawValue)
    var bytes = InlineArray<9, UInt8>(repeating: 0)
    var crc: UInt8 = 0
    for index in 0..<9 {
      bytes[index] = wire.readByte()
      crc = CRC8.dallas(bytes[index], after: crc)
    }
    // A line that hangs low reads as zeros, whose checksum is zero: the five low bits of a configuration are always set.
    guard crc == 0, bytes[4] & 0x1F == 0x1F else { throw .checksum(register: UInt16(Command.readScratchpad.rawValue)) }
    return Scratchpad(
      raw: UInt16(bytes[1]) << 8 | UInt16(bytes[0]),
      isMarked: bytes[2] == Self.mark.high && bytes[3] == Self.mark.low && bytes[4] == Self.mark.configuration)
  }

  private struct Scratchpad {
    var raw: UInt16
    var isMarked: Bool
  }
}

extension DS18B20 {
  /// 1/16 °C a bit, two's complement (table 1), in 0.01 °C.
  public static func centiCelsius(_ raw: UInt16) -> Int32 {
    roundedDivision(Int32(Int16(bitPattern: raw)) * 100, by: 16)
  }

  /// What the temperature bytes mean; the chip measures −55 … 125 °C.
  public static func measurement(_ raw: UInt16) -> Measurement {
    let value = centiCelsius(raw)
    guard value >= -5500, value <= 12_500 else { return .missing(.range, .ds18b20) }
    return Measurement(temperatureCentiCelsius: value, quality: .ok, sensor: .ds18b20)
  }
}
