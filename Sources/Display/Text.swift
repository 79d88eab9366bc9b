/// Up to 32 bytes of text, without a heap: a device id, a number, a line of the screen.
///
/// ASCII, and the degree sign as UTF-8. What does not fit is cut off.
public struct Text: Sendable {
  /// The most bytes that fit: a device id's longest.
  public static var capacity: Int { 32 }

  var bytes = InlineArray<32, UInt8>(repeating: 0)
  /// Bytes in use, 0 … 32.
  public private(set) var count = 0

  /// No text.
  public init() {}

  /// The text of a literal.
  public init(_ literal: StaticString) {
    append(literal)
  }

  /// The text in some bytes.
  public init(_ span: Span<UInt8>) {
    for index in span.indices { append(span[index]) }
  }

  /// A fixed-point number: 2253 with two decimals is `22.53`.
  ///
  /// - Parameters:
  ///   - value: in units of the last decimal.
  ///   - decimals: 0 … 9 digits after the point.
  public init(_ value: Int32, decimals: Int = 0) {
    append(value, decimals: decimals)
  }

  /// Adds one byte.
  public mutating func append(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    bytes[count] = byte
    count += 1
  }

  /// Adds a literal.
  public mutating func append(_ literal: StaticString) {
    literal.withUTF8Buffer { buffer in
      for byte in buffer { append(byte) }
    }
  }

  /// Adds a fixed-point number; see `init(_:decimals:)`.
  public mutating func append(_ value: Int32, decimals: Int = 0) {
    precondition(decimals >= 0 && decimals <= 9)
    if value < 0 { append(0x2D) }
    append(value.magnitude, decimals: decimals)
  }

  /// Adds a fixed-point number that cannot be negative; see `init(_:decimals:)`.
  public mutating func append(_ value: UInt32, decimals: Int = 0) {
    precondition(decimals >= 0 && decimals <= 9)
    // Ten digits are the longest UInt32; they come out last first.
    var digits = InlineArray<10, UInt8>(repeating: 0x30)
    var rest = value
    var used = 0
    while rest > 0 || used <= decimals {
      digits[used] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      used += 1
    }
    while used > 0 {
      if used == decimals { append(0x2E) }
      used -= 1
      append(digits[used])
    }
  }

  /// Width as small text, in pixels, without the gap after the last glyph.
  public var width: Int {
    var glyphs = 0
    for index in 0..<count where Font.glyph(of: bytes[index]) != nil { glyphs += 1 }
    return glyphs == 0 ? 0 : glyphs * Font.advance - (Font.advance - Font.width)
  }

  /// Width as large digits, in pixels.
  public var largeWidth: Int {
    var width = 0
    for index in 0..<count {
      let glyph = LargeDigits.width(of: bytes[index])
      if glyph > 0 { width += glyph + (width > 0 ? LargeDigits.gap : 0) }
    }
    return width
  }
}

extension Text: Equatable {
  /// Whether both show the same.
  public static func == (a: Text, b: Text) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a.bytes[index] != b.bytes[index] { return false }
    return true
  }
}
