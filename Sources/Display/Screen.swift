import Telemetry

/// What the display shows: the situation, and the values that situation may need. A small value, so that a step can ask
/// whether anything changed; it draws itself and nothing else.
///
///     var screen = Screen(.reading)
///     screen.measurement = measurement
///     screen.draw(as: deviceID, firmware: version, on: &canvas)
public struct Screen: Equatable, Sendable {
  /// The situations.
  public enum Kind: UInt8, Equatable, Sendable, CaseIterable {
    /// Starting.
    case boot
    /// Looking for Wi-Fi for the first time.
    case joining
    /// The readings.
    case reading
    /// No way to the gateway: readings are kept.
    case offline
    /// The sensor gives nothing.
    case sensorFault
    /// The configuration says that this device publishes nothing.
    case disabled
    /// Somebody asked which board this is.
    case identify
  }

  /// The situation.
  public var kind: Kind
  /// The last look at the environment; its quality is the reason for what is missing.
  public var measurement = Measurement.missing(.ok)
  /// The unit temperatures are shown in.
  public var unit = TemperatureUnit.celsius
  /// The motion sensor's level.
  public var motion = Level.unknown
  /// The switch's level.
  public var switchLevel = Level.unknown
  /// Which parts of the way to the gateway stand.
  public var links = LinkMarks(wifi: false, broker: false, gateway: false)
  /// Readings the gateway has not acknowledged.
  public var unsent: UInt32 = 0
  /// Where the picture lies.
  public var shift = PixelShift.none

  /// A screen that knows nothing yet.
  public init(_ kind: Kind) {
    self.kind = kind
  }

  /// Draws the screen over whatever the canvas held.
  ///
  /// - Parameters:
  ///   - device: which device this is.
  ///   - firmware: its version.
  public func draw(as device: DeviceID, firmware: InlineBytes<24>, on canvas: inout Canvas) {
    canvas.clear(shiftedBy: shift)
    switch kind {
    case .boot: drawBoot(device, firmware, on: &canvas)
    case .joining: drawOffline(device, on: &canvas)
    case .reading: drawReading(device, on: &canvas)
    case .offline: drawOffline(device, on: &canvas)
    case .sensorFault: drawSensorFault(device, on: &canvas)
    case .disabled: drawDisabled(device, on: &canvas)
    case .identify: drawIdentify(device, on: &canvas)
    }
  }

  /// The temperature in the unit that is shown, in hundredths of a degree.
  var temperatureHundredths: Int32? {
    unit == .celsius ? measurement.temperatureCentiCelsius : measurement.temperatureCentiFahrenheit
  }
}

/// A unit temperatures are shown in.
public enum TemperatureUnit: UInt8, Equatable, Sendable, CaseIterable {
  case celsius, fahrenheit

  /// `°C` or `°F`.
  var sign: StaticString { self == .celsius ? "°C" : "°F" }
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
  mutating func title(_ deviceID: DeviceID) {
    text(deviceID, x: 0, y: 1)
    horizontalLine(y: 10)
  }

  /// The same with the three links at the right: a letter in a box, light when the link stands.
  mutating func title(_ deviceID: DeviceID, _ links: LinkMarks) {
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
  mutating func label(_ words: InlineBytes<32>, x: Int, y: Int, align: Alignment = .left) {
    let width = words.width
    let left =
      switch align {
      case .left: x
      case .centre: x - width / 2
      case .right: x - width
      }
    fill(x: left - 2, y: y - 2, width: width + 4, height: 11)
    text(words, x: left, y: y, .off)
  }
}
