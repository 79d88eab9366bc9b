import ChipModels
import HAL
import Testing

@Suite struct SSD1306ModelTests {
  let panel = SSD1306Model()

  func send(_ bytes: UInt8...) {
    #expect(panel.write(bytes) == bytes.count)
  }

  @Test func memoryIsNoiseAfterPowerUpAndThePanelIsDark() {
    #expect(Set(panel.memory).count > 100)
    #expect(!panel.art.contains("#"))
    send(0x00, 0xAF)
    #expect(!panel.art.contains("#"), "without its charge pump the panel stays dark")
    send(0x00, 0x8D, 0x14)
    #expect(panel.art.contains("#"))
  }

  @Test func horizontalPointerWalksThroughTheWindowAndWrapsInside() {
    send(0x00, 0x20, 0x00, 0x21, 126, 127, 0x22, 6, 7)
    send(0x40, 1, 2, 3, 4, 5)
    #expect(panel.memory[6 * 128 + 126] == 5)
    #expect(panel.memory[6 * 128 + 127] == 2)
    #expect(panel.memory[7 * 128 + 126] == 3)
    #expect(panel.memory[7 * 128 + 127] == 4)
  }

  @Test func verticalPointerGoesDownFirst() {
    send(0x00, 0x20, 0x01, 0x21, 10, 11, 0x22, 2, 3)
    send(0x40, 1, 2, 3, 4, 5)
    #expect(panel.memory[2 * 128 + 10] == 5)
    #expect(panel.memory[3 * 128 + 10] == 2)
    #expect(panel.memory[2 * 128 + 11] == 3)
    #expect(panel.memory[3 * 128 + 11] == 4)
  }

  @Test func pageAddressingStaysInItsPage() {
    send(0x00, 0x20, 0x02, 0xB3, 0x0F, 0x17)
    send(0x40, 1, 2)
    #expect(panel.memory[3 * 128 + 127] == 1)
    #expect(panel.memory[3 * 128] == 2)
  }

  @Test func parametersMayComeLaterAndControlBytesMayAlternate() {
    send(0x00, 0x21, 5)
    send(0x00, 9, 0x20, 0x00, 0x22, 0, 0)
    send(0x80, 0xE3, 0xC0, 0xAA, 0x40, 0xBB)
    #expect(panel.memory[5] == 0xAA)
    #expect(panel.memory[6] == 0xBB)
    #expect(panel.complaints == [])
  }

  @Test func uprightMeansBothRemaps() {
    send(0x00, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7, 0x8D, 0x14, 0xAF)
    #expect(panel.write([0x40, 1] + [UInt8](repeating: 0, count: 1023)) == 1025)
    #expect(panel.isLit(x: 127, y: 63))
    send(0x00, 0xA1, 0xC8)
    #expect(panel.isLit(x: 0, y: 0))
    #expect(panel.art.filter { $0 == "#" }.count == 1)
    send(0x00, 0xA7)
    #expect(!panel.isLit(x: 0, y: 0))
    #expect(panel.isLit(x: 1, y: 0))
  }

  @Test func nonsenseIsAComplaint() {
    send(0x00, 0x2F, 0x21, 9, 5, 0xA8, 0x1F)
    send(0x13)
    #expect(
      panel.complaints == [
        "unknown command 2F", "window 9...5", "multiplex ratio of another panel", "control byte 13",
      ])
  }
}
