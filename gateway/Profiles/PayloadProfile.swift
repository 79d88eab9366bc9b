/// How the messages of one kind of device become rows of `sensor_data`: which topics, where the values stand in the
/// payload, in which units, and what names the device. Written as YAML, the shipped ones too (`built-in/`).
///
/// ```yaml
/// profile: attic-weather
/// topics: [weather/{device}/now]
/// columns:
///   temperature: {at: /temp, unit: fahrenheit}
///   humidity: /rh
/// ```
///
/// ```swift
/// let profile = try PayloadProfile(yaml: text, file: "attic-weather.yaml")
/// let reading = try profile.translate(payload, topic: "weather/roof/now")
/// ```
///
/// A profile is a value without state: the same message always makes the same row. One message makes one row.
public struct PayloadProfile: Sendable {
  /// Its name, 1 to 32 of a-z 0-9 _ -, told in each row's `extra` as `profile`.
  public var name: String
  /// What it is for, for a person.
  public var about = ""
  /// Where the payloads are described.
  public var source = ""
  /// The YAML it was read from.
  public var yaml = ""
  /// Which codec of the gateway's own reads this payload instead of the mapping; `nil` for everybody else's.
  public var codec: Codec?
  /// The topics it takes.
  public var topics: [TopicPattern] = []
  /// Those among them that carry no readings.
  public var ignored: [TopicPattern] = []
  /// Whether the payload is one bare number or word instead of JSON.
  var isBareValue = false
  /// Whether a number may stand in quotes.
  var numbersMayBeText = false
  var device: CaptureTemplate
  var time: Time?
  /// What makes a message unlike every other one of its device, where it has that.
  var identity: [JSONPointer] = []
  var numbers: [(quantity: Unit.Quantity, sources: [NumberSource])] = []
  var levels: [(column: LevelColumn, sources: [LevelSource])] = []
  var texts: [(column: TextColumn, sources: [TextSource])] = []
  var events: [EventRule] = []
  /// Further values, under their names in `extra`.
  var extras: [(name: CaptureTemplate, at: JSONPointer)] = []
  /// What captures took, under names in `extra`: it is told, and makes no reading by itself.
  var labels: [(name: String, text: CaptureTemplate)] = []
  /// Whether members that nothing took are kept in `extra`.
  var keepsRest = true

  /// The codecs the gateway has without any profile.
  public enum Codec: String, Sendable, CaseIterable {
    /// This project's devices.
    case martletVersion2 = "martlet-2"
    /// The existing fleet.
    case iots6Version1 = "iots6-1"
  }

  /// Where a message's own time stands.
  struct Time: Sendable, Equatable {
    var at: JSONPointer
    /// What a time without an offset means, as ISO 8601 writes it: `Z`, `+02:00`; `nil`: such a time is not taken.
    var zone: String?
  }

  /// A place that counts only where captures look like that.
  struct Condition: Sendable, Equatable {
    var capture: String
    var glob: Glob
  }

  struct NumberSource: Sendable, Equatable {
    enum UnitChoice: Sendable, Equatable {
      case fixed(Unit)
      /// The payload says: the word there, and what each means.
      case told(at: JSONPointer, words: [String: Unit], otherwise: Unit?)
    }

    var at: JSONPointer
    var unit: UnitChoice
    var conditions: [Condition] = []
  }

  enum LevelColumn: String, Sendable, CaseIterable {
    case motion
    case switchLevel = "switch"
  }

  struct LevelSource: Sendable, Equatable {
    var at: JSONPointer
    var high: [String]
    var low: [String]
    var conditions: [Condition] = []
  }

  enum TextColumn: String, Sendable, CaseIterable {
    case sensorType = "sensor_type"
    case firmware = "version"

    /// The most bytes the column's text may have (protocol/payload.md).
    var limit: Int {
      switch self {
      case .sensorType: 16
      case .firmware: 24
      }
    }
  }

  enum TextSource: Sendable, Equatable {
    case at(JSONPointer)
    case template(CaptureTemplate)
  }

  /// A message is this event where the value is there, and where `words` are given, is one of them.
  struct EventRule: Sendable, Equatable {
    var at: JSONPointer?
    var words: [String] = []
    var conditions: [Condition] = []
    var event: String
  }

  init(name: String, device: CaptureTemplate) {
    self.name = name
    self.device = device
  }

  /// Whether it takes a topic, and what its captures took; `nil`: another one's, or one to ignore.
  public func captures(in topic: String) -> [String: String]? {
    for pattern in topics {
      guard let captures = pattern.captures(in: topic) else { continue }
      return ignores(topic) ? nil : captures
    }
    return nil
  }

  /// Whether the topic is known to carry no readings.
  public func ignores(_ topic: String) -> Bool { ignored.contains { $0.captures(in: topic) != nil } }
}

/// A text with `*` for any characters: `*temperature*`.
struct Glob: Sendable, Equatable {
  private let parts: [Substring]

  init(_ text: String) {
    parts = text.split(separator: "*", omittingEmptySubsequences: false)
  }

  func matches(_ text: String) -> Bool {
    guard parts.count > 1 else { return text == parts[0] }
    guard text.hasPrefix(parts[0]), text.count >= parts[0].count + parts[parts.count - 1].count,
      text.hasSuffix(parts[parts.count - 1])
    else { return false }
    var rest = text.dropFirst(parts[0].count).dropLast(parts[parts.count - 1].count)
    for part in parts[1..<parts.count - 1] where !part.isEmpty {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }
}
