import Telemetry

/// Which point of a text its x means.
public enum Alignment: Sendable {
  /// x is the text's first column.
  case left
  /// x is the column that halves the text.
  case centre
  /// x is the column after the text's last.
  case right
}

extension Canvas {
  /// A line of small text; (x, y) is its top, 7 rows and a descender high.
  ///
  /// - Returns: the column where a text that goes on would begin.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  @discardableResult
  public mutating func text(
    _ text: InlineBytes<32>, x: Int, y: Int, align: Alignment = .left, _ ink: Ink = .on
  ) -> Int {
    var column = Self.start(x, width: text.width, align)
    for index in 0..<text.count {
      guard let glyph = Font.glyph(of: text[index]) else { continue }
      for offset in 0..<Font.width { self.column(Font.column(offset, of: glyph), x: column &+ offset, y: y, ink) }
      column &+= Font.advance
    }
    return column
  }

  /// A line of small text from a literal.
  ///
  /// - Returns: the column where a text that goes on would begin.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  @discardableResult
  public mutating func text(
    _ literal: StaticString, x: Int, y: Int, align: Alignment = .left, _ ink: Ink = .on
  ) -> Int {
    text(InlineBytes<32>(literal), x: x, y: y, align: align, ink)
  }

  /// Large digits, 20 rows high; of the text only digits, minus signs and points show.
  ///
  /// - Returns: the column after the last digit.
  @discardableResult
  public mutating func largeDigits(
    _ text: InlineBytes<32>, x: Int, y: Int, align: Alignment = .left, _ ink: Ink = .on
  ) -> Int {
    var column = Self.start(x, width: text.largeWidth, align)
    var end = column
    for index in 0..<text.count {
      let width = LargeDigits.width(of: text[index])
      guard width > 0 else { continue }
      for row in 0..<LargeDigits.height {
        for offset in 0..<width where LargeDigits.isLit(text[index], x: offset, y: row) {
          pixel(x: column &+ offset, y: y &+ row, ink)
        }
      }
      end = column &+ width
      column = end &+ LargeDigits.gap
    }
    return end
  }

  private static func start(_ x: Int, width: Int, _ align: Alignment) -> Int {
    switch align {
    case .left: x
    case .centre: x &- width / 2
    case .right: x &- width
    }
  }
}

extension InlineBytes {
  /// Width as small text, in pixels, without the gap after the last glyph.
  public var width: Int {
    var glyphs = 0
    for index in 0..<count where Font.glyph(of: self[index]) != nil { glyphs &+= 1 }
    return glyphs == 0 ? 0 : glyphs &* Font.advance &- (Font.advance &- Font.width)
  }

  /// Width as large digits, in pixels.
  public var largeWidth: Int {
    var width = 0
    for index in 0..<count {
      let glyph = LargeDigits.width(of: self[index])
      if glyph > 0 { width &+= glyph &+ (width > 0 ? LargeDigits.gap : 0) }
    }
    return width
  }
}
