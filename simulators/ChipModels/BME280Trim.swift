/// The trimming parameters in a simulated BME280's NVM, and its physics: Bosch's floating-point formula
/// (BST-BME280-DS002 section 8.1), on purpose another than the integer one the driver uses.
public struct BME280Trim: Equatable, Sendable {
  /// dig_T1 … dig_T3.
  public var t: (UInt16, Int16, Int16)
  /// dig_P1.
  public var p1: UInt16
  /// dig_P2 … dig_P9.
  public var p: [Int16]
  /// dig_H1 … dig_H6.
  public var h: (UInt8, Int16, UInt8, Int16, Int16, Int8)

  /// Temperature and pressure of the BMP280 datasheet's published example (BST-BMP280-DS001 section 3.12); humidity as it is
  /// in chips one buys.
  public static let published = BME280Trim(
    t: (27504, 26435, -1000), p1: 36477, p: [-10685, 3024, 2855, 140, -7, 15500, -14600, 6000],
    h: (75, 362, 0, 313, 50, 30))

  /// The bytes 0x88 … 0xA1.
  public var low: [UInt8] {
    let words = [t.0, UInt16(bitPattern: t.1), UInt16(bitPattern: t.2), p1] + p.map { UInt16(bitPattern: $0) }
    return words.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } + [0, h.0]
  }

  /// The bytes 0xE1 … 0xE7.
  public var high: [UInt8] {
    let h2 = UInt16(bitPattern: h.1)
    let h4 = UInt16(bitPattern: h.3) & 0xFFF
    let h5 = UInt16(bitPattern: h.4) & 0xFFF
    return [
      UInt8(h2 & 0xFF), UInt8(h2 >> 8), h.2, UInt8(h4 >> 4), UInt8(h4 & 0xF) | UInt8(h5 & 0xF) << 4, UInt8(h5 >> 4),
      UInt8(bitPattern: h.5),
    ]
  }

  /// `t_fine` for a raw temperature.
  public func fine(_ raw: Double) -> Double {
    let first = (raw / 16384 - Double(t.0) / 1024) * Double(t.1)
    let offset = raw / 131_072 - Double(t.0) / 8192
    return first + offset * offset * Double(t.2)
  }

  /// Pressure in Pa for a raw pressure.
  public func pascals(_ raw: Double, fine: Double) -> Double {
    let (p2, p3, p4, p5) = (Double(p[0]), Double(p[1]), Double(p[2]), Double(p[3]))
    let (p6, p7, p8, p9) = (Double(p[4]), Double(p[5]), Double(p[6]), Double(p[7]))
    var a = fine / 2 - 64000
    var b = a * a * p6 / 32768
    b += a * p5 * 2
    b = b / 4 + p4 * 65536
    a = (p3 * a * a / 524_288 + p2 * a) / 524_288
    a = (1 + a / 32768) * Double(p1)
    guard a != 0 else { return 0 }
    let value = (1_048_576 - raw - b / 4096) * 6250 / a
    return value + (p9 * value * value / 2_147_483_648 + value * p8 / 32768 + p7) / 16
  }

  /// Relative humidity in %RH for a raw humidity; not clamped.
  public func percent(_ raw: Double, fine: Double) -> Double {
    let (h1, h2, h3) = (Double(h.0), Double(h.1), Double(h.2))
    let (h4, h5, h6) = (Double(h.3), Double(h.4), Double(h.5))
    let a = fine - 76800
    let value =
      (raw - (h4 * 64 + h5 / 16384 * a))
      * (h2 / 65536 * (1 + h6 / 67_108_864 * a * (1 + h3 / 67_108_864 * a)))
    return value * (1 - h1 * value / 524_288)
  }

  /// Whether both are the same.
  public static func == (a: BME280Trim, b: BME280Trim) -> Bool {
    a.low == b.low && a.high == b.high
  }
}
