import Telemetry

// The readings, with the digits that are published: nothing is rounded for the screen but °C to °F.
//
//     Attic06            W B G      which links stand
//     ─────────────────────────
//            22.53 °C
//     45.12 %RH     1013.25 hPa
//     ─────────────────────────
//     ● Motion   ■ Switch   12↑     readings not yet acknowledged
//
// A value that is missing shows as `--` and the reason.
extension Screen {
  func drawReading(_ device: DeviceID, on canvas: inout Canvas) {
    canvas.title(device, links)
    drawTemperature(on: &canvas)
    drawHumidityAndPressure(on: &canvas)
    canvas.horizontalLine(y: 50)
    drawInputs(on: &canvas)
    drawUnsent(on: &canvas)
  }

  private func drawTemperature(on canvas: inout Canvas) {
    var digits = InlineBytes<32>()
    guard let value = temperatureHundredths else {
      digits.append("--")
      let isExplained = measurement.quality != .ok
      let end = canvas.largeDigits(digits, x: isExplained ? 26 : 53, y: 14)
      if isExplained { canvas.label(InlineBytes(measurement.quality.name), x: end + 12, y: 21) }
      return
    }
    digits.append(hundredths: value)
    // Digits, a gap and the unit are centred together; both units are two glyphs wide.
    let left = (Canvas.width - digits.largeWidth - 3 - (Font.advance + Font.width)) / 2
    let end = canvas.largeDigits(digits, x: left, y: 14)
    canvas.text(unit.sign, x: end + 3, y: 14)
  }

  private func drawHumidityAndPressure(on canvas: inout Canvas) {
    canvas.text(value(measurement.humidityCentiPercent, "%RH"), x: 0, y: 39)
    canvas.text(value(measurement.pressurePascals, "hPa"), x: Canvas.width, y: 39, align: .right)
  }

  /// `45.12 %RH`, `-- %RH`, or `-- range`; a long reason stands close to its dashes, so that two fit side by side.
  ///
  /// With a temperature there, the reason is these values' own; without one it stands beside the temperature's dashes.
  private func value(_ hundredths: Int32?, _ unit: StaticString) -> InlineBytes<32> {
    var text = InlineBytes<32>()
    var end = unit
    if let hundredths {
      text.append(hundredths: hundredths)
    } else {
      text.append("--")
      if measurement.quality != .ok, temperatureHundredths != nil { end = measurement.quality.name }
    }
    if end.utf8CodeUnitCount < 8 { text.append(UInt8(ascii: " ")) }
    text.append(end)
    return text
  }

  private func drawInputs(on canvas: inout Canvas) {
    canvas.mark(motion, high: disc, low: ring, x: 0, y: 54)
    canvas.text("Motion", x: 10, y: 54)
    canvas.mark(switchLevel, high: block, low: box, x: 49, y: 54)
    canvas.text("Switch", x: 59, y: 54)
  }

  private func drawUnsent(on canvas: inout Canvas) {
    guard unsent > 0 else { return }
    // Five columns for the arrow, four digits beside it.
    let arrow = upArrow
    canvas.bitmap(arrow.span, x: 123, y: 54, width: 5, height: 7)
    var count = InlineBytes<32>()
    if unsent > 999 { count.append(">999") } else { count.append(unsigned: UInt64(unsent)) }
    canvas.text(count, x: 121, y: 54, align: .right)
  }
}

extension Canvas {
  /// One of two marks of 7 × 7 pixels, or one dot in the middle when the level is unknown.
  fileprivate mutating func mark(
    _ level: Level, high: InlineArray<7, UInt8>, low: InlineArray<7, UInt8>, x: Int, y: Int
  ) {
    switch level {
    case .unknown: pixel(x: x + 3, y: y + 3)
    case .high: bitmap(high.span, x: x, y: y, width: 7, height: 7)
    case .low: bitmap(low.span, x: x, y: y, width: 7, height: 7)
    }
  }
}

private let disc: InlineArray<7, UInt8> = [0x1C, 0x3E, 0x7F, 0x7F, 0x7F, 0x3E, 0x1C]
private let ring: InlineArray<7, UInt8> = [0x1C, 0x22, 0x41, 0x41, 0x41, 0x22, 0x1C]
private let block: InlineArray<7, UInt8> = [0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F]
private let box: InlineArray<7, UInt8> = [0x7F, 0x41, 0x41, 0x41, 0x41, 0x41, 0x7F]
/// On its way up.
private let upArrow: InlineArray<5, UInt8> = [0x04, 0x02, 0x7F, 0x02, 0x04]
