import ChipModels
import Display
import Telemetry
import Testing

@Suite struct CanvasTests {
  @Test func aByteIsAColumnWithBitZeroTopmost() {
    let easel = Easel()
    easel.canvas.pixel(x: 3, y: 0)
    easel.canvas.pixel(x: 3, y: 7)
    easel.canvas.pixel(x: 127, y: 63)
    #expect(easel.byte(3) == 0x81)
    #expect(easel.byte(1023) == 0x80)
    easel.canvas.pixel(x: 3, y: 0, .flip)
    easel.canvas.pixel(x: 3, y: 7, .off)
    #expect(easel.byte(3) == 0)
  }

  @Test func rectanglesAreAsWideAsTheySay() {
    let easel = Easel()
    easel.canvas.rectangle(x: 1, y: 1, width: 5, height: 4)
    easel.canvas.fill(x: 7, y: 2, width: 2, height: 2)
    easel.canvas.horizontalLine(x: 0, y: 6, width: 3)
    easel.canvas.verticalLine(x: 9, y: 0, height: 2)
    #expect(
      easel.corner(width: 10, height: 7) == [
        ".........#",
        ".#####...#",
        ".#...#.##.",
        ".#...#.##.",
        ".#####....",
        "..........",
        "###.......",
      ])
  }

  @Test func flippingAnOutlineTwiceLeavesNothing() {
    let easel = Easel()
    for size in 1...4 {
      easel.canvas.rectangle(x: 2, y: 2, width: size, height: size, .flip)
      #expect(easel.isLit(x: 2, y: 2))
      easel.canvas.rectangle(x: 2, y: 2, width: size, height: size, .flip)
      #expect(!easel.isLit(x: 2, y: 2))
    }
  }

  /// Each shape against a slow drawing of single pixels, wherever it may lie.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func fillingIsThePixelsInsideAndNoOthers(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<60 {
      let (x, y) = (Int.random(in: -40...150, using: &random), Int.random(in: -40...80, using: &random))
      let (width, height) = (Int.random(in: -3...200, using: &random), Int.random(in: -3...90, using: &random))
      let easel = Easel()
      easel.canvas.fill(x: x, y: y, width: width, height: height)
      var wrong = 0
      for row in 0..<64 {
        for column in 0..<128 {
          let isInside = column >= x && column < x + width && row >= y && row < y + height
          if easel.isLit(x: column, y: row) != isInside { wrong += 1 }
        }
      }
      #expect(wrong == 0, "fill \(x) \(y) \(width) \(height)")
    }
  }

  @Test func theFarthestCoordinatesDrawNothingAndDoNotOverflow() {
    let easel = Easel()
    for far in [Int.min, Int.max, -1_000_000, 1_000_000] {
      easel.canvas.pixel(x: far, y: 0)
      easel.canvas.pixel(x: 0, y: far)
      easel.canvas.fill(x: far, y: far, width: 5, height: 5)
      easel.canvas.rectangle(x: far, y: far, width: 3, height: 3)
      easel.canvas.text("far", x: far, y: 0)
      easel.canvas.text("far", x: 0, y: far)
      easel.canvas.largeDigits(InlineBytes("8"), x: far, y: far)
    }
    #expect(!easel.seen().contains("#"))
    let whole = Easel()
    whole.canvas.fill(x: 0, y: 0, width: .max, height: .max)
    #expect(!whole.seen().contains("."))
  }

  @Test func textIsCutOffAtEveryEdge() throws {
    let easel = Easel()
    easel.canvas.text("left", x: -8, y: 20)
    easel.canvas.text("right", x: 112, y: 20)
    easel.canvas.text("top", x: 40, y: -3)
    easel.canvas.text("bottom", x: 40, y: 60)
    easel.canvas.largeDigits(InlineBytes("42"), x: 116, y: 40)
    try expectGolden("clipping", easel.seen())
  }

  @Test func alignmentHoldsTextToItsPoint() {
    let easel = Easel()
    #expect(InlineBytes<32>("abc").width == 17)
    easel.canvas.text("|", x: 10, y: 0, align: .right)
    #expect(easel.corner(width: 12, height: 1) == [".......#...."])
    easel.canvas.clear()
    easel.canvas.text("|", x: 10, y: 0, align: .centre)
    #expect(easel.corner(width: 12, height: 1) == ["..........#."])
  }

  @Test func fontSheet() throws {
    let easel = Easel()
    for row in 0..<5 {
      var line = InlineBytes<32>()
      for byte in 0x20 + row * 21..<min(0x20 + (row + 1) * 21, 0x7F) { line.append(UInt8(byte)) }
      easel.canvas.text(line, x: 1, y: row * 9)
    }
    // The degree sign, and two unknown bytes.
    easel.canvas.text("21.5 °C", x: 1, y: 46)
    easel.canvas.text(InlineBytes([0x07, 0xFF].span), x: 60, y: 46)
    easel.canvas.text("Sphinx of quartz, judge", x: 1, y: 55)
    try expectGolden("font", easel.seen())
  }

  @Test func largeDigitSheet() throws {
    let easel = Easel()
    easel.canvas.largeDigits(InlineBytes("123456789"), x: 0, y: 2)
    easel.canvas.largeDigits(InlineBytes("-98.70"), x: 127, y: 36, align: .right)
    try expectGolden("large-digits", easel.seen())
  }

  @Test func widthIsThatOfTheDrawnGlyphs() {
    #expect(InlineBytes<32>().width == 0)
    #expect(InlineBytes<32>("°C").width == 11)
    #expect(InlineBytes<32>("-12.05").largeWidth == 10 + 4 * 12 + 3 + 5 * 2)
  }

  @Test func aBitmapIsColumnsOfEightRowsAndWhatIsMissingIsDark() {
    let easel = Easel()
    // Three columns, ten rows: the second eight rows hold two, and their third column is missing.
    let columns: [UInt8] = [0x81, 0x42, 0xFF, 0xFE, 0x01]
    easel.canvas.bitmap(columns.span, x: 1, y: 1, width: 3, height: 10)
    #expect(
      easel.corner(width: 5, height: 12) == [
        ".....",
        ".#.#.",
        "..##.",
        "...#.",
        "...#.",
        "...#.",
        "...#.",
        "..##.",
        ".#.#.",
        "..#..",
        ".#...",
        ".....",
      ])
    easel.canvas.bitmap(columns.span, x: .max, y: .max, width: 3, height: 10)
    easel.canvas.bitmap(columns.span, x: -2, y: -9, width: 3, height: 10)
    #expect(!easel.isLit(x: 0, y: 0))
    easel.canvas.bitmap(columns.span, x: 1, y: 1, width: 3, height: 10, .flip)
    #expect(easel.corner(width: 5, height: 12).allSatisfy { !$0.contains("#") })
  }
}
