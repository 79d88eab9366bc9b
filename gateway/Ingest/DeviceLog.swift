import Telemetry

/// What a device said on its log topic (protocol/topics.md).
struct DeviceLogLine: Equatable {
  /// How grave it is, by its own word.
  enum Level: String, Equatable, CaseIterable {
    case error, warning, info, debug
    /// The flight record of a start.
    case start
    /// Anything else, also what is no JSON.
    case other
  }

  /// The longest text that is passed on, in bytes; the devices of this project stay below it.
  static let textLimit = 512

  var device: String
  var level: Level
  /// What came, as it came: printable, and cut where it is too long.
  var text: String

  /// The line in a message.
  init(device: String, payload: [UInt8]) {
    self.device = device
    level = Self.level(in: payload.span)
    let scalars = String(decoding: payload.prefix(Self.textLimit), as: UTF8.self).unicodeScalars
    // A device must not be able to begin a line of the gateway's own log, or to steer a terminal.
    text = String(String.UnicodeScalarView(scalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    if payload.count > Self.textLimit { text += "…" }
  }

  private static func level(in text: borrowing Span<UInt8>) -> Level {
    var cursor = JSONCursor()
    guard (try? cursor.next(in: text)) == .objectStart else { return .other }
    while case .key(let key)? = try? cursor.next(in: text) {
      var look = cursor
      let value = try? look.next(in: text)
      guard (try? cursor.skipValue(in: text)) != nil else { return .other }
      if key.matches("reset", in: text) { return .start }
      guard key.matches("level", in: text), case .string(let word)? = value else { continue }
      if word.matches("error", in: text) { return .error }
      if word.matches("warning", in: text) { return .warning }
      if word.matches("info", in: text) { return .info }
      if word.matches("debug", in: text) { return .debug }
    }
    return .other
  }
}

/// Lets so many lines of devices into the gateway's own log, and counts the rest: a fleet with a fault must not fill a
/// disk. Time is a parameter.
struct LogBudget {
  /// So many at once.
  static let burst = 50.0
  /// So many a second in the long run, of all devices together.
  static let perSecond = 5.0

  private var tokens = Self.burst
  private var at: Double?
  private var left = 0

  /// Whether a line may go out at `seconds`, and how many before it were left out; `nil`: it may not.
  mutating func take(atSeconds seconds: Double) -> Int? {
    tokens = min(Self.burst, tokens + max(0, seconds - (at ?? seconds)) * Self.perSecond)
    at = seconds
    guard tokens >= 1 else {
      left += 1
      return nil
    }
    tokens -= 1
    defer { left = 0 }
    return left
  }
}
