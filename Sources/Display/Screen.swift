/// What the display shows: one case per situation, each a value that draws itself and nothing else.
public enum Screen: Equatable, Sendable {
  /// Starting.
  case boot(BootScreen)
  /// The readings.
  case reading(ReadingScreen)
  /// No way to the gateway: readings are kept.
  case offline(OfflineScreen)
  /// The sensor gives nothing.
  case sensorFault(SensorFaultScreen)
  /// The configuration says that this device publishes nothing.
  case disabled(deviceID: Text)

  /// Draws the screen over whatever the canvas held.
  public func draw(on canvas: inout Canvas) {
    canvas.clear()
    switch self {
    case .boot(let screen): screen.draw(on: &canvas)
    case .reading(let screen): screen.draw(on: &canvas)
    case .offline(let screen): screen.draw(on: &canvas)
    case .sensorFault(let screen): screen.draw(on: &canvas)
    case .disabled(let deviceID):
      canvas.title(deviceID)
      canvas.text("disabled", x: 64, y: 26, align: .centre)
      canvas.text("by its configuration", x: 64, y: 40, align: .centre)
    }
  }
}

/// Which parts of the way to the gateway stand.
public struct LinkMarks: Equatable, Sendable {
  /// Wi-Fi is joined.
  public var wifi: Bool
  /// The broker took the connection.
  public var broker: Bool
  /// The gateway acknowledged something lately.
  public var gateway: Bool

  /// Marks by hand.
  public init(wifi: Bool, broker: Bool, gateway: Bool) {
    self.wifi = wifi
    self.broker = broker
    self.gateway = gateway
  }
}

extension Canvas {
  /// The line over every screen: which device this is, and a rule under it.
  mutating func title(_ deviceID: Text) {
    text(deviceID, x: 0, y: 1)
    horizontalLine(y: 10)
  }

  /// The same with the three links at the right: a letter in a box, light when the link stands.
  mutating func title(_ deviceID: Text, _ links: LinkMarks) {
    title(deviceID)
    // A long name ends before the marks.
    fill(x: 92, y: 0, width: 36, height: 10, .off)
    mark("W", x: 95, links.wifi)
    mark("B", x: 107, links.broker)
    mark("G", x: 119, links.gateway)
  }

  private mutating func mark(_ letter: StaticString, x: Int, _ isUp: Bool) {
    if isUp { fill(x: x, y: 0, width: 9, height: 9) }
    text(letter, x: x + 2, y: 1, .flip)
  }

  /// Text on a light ground, as wide as the text needs; (x, y) is the text's place.
  mutating func label(_ words: Text, x: Int, y: Int, align: Alignment = .left) {
    let left =
      switch align {
      case .left: x
      case .centre: x - words.width / 2
      case .right: x - words.width
      }
    fill(x: left - 2, y: y - 2, width: words.width + 4, height: 11)
    text(words, x: left, y: y, .off)
  }
}
