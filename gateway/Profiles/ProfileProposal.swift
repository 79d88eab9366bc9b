import Telemetry

/// A profile proposed from messages that were seen, as YAML for a person to look over.
///
/// ```swift
/// var proposal = ProfileProposal(name: "weather")
/// proposal.see(topic: "weather/roof", payload: bytes)
/// proposal.yaml   // profile: weather …
/// ```
///
/// It guesses by the names of members and the size of values, and says where it guessed. What it wrote is read back and tried on the
/// messages it was made from, so that the last comment counts rows.
public struct ProfileProposal: Sendable {
  /// The most messages that are remembered.
  public static let limit = 1000

  private let name: String
  private var messages: [(topic: String, payload: [UInt8])] = []

  /// Nothing seen yet.
  ///
  /// - Parameter name: the profile's name, 1 to 32 of a-z 0-9 _ -.
  public init(name: String) {
    self.name = name
  }

  /// How many messages were seen.
  public var count: Int { messages.count }

  /// Takes in a message; beyond `limit` none.
  public mutating func see(topic: String, payload: [UInt8]) {
    guard messages.count < Self.limit, !payload.isEmpty else { return }
    messages.append((topic, payload))
  }

  /// The proposal, or `nil` where no message has a shape that a profile can describe.
  public var yaml: String? {
    let levels = commonLevelCount
    let alike = messages.filter { Self.levels($0.topic).count == levels }
    let objects = alike.compactMap { message in Self.leaves(message.payload).map { (message, $0) } }
    let isBare = objects.count * 2 < alike.count
    let (topic, objectCapture) = topicPattern(isBare ? alike : objects.map(\.0))
    guard !topic.isEmpty else { return nil }
    let body = isBare ? bareColumns(alike, objectCapture) : columns(objects.flatMap(\.1))
    guard let body else { return nil }
    var text = "profile: \(name)\nabout: Proposed from \(messages.count) messages; look over units and words.\n"
    if isBare { text += "payload: value\n" }
    text += "topics: [\(Self.quoted(topic))]\ndevice: \"{device}\"\n\(body)"
    return text + verdict(text)
  }

  // MARK: Topics

  private static func levels(_ topic: String) -> [Substring] {
    topic.split(separator: "/", omittingEmptySubsequences: false)
  }

  private var commonLevelCount: Int {
    var counts: [Int: Int] = [:]
    for message in messages { counts[Self.levels(message.topic).count, default: 0] += 1 }
    // The shorter of two that are equally frequent, so that the answer does not depend on a dictionary's order.
    return counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key ?? 0
  }

  /// Words that name a kind of message and no device.
  private static let kindWords: Set<String> = [
    "tele", "stat", "cmnd", "sensor", "sensors", "state", "status", "data", "telemetry", "home", "house", "mqtt",
    "binary_sensor", "switch", "values", "reading", "readings", "now", "up", "event", "devices",
  ]

  /// Levels that vary are captures: the first is the device, the last of several the object.
  private func topicPattern(_ messages: [(topic: String, payload: [UInt8])]) -> (topic: String, object: Bool) {
    let topics = messages.map { Self.levels($0.topic) }
    guard let first = topics.first else { return ("", false) }
    var varying = first.indices.filter { index in topics.contains { $0[index] != first[index] } }
    if varying.isEmpty {
      varying = [first.indices.first { !Self.kindWords.contains(first[$0].lowercased()) } ?? first.count - 1]
    }
    let hasObject = varying.count > 1
    let pattern = first.indices.map { index in
      if index == varying[0] { return "{device}" }
      if hasObject, index == varying[varying.count - 1] { return "{object}" }
      return varying.contains(index) ? "{level\(index)}" : String(first[index])
    }
    return (pattern.joined(separator: "/"), hasObject)
  }

  // MARK: Payloads

  private struct Leaf {
    var pointer: String
    /// The last key, in lower case.
    var key: String
    var word: String
    var isNumber: Bool

    var number: Double? { isNumber ? Double(word) : nil }
  }

  /// The scalars of an object, in order; `nil` where the payload is no object.
  private static func leaves(_ payload: [UInt8]) -> [Leaf]? {
    guard let document = try? PayloadDocument(payload, isBareValue: false), case .object = document.root.value else {
      return nil
    }
    var leaves: [Leaf] = []
    func walk(_ node: PayloadDocument.Node, _ tokens: [JSONPointer.Token], _ key: String) {
      switch node.value {
      case .object(let members):
        for member in members { walk(member.node, tokens + [.key(member.key)], member.key.lowercased()) }
      case .array(let nodes):
        for (index, node) in nodes.prefix(8).enumerated() { walk(node, tokens + [.key("\(index)")], key) }
      case .number, .string, .bool:
        guard let word = document.word(node) else { return }
        var isNumber = false
        if case .number = node.value { isNumber = true }
        leaves.append(
          Leaf(pointer: JSONPointer(tokens: tokens).description, key: key, word: word, isNumber: isNumber))
      case .null: return
      }
    }
    walk(document.root, [], "")
    return leaves
  }

  private func columns(_ leaves: [Leaf]) -> String? {
    var order: [String] = []
    var seen: [String: [Leaf]] = [:]
    for leaf in leaves {
      if seen[leaf.pointer] == nil { order.append(leaf.pointer) }
      seen[leaf.pointer, default: []].append(leaf)
    }
    var guesses: [String: [String]] = [:]
    var events: [String] = []
    var time: String?
    var identity: String?
    let told = leaves.filter { $0.key.contains("tempunit") }.map(\.word).last
    for pointer in order {
      guard let values = seen[pointer],
        let guess = ColumnGuess(key: values[0].key, values.map(\.word), values.map(\.number), told)
      else { continue }
      switch guess {
      case .number(let column, let unit):
        guesses[column, default: []].append("{at: \(Self.quoted(pointer)), unit: \(unit)}")
      case .level(let column, let high, let low):
        guesses[column, default: []].append(
          "{at: \(Self.quoted(pointer)), high: [\(Self.quoted(high))], low: [\(Self.quoted(low))]}")
        if column == "motion" {
          events.append("  - {at: \(Self.quoted(pointer)), is: \(Self.quoted(high)), event: motion}\n")
        } else {
          events.append("  - {at: \(Self.quoted(pointer)), event: switch}\n")
        }
      case .text(let column): guesses[column, default: []].append(Self.quoted(pointer))
      case .time(let hasZone):
        identity = identity ?? pointer
        if hasZone { time = time ?? pointer }
      case .counter: identity = identity ?? pointer
      }
    }
    guard guesses.keys.contains(where: { !["sensor_type", "version"].contains($0) }) else { return nil }
    var text = ""
    if let time { text += "time: \(Self.quoted(time))\n" }
    if let identity { text += "identity: [\(Self.quoted(identity))]\n" }
    if time == nil, identity != nil {
      text += "# A time without zone is no moment. If you know it: time: {at: …, zone: \"+01:00\"}\n"
    }
    text += "columns:\n"
    for column in ColumnGuess.columns {
      guard let places = guesses[column] else { continue }
      text += "  \(column): " + (places.count == 1 ? places[0] : "[\(places.joined(separator: ", "))]") + "\n"
    }
    if !events.isEmpty { text += "events:\n\(events.joined())  - {event: heartbeat}\n" }
    return text
  }

  private func bareColumns(_ messages: [(topic: String, payload: [UInt8])], _ hasObject: Bool) -> String? {
    guard hasObject else {
      return "columns: {}\nextra: {value: \"\"}\n"
    }
    var lines: [String: [String]] = [:]
    var known: Set<String> = []
    for message in messages {
      let levels = Self.levels(message.topic)
      guard let object = levels.last(where: { !Self.kindWords.contains($0.lowercased()) }).map(String.init),
        known.insert(object).inserted
      else { continue }
      let word = String(decoding: message.payload, as: UTF8.self)
      switch ColumnGuess(key: object.lowercased(), [word], [Double(word)], nil) {
      case .number(let column, let unit):
        lines[column, default: []].append("{at: \"\", unit: \(unit), when: {object: \(Self.quoted(object))}}")
      case .level(let column, let high, let low):
        lines[column, default: []].append(
          "{at: \"\", high: [\(Self.quoted(high))], low: [\(Self.quoted(low))], when: {object: \(Self.quoted(object))}}"
        )
      case .text, .time, .counter, nil: continue
      }
    }
    var text = lines.isEmpty ? "columns: {}\n" : "columns:\n"
    for column in ColumnGuess.columns {
      guard let places = lines[column] else { continue }
      text += "  \(column): [\(places.joined(separator: ", "))]\n"
    }
    return text + "extra: {\"{object}\": \"\", object: \"{object}\"}\n"
  }

  // MARK: Trying it

  private func verdict(_ text: String) -> String {
    do throws(ProfileError) {
      let profile = try PayloadProfile(yaml: text, file: "proposal")
      var rows = 0
      var firstRefusal: String?
      for message in messages {
        do throws(Refusal) {
          _ = try profile.translate(message.payload, topic: message.topic)
          rows += 1
        } catch {
          firstRefusal = firstRefusal ?? "\(message.topic): \(error)"
        }
      }
      let refusal =
        firstRefusal.map { "\n# not: \($0.split(whereSeparator: \.isNewline).joined(separator: " "))" } ?? ""
      return "# \(rows) of the \(messages.count) messages become rows.\(refusal)\n"
    } catch {
      return "# This is no profile yet: \(error)\n"
    }
  }

  /// A text as YAML's double quotes write it, as JSON does.
  private static func quoted(_ text: String) -> String {
    "\""
      + text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\0"..<" ": " "
        default: String(scalar)
        }
      }.joined() + "\""
  }
}

/// What a member is likely to be.
enum ColumnGuess: Equatable {
  case number(column: String, unit: String)
  case level(column: String, high: String, low: String)
  case text(column: String)
  case time(hasZone: Bool)
  case counter

  /// The columns in the order they are written.
  static let columns = [
    "temperature", "humidity", "pressure", "motion", "switch", "sensor_type", "wifi_rssi", "uptime_ms", "version",
  ]

  /// - Parameters:
  ///   - key: the member's name in lower case.
  ///   - words: the values seen.
  ///   - numbers: the same as numbers, `nil` where they are none.
  ///   - temperatureUnit: what a member such as TempUnit says.
  init?(key: String, _ words: [String], _ numbers: [Double?], _ temperatureUnit: String?) {
    let values = numbers.compactMap { $0 }
    let isNumeric = !values.isEmpty && values.count == numbers.count
    let highest = values.max() ?? 0
    func named(_ names: String...) -> Bool { names.contains { key.contains($0) } }
    if isNumeric, named("temp"), !named("unit") {
      let isFahrenheit = temperatureUnit == "F" || key.hasSuffix("_f") || named("fahrenheit")
      self = .number(column: "temperature", unit: isFahrenheit ? "fahrenheit" : highest > 200 ? "kelvin" : "celsius")
    } else if isNumeric, named("hum") || key == "rh" {
      self = .number(column: "humidity", unit: highest <= 1 ? "fraction" : "percent")
    } else if isNumeric, named("press", "baro"), let unit = Self.pressureUnit(highest) {
      self = .number(column: "pressure", unit: unit)
    } else if isNumeric, named("rssi", "signal"), highest < 0 {
      self = .number(column: "wifi_rssi", unit: "dBm")
    } else if isNumeric, named("uptime") {
      self = .number(column: "uptime_ms", unit: named("ms", "milli") ? "ms" : "s")
    } else if named("motion", "occupancy", "pir", "presence"), let (high, low) = Self.levelWords(words) {
      self = .level(column: "motion", high: high, low: low)
    } else if named("contact", "door", "window", "switch"), let (high, low) = Self.levelWords(words) {
      self = .level(column: "switch", high: high, low: low)
    } else if ["time", "timestamp", "last_seen", "ts", "datetime", "date", "when"].contains(key) {
      let zoned = words.allSatisfy { word in
        Timestamp.parse(Array(word.utf8).span) != nil && word.utf8.dropFirst(10).contains { "Zz+-".utf8.contains($0) }
      }
      self = .time(hasZone: zoned || isNumeric && highest > 1e9)
    } else if isNumeric, ["seq", "sequence", "counter", "packet", "msg_id"].contains(key) {
      self = .counter
    } else if ["version", "firmware", "fw", "sw_version"].contains(key) {
      self = .text(column: "version")
    } else if ["sensor_type", "sensor", "model"].contains(key), !isNumeric {
      self = .text(column: "sensor_type")
    } else {
      return nil
    }
  }

  /// By its size: at the Earth's surface 870 to 1085 hPa were measured.
  private static func pressureUnit(_ value: Double) -> String? {
    switch value {
    case 870...1085: "hPa"
    case 87_000...108_500: "Pa"
    case 87...108.5: "kPa"
    case 650...815: "mmHg"
    case 25.6...32.1: "inHg"
    default: nil
    }
  }

  private static func levelWords(_ words: [String]) -> (String, String)? {
    let pairs = [("true", "false"), ("ON", "OFF"), ("on", "off"), ("HIGH", "LOW"), ("1", "0"), ("open", "closed")]
    return pairs.first { pair in words.allSatisfy { $0 == pair.0 || $0 == pair.1 } }
  }
}
