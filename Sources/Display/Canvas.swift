/// A picture of 128 × 64 pixels, one bit each, laid out as the SSD1306's memory: 8 pages of 128 bytes, a byte is a column of
/// eight pixels with bit 0 topmost.
///
///     var canvas = Canvas()
///     canvas.text("22.5 °C", x: 0, y: 0)
///     canvas.horizontalLine(y: 10)
///
/// Everything may lie partly or wholly outside; what is outside is not drawn. Move-only: a kilobyte is not copied by
/// accident.
public struct Canvas: ~Copyable {
  /// 128 pixels.
  public static var width: Int { 128 }
  /// 64 pixels.
  public static var height: Int { 64 }
  /// 8 pages of eight rows.
  public static var pages: Int { 8 }

  /// What drawing does to a pixel.
  public enum Ink: Sendable {
    /// Lights it.
    case on
    /// Darkens it.
    case off
    /// Makes it the other.
    case flip
  }

  var storage = InlineArray<1024, UInt8>(repeating: 0)
  /// Where (0, 0) of what is drawn lies; see `BurnInCare`.
  private var origin = PixelShift.none

  /// A dark canvas.
  public init() {}

  /// The 1,024 bytes, page by page.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { storage.span }
  }

  /// One of the 1,024 bytes, read in place: mutating, because the span of a borrowed canvas may be one of its copy.
  public mutating func byte(at index: Int) -> UInt8 { storage[index] }

  /// Darkens everything, and lets all that is drawn from now on lie a pixel further right or down.
  public mutating func clear(shiftedBy shift: PixelShift) {
    origin = shift
    clear()
  }

  /// Darkens everything.
  public mutating func clear() {
    var bytes = storage.mutableSpan
    for index in bytes.indices { bytes[index] = 0 }
  }

  /// Whether a pixel is lit; `false` outside.
  public borrowing func isLit(x: Int, y: Int) -> Bool {
    guard x >= 0, x < Self.width, y >= 0, y < Self.height else { return false }
    return storage.span[(y >> 3) &* Self.width &+ x] & (1 << UInt8(truncatingIfNeeded: y & 7)) != 0
  }

  /// One pixel.
  public mutating func pixel(x: Int, y: Int, _ ink: Ink = .on) {
    let y = Self.moved(y, origin.y)
    guard y >= 0, y < Self.height else { return }
    apply(1 << UInt8(truncatingIfNeeded: y & 7), x: x, page: y >> 3, ink)
  }

  /// A line of `width` pixels to the right of (x, y); the whole width when nothing else is said.
  public mutating func horizontalLine(x: Int = 0, y: Int, width: Int = Canvas.width, _ ink: Ink = .on) {
    fill(x: x, y: y, width: width, height: 1, ink)
  }

  /// A line of `height` pixels down from (x, y); the whole height when nothing else is said.
  public mutating func verticalLine(x: Int, y: Int = 0, height: Int = Canvas.height, _ ink: Ink = .on) {
    fill(x: x, y: y, width: 1, height: height, ink)
  }

  /// The outline of a rectangle, one pixel thick, inside `width` × `height`.
  public mutating func rectangle(x: Int, y: Int, width: Int, height: Int, _ ink: Ink = .on) {
    guard width > 0, height > 0 else { return }
    horizontalLine(x: x, y: y, width: width, ink)
    if height > 1 { horizontalLine(x: x, y: y &+ height &- 1, width: width, ink) }
    verticalLine(x: x, y: y &+ 1, height: height &- 2, ink)
    if width > 1 { verticalLine(x: x &+ width &- 1, y: y &+ 1, height: height &- 2, ink) }
  }

  /// A full rectangle.
  public mutating func fill(x: Int, y: Int, width: Int, height: Int, _ ink: Ink = .on) {
    guard let columns = Self.visible(x, width, of: Self.width),
      let rows = Self.visible(Self.moved(y, origin.y), height, of: Self.height)
    else { return }
    var page = rows.first >> 3
    while page <= rows.last >> 3 {
      let top = max(rows.first &- page &* 8, 0)
      let bottom = min(rows.last &- page &* 8, 7)
      let mask = (UInt8.max << UInt8(truncatingIfNeeded: top)) & (UInt8.max >> UInt8(truncatingIfNeeded: 7 &- bottom))
      for column in columns.first...columns.last { apply(mask, x: column, page: page, ink) }
      page &+= 1
    }
  }

  /// A picture of `width` columns and `height` rows; (x, y) is its upper left corner.
  ///
  /// - Parameters:
  ///   - columns: as the canvas's own memory: eight rows of `width` bytes, bit 0 topmost, then the next eight rows. What
  ///     is missing is dark.
  ///   - width: 0 … 128.
  ///   - height: 0 … 64.
  public mutating func bitmap(
    _ columns: borrowing Span<UInt8>, x: Int, y: Int, width: Int, height: Int, _ ink: Ink = .on
  ) {
    var top = 0
    while top < min(height, Self.height) {
      let rows = UInt8(truncatingIfNeeded: min(height &- top, 8))
      let start = (top >> 3) &* width
      for offset in 0..<max(0, min(width, Self.width)) where start &+ offset < columns.count {
        column(columns[start &+ offset] & (UInt8.max >> (8 &- rows)), x: x &+ offset, y: y &+ top, ink)
      }
      top &+= 8
    }
  }

  /// Eight pixels down from (x, y), bit 0 topmost: how a glyph's column is drawn.
  mutating func column(_ bits: UInt8, x: Int, y: Int, _ ink: Ink) {
    let y = Self.moved(y, origin.y)
    guard y > -8, y < Self.height else { return }
    let shift = UInt8(truncatingIfNeeded: y & 7)
    apply(bits << shift, x: x, page: y >> 3, ink)
    if shift > 0 { apply(bits >> (8 - shift), x: x, page: (y >> 3) &+ 1, ink) }
  }

  private mutating func apply(_ mask: UInt8, x: Int, page: Int, _ ink: Ink) {
    let x = Self.moved(x, origin.x)
    guard x >= 0, x < Self.width, page >= 0, page < Self.pages else { return }
    let index = page &* Self.width &+ x
    var bytes = storage.mutableSpan
    switch ink {
    case .on: bytes[index] |= mask
    case .off: bytes[index] &= ~mask
    case .flip: bytes[index] ^= mask
    }
  }

  /// A coordinate behind the origin; the far end of the range stays where it is, outside.
  private static func moved(_ coordinate: Int, _ by: Int) -> Int { coordinate == .max ? coordinate : coordinate &+ by }

  /// The part of `start ..< start + length` inside `0 ..< limit`, or `nil`; no sum can overflow.
  private static func visible(_ start: Int, _ length: Int, of limit: Int) -> (first: Int, last: Int)? {
    guard length > 0, start < limit else { return nil }
    let (end, overflows) = start.addingReportingOverflow(length)
    let last = overflows ? limit - 1 : min(end, limit) - 1
    guard last >= 0 else { return nil }
    return (max(start, 0), last)
  }
}
