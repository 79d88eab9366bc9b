/// The trimming parameters burnt into one BME280 or BMP280 (BST-BME280-DS002 section 4.2.2, table 16).
///
/// The names are the datasheet's without `dig_`.
public struct BME280Calibration: Equatable, Sendable {
  /// Temperature.
  public var t1: UInt16 = 0
  /// Temperature.
  public var t2: Int16 = 0
  /// Temperature.
  public var t3: Int16 = 0
  /// Pressure.
  public var p1: UInt16 = 0
  /// Pressure.
  public var p2: Int16 = 0
  /// Pressure.
  public var p3: Int16 = 0
  /// Pressure.
  public var p4: Int16 = 0
  /// Pressure.
  public var p5: Int16 = 0
  /// Pressure.
  public var p6: Int16 = 0
  /// Pressure.
  public var p7: Int16 = 0
  /// Pressure.
  public var p8: Int16 = 0
  /// Pressure.
  public var p9: Int16 = 0
  /// Humidity.
  public var h1: UInt8 = 0
  /// Humidity.
  public var h2: Int16 = 0
  /// Humidity.
  public var h3: UInt8 = 0
  /// Humidity; 12 bits.
  public var h4: Int16 = 0
  /// Humidity; 12 bits.
  public var h5: Int16 = 0
  /// Humidity.
  public var h6: Int8 = 0

  /// All zero: no chip has such values.
  public init() {}

  /// The parameters as the chip stores them, little-endian.
  ///
  /// - Parameters:
  ///   - low: the 26 bytes 0x88 … 0xA1.
  ///   - high: the 7 bytes 0xE1 … 0xE7; zeros for a BMP280.
  public init(low: Span<UInt8>, high: Span<UInt8>) {
    precondition(low.count == 26 && high.count == 7)
    t1 = UInt16(truncatingIfNeeded: Self.word(low, 0))
    t2 = Self.word(low, 2)
    t3 = Self.word(low, 4)
    p1 = UInt16(truncatingIfNeeded: Self.word(low, 6))
    p2 = Self.word(low, 8)
    p3 = Self.word(low, 10)
    p4 = Self.word(low, 12)
    p5 = Self.word(low, 14)
    p6 = Self.word(low, 16)
    p7 = Self.word(low, 18)
    p8 = Self.word(low, 20)
    p9 = Self.word(low, 22)
    h1 = low[25]
    h2 = Self.word(high, 0)
    h3 = high[2]
    // H4 and H5 are signed 12-bit values that share the byte 0xE5: its low half ends H4, its high half begins H5.
    h4 = Int16(Int8(bitPattern: high[3])) << 4 | Int16(high[4] & 0x0F)
    h5 = Int16(Int8(bitPattern: high[5])) << 4 | Int16(high[4] >> 4)
    h6 = Int8(bitPattern: high[6])
  }

  private static func word(_ bytes: Span<UInt8>, _ index: Int) -> Int16 {
    Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)
  }
}
