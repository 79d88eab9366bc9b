/// The two 8-bit checksums of the fleet's chips.
public enum CRC8 {
  /// Sensirion: x⁸ + x⁵ + x⁴ + 1 (0x31), from 0xFF, most significant bit first (SHT3x-DIS datasheet, table 20).
  public static func sensirion(_ high: UInt8, _ low: UInt8) -> UInt8 {
    shiftedLeft(shiftedLeft(0xFF ^ high) ^ low)
  }

  /// Dallas/Maxim: the same polynomial, from 0, least significant bit first (application note 27). Bytes are taken one
  /// after another; over a message and its checksum it comes to 0.
  ///
  /// - Parameters:
  ///   - byte: the next byte.
  ///   - crc: what the bytes before gave; 0 before the first.
  public static func dallas(_ byte: UInt8, after crc: UInt8 = 0) -> UInt8 {
    var crc = crc ^ byte
    for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x8C }
    return crc
  }

  private static func shiftedLeft(_ byte: UInt8) -> UInt8 {
    var crc = byte
    for _ in 0..<8 { crc = crc & 0x80 == 0 ? crc << 1 : crc << 1 ^ 0x31 }
    return crc
  }
}
