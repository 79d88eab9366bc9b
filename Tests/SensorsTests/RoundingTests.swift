import Telemetry
import Testing

@Suite struct RoundingTests {
  @Test func halvesGoAwayFromZero() {
    for (value, expected) in [(5, 3), (-5, -3), (4, 2), (-4, -2), (1, 1), (-1, -1), (0, 0)] as [(Int32, Int32)] {
      #expect(roundedDivision(value, by: 2) == expected)
      #expect(roundedDivision(Int64(value), by: 2) == Int64(expected))
    }
  }

  @Test func lessThanHalfGoesTowardsZero() {
    #expect(roundedDivision(Int32(127), by: 256) == 0)
    #expect(roundedDivision(Int32(-127), by: 256) == 0)
    #expect(roundedDivision(Int32(128), by: 256) == 1)
    #expect(roundedDivision(Int32(-128), by: 256) == -1)
    #expect(roundedDivision(Int32(1), by: 3) == 0)
    #expect(roundedDivision(Int32(2), by: 3) == 1)
  }

  @Test func theEndsOfTheRangeDoNotOverflow() {
    #expect(roundedDivision(Int32.min, by: 1) == .min)
    #expect(roundedDivision(Int32.max, by: 1) == .max)
    #expect(roundedDivision(Int32.min, by: .max) == -1)
    #expect(roundedDivision(Int32.max, by: .max) == 1)
    #expect(roundedDivision(Int64.min, by: 1) == .min)
    #expect(roundedDivision(Int64.min, by: .max) == -1)
    #expect(roundedDivision(Int64.max, by: 2) == 0x4000_0000_0000_0000)
  }
}
