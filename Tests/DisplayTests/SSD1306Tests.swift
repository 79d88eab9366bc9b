import ChipModels
import Display
import HAL
import Testing

@Suite struct SSD1306Tests {
  let easel = Easel()
  var bus: SimulatedI2CBus { easel.bus }
  var panel: SSD1306Model { easel.panel }

  @Test func powerUpIsTheTableAndAWholeRepaint() {
    bus.attach(panel)
    #expect(easel.show(now: 0))
    #expect(
      bus.trace.prefix(3) == [
        "P 3C",
        "W 3C 00 AE D5 80 A8 3F D3 00 40 8D 14 20 00 A1 C8 DA 12 81 CF D9 F1 DB 40 A4 A6 AF",
        "W 3C 00 21 00 7F 22 00 07",
      ])
    #expect(bus.trace.count == 3 + 32)
    #expect(easel.isShown)
    #expect(panel.isOn)
    #expect(panel.complaints == [])
  }

  @Test func unchangedCanvasSendsNothing() {
    bus.attach(panel)
    _ = easel.show(now: 0)
    bus.clearTrace()
    #expect(easel.show(now: 1))
    #expect(bus.trace == [])
  }

  @Test func onlyChangedColumnsOfChangedPagesAreSent() {
    bus.attach(panel)
    _ = easel.show(now: 0)
    bus.clearTrace()
    easel.canvas.pixel(x: 10, y: 17)
    easel.canvas.pixel(x: 12, y: 16)
    easel.canvas.pixel(x: 127, y: 63)
    _ = easel.show(now: 1)
    #expect(
      bus.trace == [
        "W 3C 00 21 0A 0C 22 02 02", "W 3C 40 02 00 01",
        "W 3C 00 21 7F 7F 22 07 07", "W 3C 40 80",
      ])
    #expect(easel.isShown)
  }

  @Test func noTransactionCarriesMoreThan32DataBytes() {
    bus.attach(panel)
    _ = easel.show(now: 0)
    easel.canvas.fill(x: 0, y: 0, width: 100, height: 64)
    bus.clearTrace()
    _ = easel.show(now: 1)
    let lengths = bus.trace.map { $0.split(separator: " ").count - 3 }
    #expect(lengths.max() == 32)
    #expect(easel.isShown)
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func randomDrawingArrivesPixelForPixel(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    bus.attach(panel)
    for round in 0..<100 {
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        easel.canvas.fill(
          x: Int.random(in: -9...127, using: &random), y: Int.random(in: -9...63, using: &random),
          width: Int.random(in: 1...40, using: &random), height: Int.random(in: 1...20, using: &random), .flip)
      }
      _ = easel.show(now: UInt32(round))
      #expect(easel.isShown, "seed \(seed), round \(round)")
    }
    #expect(panel.complaints == [])
  }

  @Test func missingDisplayIsLookedForEveryTenSeconds() {
    #expect(!easel.show(now: 0))
    #expect(bus.trace == ["P 3C ! address NACK", "P 3D ! address NACK"])
    bus.plugIn(panel)
    #expect(!easel.show(now: 9999))
    #expect(easel.show(now: 10_000))
    #expect(easel.isShown)
  }

  @Test func lostDisplayIsPaintedWholeWhenItReturns() {
    bus.attach(panel)
    easel.canvas.text("before", x: 0, y: 0)
    _ = easel.show(now: 0)
    bus.unplug(panel)
    easel.canvas.text("after", x: 0, y: 20)
    #expect(!easel.show(now: 1000))
    bus.plugIn(panel)
    #expect(!easel.isShown)
    #expect(easel.show(now: 11_000))
    #expect(easel.isShown)
    #expect(panel.isOn)
  }

  @Test func faultInTheMiddleOfASpanIsRepairedByARepaint() {
    bus.attach(panel)
    _ = easel.show(now: 0)
    easel.canvas.fill(x: 0, y: 0, width: 128, height: 64)
    bus.failNext(.nackData(byte: 9), after: 3)
    #expect(!easel.show(now: 100))
    #expect(!easel.isShown)
    #expect(easel.show(now: 10_100))
    #expect(easel.isShown)
  }

  @Test func retryKeepsItsTimeAcrossTheWrapOfTheClock() {
    #expect(!easel.show(now: .max - 4999))
    bus.plugIn(panel)
    #expect(!easel.show(now: 4999))
    #expect(easel.show(now: 5000))
  }

  @Test func secondAddressIsUsedToo() {
    let other = SSD1306Model(address: 0x3D)
    bus.attach(other)
    var display = SSD1306(bus: bus)
    var canvas = Canvas()
    display.show(&canvas, now: 0)
    #expect(display.address == 0x3D)
    #expect(other.isOn)
  }

  @Test func displayThatLostItsPowerUnnoticedIsBackWithinAMinuteAndAPageACall() {
    bus.attach(panel)
    easel.canvas.text("still here", x: 3, y: 30)
    _ = easel.show(now: 0)
    panel.powerCycle(at: 0)
    #expect(easel.show(now: 59_999))
    #expect(!panel.isOn)
    for call in 0..<8 as Range<UInt32> {
      #expect(!easel.isShown)
      bus.clearTrace()
      #expect(easel.show(now: 60_000 + call))
      // The set-up once, then a window and four chunks.
      #expect(bus.trace.count == (call == 0 ? 6 : 5))
    }
    #expect(easel.isShown)
    bus.clearTrace()
    _ = easel.show(now: 60_008)
    #expect(bus.trace == [])
    #expect(panel.complaints == [])
  }

  @Test func refreshKeepsItsTimeAcrossTheWrapOfTheClock() {
    bus.attach(panel)
    _ = easel.show(now: .max - 29_999)
    panel.powerCycle(at: 0)
    _ = easel.show(now: 29_999)
    #expect(!panel.isOn)
    _ = easel.show(now: 30_000)
    #expect(panel.isOn)
  }

  /// 1,024 bytes in 32 chunks, each with address and control byte, nine clocks a byte at 400 kHz: about 24 ms.
  @Test func wholeFrameTakes24MillisecondsAt400Kilohertz() {
    bus.attach(panel)
    let start = bus.clock.microseconds
    _ = easel.show(now: 0)
    let milliseconds = Double(bus.clock.microseconds - start) / 1000
    #expect((24...26).contains(milliseconds), "\(milliseconds) ms")
  }
}
