import Display
import Testing

@Suite struct TextTests {
  @Test func fixedPointNumbersKeepTheirZeros() {
    let cases: [(Int32, Int, StaticString)] = [
      (0, 2, "0.00"), (5, 2, "0.05"), (-5, 2, "-0.05"), (2253, 2, "22.53"), (-100, 2, "-1.00"), (101_325, 2, "1013.25"),
      (7, 0, "7"), (0, 0, "0"), (.max, 0, "2147483647"), (.min, 0, "-2147483648"), (.min, 9, "-2.147483648"),
      (1, 9, "0.000000001"),
    ]
    for (value, decimals, expected) in cases { #expect(Text(value, decimals: decimals) == Text(expected)) }
  }

  @Test func whatDoesNotFitIsCutOff() {
    let long = Text("0123456789012345678901234567890123456789")
    #expect(long.count == 32)
    #expect(long == Text("01234567890123456789012345678901"))
  }

  @Test func widthIsThatOfTheDrawnGlyphs() {
    #expect(Text().width == 0)
    #expect(Text("°C").width == 11)
    #expect(Text(-1205, decimals: 2).largeWidth == 10 + 4 * 12 + 3 + 5 * 2)
  }
}
