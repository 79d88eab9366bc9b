import ChipModels
import Display
import Testing

@Suite struct BurnInCareTests {
  @Test func thePictureGoesRoundFourPlaces() {
    let places = (0..<6).map { BurnInCare.shift(at: UInt64($0) * 1000 + 999, every: 1000) }
    #expect(places == [.none, .right, .rightAndDown, .down, .none, .right])
    #expect(BurnInCare.shift(at: 1_000_000, every: 0) == .none)
  }

  @Test func itDimsExactlyWhenTheTimeIsUpAndNeverWithout() {
    #expect(!BurnInCare.isDim(idleMilliseconds: 599_999, after: 600_000))
    #expect(BurnInCare.isDim(idleMilliseconds: 600_000, after: 600_000))
    #expect(!BurnInCare.isDim(idleMilliseconds: .max, after: 0))
  }

  @Test func thePanelIsToldItsContrastOnceAndAgainAfterItsSetUp() {
    let easel = Easel()
    _ = easel.seen()
    let before = easel.bus.transactionCount
    easel.display.show(&easel.canvas, isDim: true, now: 10)
    easel.display.show(&easel.canvas, isDim: true, now: 20)
    #expect(easel.bus.transactionCount == before + 1)
    #expect(easel.panel.contrast == 0x08)
    // The set-up of each minute says "bright"; the panel may not stay so.
    easel.display.show(&easel.canvas, isDim: true, now: 60_000)
    #expect(easel.panel.contrast == 0x08)
    easel.display.show(&easel.canvas, isDim: false, now: 60_010)
    #expect(easel.panel.contrast == 0xCF)
  }
}
