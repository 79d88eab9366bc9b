/// A part of a JSON text: what stands between a string's quotes, or a number's characters.
public struct JSONSlice: Equatable, Sendable {
  /// First byte.
  public var start: Int
  /// The byte after the last.
  public var end: Int
  /// Whether a string holds escapes, so that its bytes are not its text.
  public var hasEscapes: Bool

  /// A part of a text.
  public init(start: Int, end: Int, hasEscapes: Bool) {
    self.start = start
    self.end = end
    self.hasEscapes = hasEscapes
  }

  /// Whether the slice is the literal, byte for byte. A name written with escapes matches nothing.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public func matches(_ literal: StaticString, in text: borrowing Span<UInt8>) -> Bool {
    guard end &- start == literal.utf8CodeUnitCount, !hasEscapes else { return false }
    for index in 0..<literal.utf8CodeUnitCount where text[start &+ index] != literal.utf8Start[index] { return false }
    return true
  }

  /// The string's text, escapes resolved; `nil` when it is longer than `capacity` bytes.
  public func string<let capacity: Int>(in text: borrowing Span<UInt8>) -> InlineBytes<capacity>? {
    var result = InlineBytes<capacity>()
    return read(in: text, into: &result) ? result : nil
  }

  /// Writes the string's text, escapes resolved, over `result`; `false` when it is longer than `capacity` bytes.
  public func read<let capacity: Int>(in text: borrowing Span<UInt8>, into result: inout InlineBytes<capacity>) -> Bool
  {
    result.removeAll()
    var index = start
    while index < end {
      let byte = text[index]
      index &+= 1
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      let kind = text[index]
      index &+= 1
      switch kind {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = hex(at: index, in: text)
        index &+= 4
        if scalar & 0xFC00 == 0xD800, index &+ 6 <= end, text[index] == UInt8(ascii: "\\"),
          text[index &+ 1] == UInt8(ascii: "u")
        {
          let low = hex(at: index &+ 2, in: text)
          if low & 0xFC00 == 0xDC00 {
            scalar = 0x10000 &+ ((scalar & 0x3FF) << 10) &+ (low & 0x3FF)
            index &+= 6
          }
        }
        // A surrogate without its partner has no UTF-8 form: U+FFFD stands for it (Unicode 15, section 3.9).
        result.append(scalar: scalar & 0xFFFF_F800 == 0xD800 ? 0xFFFD : scalar)
      default: result.append(kind)
      }
    }
    return !result.overflowed
  }

  /// The number in units of 10^−`decimals`, rounded half away from zero: `22.535` with 2 decimals is 2254.
  ///
  /// `nil` when it does not fit 64 bits. The characters must be a JSON number, or one with a leading `+` (version 1 sends
  /// numbers as text).
  public func fixedPoint(decimals: Int, in text: borrowing Span<UInt8>) -> Int64? {
    var index = start
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index &+= 1
    }
    // Digits as one integer, `scale` counting those behind the point; digits beyond 18 cannot matter after rounding to
    // any unit used here, but the first of them may decide the rounding, so 18 are kept.
    var mantissa: UInt64 = 0
    var scale = 0
    var significant = 0
    var isFraction = false
    var digits = 0
    while index < end {
      let byte = text[index]
      if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else if byte >= 0x30, byte <= 0x39 {
        digits &+= 1
        if significant < 18 {
          mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
          if mantissa != 0 { significant &+= 1 }
          if isFraction { scale &+= 1 }
        } else if !isFraction {
          scale &-= 1
        }
      } else {
        break
      }
      index &+= 1
    }
    guard digits > 0 else { return nil }
    if index < end {
      guard text[index] | 0x20 == UInt8(ascii: "e"), let exponent = exponent(from: index &+ 1, in: text) else {
        return nil
      }
      scale &-= exponent
    }
    return shifted(mantissa, by: decimals &- scale, isNegative)
  }

  /// `mantissa` × 10^`power` with its sign, rounded half away from zero; `nil` when it does not fit.
  private func shifted(_ mantissa: UInt64, by power: Int, _ isNegative: Bool) -> Int64? {
    var magnitude = mantissa
    if mantissa == 0 { return 0 }
    if power >= 0 {
      for _ in 0..<min(power, 20) {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
        if overflow { return nil }
        magnitude = product
      }
    } else {
      // Only the last digit removed decides: half away from zero is "add one when it is 5 or more".
      var last: UInt64 = 0
      for _ in 0..<min(-power, 20) {
        last = magnitude % 10
        magnitude /= 10
      }
      if last >= 5 { magnitude &+= 1 }
    }
    guard magnitude <= UInt64(Int64.max) else { return nil }
    return isNegative ? -Int64(magnitude) : Int64(magnitude)
  }

  private func exponent(from first: Int, in text: borrowing Span<UInt8>) -> Int? {
    var index = first
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index &+= 1
    }
    guard index < end else { return nil }
    var value = 0
    while index < end {
      guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
      // Beyond this every value is 0 or does not fit.
      value = min(9999, value &* 10 &+ Int(text[index] &- 0x30))
      index &+= 1
    }
    return isNegative ? -value : value
  }

  /// The number as an integer; `nil` with a fraction, an exponent, or beyond 64 bits.
  public func integer(in text: borrowing Span<UInt8>) -> Int64? {
    for index in start..<end {
      let byte = text[index]
      if byte != UInt8(ascii: "-"), byte < 0x30 || byte > 0x39 { return nil }
    }
    // fixedPoint keeps 18 digits; an integer must be exact.
    guard end &- start <= 18 else { return nil }
    return fixedPoint(decimals: 0, in: text)
  }

  private func hex(at index: Int, in text: borrowing Span<UInt8>) -> UInt32 {
    var value: UInt32 = 0
    for offset in 0..<4 { value = value << 4 | UInt32(Self.hexValue(text[index &+ offset]) ?? 0) }
    return value
  }

  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- 0x57
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- 0x37
    default: nil
    }
  }
}

extension InlineBytes {
  /// Appends a Unicode scalar as UTF-8.
  mutating func append(scalar: UInt32) {
    func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: (scalar >> shift) & 0x3F) }
    switch scalar {
    case 0..<0x80:
      append(UInt8(truncatingIfNeeded: scalar))
    case 0x80..<0x800:
      append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
      append(tail(0))
    case 0x800..<0x10000:
      append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
      append(tail(6))
      append(tail(0))
    default:
      append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
      append(tail(12))
      append(tail(6))
      append(tail(0))
    }
  }
}
