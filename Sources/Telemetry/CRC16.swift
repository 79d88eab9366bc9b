/// The checksum of what is kept in flash: CRC-16 with polynomial 0x1021, start 0xFFFF, nothing reflected, no final
/// exclusive or ("CRC-16/IBM-3740" in Greg Cook's catalogue; its check value over `123456789` is 0x29B1). It finds every
/// burst of up to 16 wrong bits.
public enum CRC16 {
  /// The checksum of `bytes`.
  public static func checksum(_ bytes: borrowing Span<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xFFFF
    for index in 0..<bytes.count {
      crc ^= UInt16(bytes[index]) << 8
      // Bit by bit: a table would cost 512 bytes of flash, and little is written.
      for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
    }
    return crc
  }
}
