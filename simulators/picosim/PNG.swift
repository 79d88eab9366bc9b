/// A picture of one bit a pixel as a PNG file (W3C PNG, second edition), without compression.
///
///     let file = PNG(width: 128, height: 64, scale: 4) { x, y in pixels[x, y] }.bytes
struct PNG {
  let bytes: [UInt8]

  /// A picture in which a lit pixel is as pale as an OLED's, and each is `scale` × `scale` large.
  init(width: Int, height: Int, scale: Int, isLit: (_ x: Int, _ y: Int) -> Bool) {
    let (wide, high) = (width * scale, height * scale)
    let perRow = (wide + 7) / 8
    var rows: [UInt8] = []
    for y in 0..<high {
      // Each row begins with its filter: none.
      rows.append(0)
      var row = [UInt8](repeating: 0, count: perRow)
      for x in 0..<wide where isLit(x / scale, y / scale) { row[x / 8] |= 0x80 >> UInt8(x % 8) }
      rows += row
    }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    // One bit a pixel, which is an index into the palette.
    file += Self.chunk("IHDR", Self.big(UInt32(wide)) + Self.big(UInt32(high)) + [1, 3, 0, 0, 0])
    file += Self.chunk("PLTE", [0x05, 0x08, 0x0C, 0xCF, 0xEA, 0xFF])
    file += Self.chunk("IDAT", Self.stored(rows))
    file += Self.chunk("IEND", [])
    bytes = file
  }

  /// Length, name, content, checksum (section 5.3).
  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return big(UInt32(content.count)) + body + big(crc(body))
  }

  /// A zlib stream (RFC 1950) of stored blocks (RFC 1951 section 3.2.4), each of at most 65,535 bytes.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let count = min(bytes.count - start, 65_535)
      let isLast = start + count == bytes.count
      let length = UInt16(count)
      stream += [isLast ? 1 : 0, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
      stream += bytes[start..<start + count]
      start += count
    } while start < bytes.count
    return stream + big(adler(bytes))
  }

  private static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - $0 * 8) & 0xFF) } }

  /// CRC-32 (section 5.5): polynomial 0xEDB88320, reflected.
  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var register = UInt32.max
    for byte in bytes {
      register ^= UInt32(byte)
      for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~register
  }

  /// Adler-32 (RFC 1950 section 8.2).
  static func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }
}
