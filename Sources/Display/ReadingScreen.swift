/// The readings, with the digits that are published: nothing is rounded for the screen.
///
///     Attic06            W B G      which links stand
///     ─────────────────────────
///            22.53 °C
///     45.12 %RH     1013.25 hPa
///     ─────────────────────────
///     ● Motion   ■ Switch   12↑     readings not yet acknowledged
///
/// A value that is `nil` shows as `--` and the reason.
public struct ReadingScreen: Equatable, Sendable {
  /// Which device this is.
  public var deviceID = Text()
  /// In 0.01 °C.
  public var temperatureCentiCelsius: Int32?
  /// In 0.01 %RH.
  public var humidityCentiPercent: Int32?
  /// In Pa.
  public var pressurePascals: Int32?
  /// Why values are missing: a quality's name on the wire; empty when a chip just does not have them.
  public var reason = Text()
  /// The motion sensor's level; `nil` when unknown.
  public var motion: Bool?
  /// The switch's level; `nil` when unknown.
  public var isSwitchHigh: Bool?
  /// Which parts of the way to the gateway stand.
  public var links = LinkMarks(wifi: false, broker: false, gateway: false)
  /// Readings the gateway has not acknowledged.
  public var unsent: UInt32 = 0

  /// A screen that knows nothing yet.
  public init() {}

  func draw(on canvas: inout Canvas) {
    canvas.title(deviceID, links)
    drawTemperature(on: &canvas)
    drawHumidityAndPressure(on: &canvas)
    canvas.horizontalLine(y: 50)
    drawInputs(on: &canvas)
    drawUnsent(on: &canvas)
  }

  private func drawTemperature(on canvas: inout Canvas) {
    guard let temperatureCentiCelsius else {
      let end = canvas.largeDigits(Text("--"), x: reason.count == 0 ? 53 : 26, y: 14)
      if reason.count > 0 { canvas.label(reason, x: end + 12, y: 21) }
      return
    }
    let digits = Text(temperatureCentiCelsius, decimals: 2)
    // Digits, a gap and the unit are centred together.
    let unit = Text("°C")
    let left = (Canvas.width - digits.largeWidth - 3 - unit.width) / 2
    let end = canvas.largeDigits(digits, x: left, y: 14)
    canvas.text(unit, x: end + 3, y: 14)
  }

  private func drawHumidityAndPressure(on canvas: inout Canvas) {
    // With a temperature there, the reason is these values' own; without one it stands beside the temperature's dashes.
    let own = temperatureCentiCelsius == nil ? Text() : reason
    canvas.text(Self.value(humidityCentiPercent, "%RH", own), x: 0, y: 39)
    canvas.text(Self.value(pressurePascals, "hPa", own), x: Canvas.width, y: 39, align: .right)
  }

  /// `45.12 %RH`, `-- %RH`, or `-- range`; a long reason stands close to its dashes, so that two fit side by side.
  private static func value(_ hundredths: Int32?, _ unit: StaticString, _ reason: Text) -> Text {
    var text = Text()
    if let hundredths {
      text.append(hundredths, decimals: 2)
    } else {
      text.append("--")
    }
    if hundredths == nil, reason.count > 0 {
      if reason.count < 8 { text.append(0x20) }
      for index in 0..<reason.count { text.append(reason.bytes[index]) }
    } else {
      text.append(0x20)
      text.append(unit)
    }
    return text
  }

  private func drawInputs(on canvas: inout Canvas) {
    canvas.disc(x: 0, y: 54, motion)
    canvas.text("Motion", x: 10, y: 54)
    canvas.box(x: 49, y: 54, isSwitchHigh)
    canvas.text("Switch", x: 59, y: 54)
  }

  private func drawUnsent(on canvas: inout Canvas) {
    guard unsent > 0 else { return }
    // Five columns for the arrow, four digits beside it.
    canvas.upArrow(x: 123, y: 54)
    let count = unsent > 999 ? Text(">999") : Text(Int32(truncatingIfNeeded: unsent))
    canvas.text(count, x: 121, y: 54, align: .right)
  }
}

extension Canvas {
  /// A disc of 7 × 7 pixels, full when `state` holds; one dot in the middle when it is unknown.
  mutating func disc(x: Int, y: Int, _ state: Bool?) {
    guard let state else { return fill(x: x + 3, y: y + 3, width: 1, height: 1) }
    fill(x: x + 2, y: y, width: 3, height: 7)
    fill(x: x + 1, y: y + 1, width: 5, height: 5)
    fill(x: x, y: y + 2, width: 7, height: 3)
    guard !state else { return }
    fill(x: x + 2, y: y + 1, width: 3, height: 5, .off)
    fill(x: x + 1, y: y + 2, width: 5, height: 3, .off)
  }

  /// A box of 7 × 7 pixels, full when `state` holds; one dot in the middle when it is unknown.
  mutating func box(x: Int, y: Int, _ state: Bool?) {
    guard let state else { return fill(x: x + 3, y: y + 3, width: 1, height: 1) }
    if state { fill(x: x, y: y, width: 7, height: 7) } else { rectangle(x: x, y: y, width: 7, height: 7) }
  }

  /// An arrow of 5 × 7 pixels: on its way up.
  mutating func upArrow(x: Int, y: Int) {
    fill(x: x + 2, y: y, width: 1, height: 7)
    fill(x: x + 1, y: y + 1, width: 3, height: 1)
    fill(x: x, y: y + 2, width: 1, height: 1)
    fill(x: x + 4, y: y + 2, width: 1, height: 1)
  }
}
