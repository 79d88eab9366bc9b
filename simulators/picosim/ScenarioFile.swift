import ChipModels
import VirtualBoard
import Yams

/// What is wrong in a scenario file, and where.
struct ScenarioError: Error, Equatable, CustomStringConvertible {
  /// From 1.
  var line: Int
  var reason: String

  /// `12: reason`, to stand behind the file's name and a colon.
  var description: String { "\(line): \(reason)" }
}

extension Scenario {
  /// The scenario that a YAML text describes; simulators/scenarios/README.md names every key.
  ///
  ///     name: a loose plug
  ///     visits: none
  ///     events:
  ///       - at: 10s
  ///         unplug: bme280
  ///       - at: 20s
  ///         plug: bme280
  ///
  /// - Throws: `ScenarioError` with line and key for the first fault.
  init(yaml: String) throws(ScenarioError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch YamlError.parser(_, let problem, let mark, _), YamlError.scanner(_, let problem, let mark, _) {
      throw ScenarioError(line: mark.line, reason: "not YAML: \(problem)")
    } catch {
      throw ScenarioError(line: 1, reason: "not YAML: \(error)")
    }
    guard let root, let top = root.mapping else {
      throw ScenarioError(line: 1, reason: "a scenario is keys and values, such as `events:` with a list")
    }
    let entries = try Entries(top, line: 1, allowed: ["name", "visits", "chips", "repeat", "events"])
    var events: [ScenarioEvent] = []
    if let list = entries["events"] {
      guard let items = list.value.sequence else { throw list.wrong("a list of events, each with `at:`") }
      for item in items { events.append(try ScenarioEvent(item)) }
    }
    var repeatMilliseconds: UInt64?
    if let entry = entries["repeat"] {
      let span = try entry.span()
      let last = events.map(\.at).max() ?? 0
      guard span > last else { throw entry.wrong("a time after the last event") }
      repeatMilliseconds = span
    }
    self.init(
      name: try entries["name"]?.text() ?? "", visitPeriodMilliseconds: try entries["visits"]?.visits(),
      parts: try entries["chips"]?.parts(), repeatMilliseconds: repeatMilliseconds, events: events)
  }
}

extension ScenarioEvent {
  fileprivate static let actions = [
    "temperature", "humidity", "pressure", "visit", "door", "unplug", "plug", "bus", "brown_out", "wifi", "power_cut",
  ]

  fileprivate init(_ node: Node) throws(ScenarioError) {
    let line = node.mark?.line ?? 1
    guard let mapping = node.mapping else {
      throw ScenarioError(line: line, reason: "an event is `at:` and one action, such as `unplug: bme280`")
    }
    let entries = try Entries(mapping, line: line, allowed: ["at", "on"] + Self.actions)
    guard let at = entries["at"] else {
      throw ScenarioError(line: line, reason: "at: missing; an event needs its time")
    }
    let found = entries.all.filter { Self.actions.contains($0.key) }
    guard found.count == 1 else {
      throw ScenarioError(
        line: line,
        reason: found.isEmpty
          ? "an event needs one of \(Self.actions.joined(separator: ", "))"
          : "one action for each event, not \(found.map(\.key).joined(separator: " and "))")
    }
    var devices: Set<String>?
    if let entry = entries["on"] { devices = Set(try entry.texts()) }
    self.init(at: try at.span(), try found[0].action(), devices: devices)
  }
}

/// The keys of a mapping, which are all known.
private struct Entries {
  let all: [Entry]

  init(_ mapping: Node.Mapping, line: Int, allowed: [String]) throws(ScenarioError) {
    var all: [Entry] = []
    for (key, value) in mapping {
      let entry = Entry(key: key.string ?? "", value: value, line: key.mark?.line ?? line)
      guard allowed.contains(entry.key) else {
        throw ScenarioError(
          line: entry.line, reason: "\(entry.key): no such key; known are \(allowed.joined(separator: ", "))")
      }
      all.append(entry)
    }
    self.all = all
  }

  subscript(key: String) -> Entry? { all.first { $0.key == key } }
}

/// A key with its value.
private struct Entry {
  var key: String
  var value: Node
  var line: Int

  func wrong(_ expected: String) -> ScenarioError {
    ScenarioError(line: line, reason: "\(key): \(expected)" + (value.scalar.map { ", not `\($0.string)`" } ?? ""))
  }

  func text() throws(ScenarioError) -> String {
    guard let text = value.scalar?.string else { throw wrong("a text") }
    return text
  }

  func texts() throws(ScenarioError) -> [String] {
    guard let list = value.sequence else { return [try text()] }
    let texts = list.compactMap { $0.scalar?.string }
    guard texts.count == list.count else { throw wrong("a text, or a list of texts") }
    return texts
  }

  func span() throws(ScenarioError) -> UInt64 {
    guard let text = value.scalar?.string, let span = TimeSpan(argument: text) else {
      throw wrong("a time such as 500ms, 90s, 5m, 12h or 7d")
    }
    return span.milliseconds
  }

  func visits() throws(ScenarioError) -> Double {
    value.scalar?.string == "none" ? 0 : Double(try span())
  }

  func number(_ range: ClosedRange<Double>, _ unit: String) throws(ScenarioError) -> Double {
    guard let text = value.scalar?.string, let number = Double(text), range.contains(number) else {
      throw wrong("a number from \(Int(range.lowerBound)) to \(Int(range.upperBound)) \(unit)")
    }
    return number
  }

  func choice<T>(_ choices: KeyValuePairs<String, T>) throws(ScenarioError) -> T {
    guard let text = value.scalar?.string, let choice = choices.first(where: { $0.key == text }) else {
      throw wrong(choices.map(\.key).joined(separator: " or "))
    }
    return choice.value
  }

  func part() throws(ScenarioError) -> Part {
    guard let part = Part(rawValue: value.scalar?.string ?? "") else {
      throw wrong("a chip: " + Part.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return part
  }

  func parts() throws(ScenarioError) -> Set<Part> {
    var parts: Set<Part> = []
    for name in try texts() {
      guard let part = Part(rawValue: name) else {
        throw ScenarioError(
          line: line,
          reason: "\(key): no chip `\(name)`; known are \(Part.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      parts.insert(part)
    }
    return parts
  }

  func inner(_ allowed: [String]) throws(ScenarioError) -> Entries {
    guard let mapping = value.mapping else { throw wrong("keys and values: \(allowed.joined(separator: ", "))") }
    return try Entries(mapping, line: line, allowed: allowed)
  }
}

// MARK: - Actions

extension Entry {
  func action() throws(ScenarioError) -> ScenarioAction {
    switch key {
    case "temperature": return try air(.temperature, -273...1000, "°C", scale: 1)
    case "humidity": return try air(.humidity, 0...100, "%RH", scale: 1)
    case "pressure": return try air(.pressure, 0...2000, "hPa", scale: 100)
    case "visit": return .visit(milliseconds: try span())
    // YAML 1.1 readers take a bare `on` for true; here a word is a word.
    case "door": return .door(isOpen: try choice(["open": true, "shut": false]))
    case "wifi": return .wifi(isOn: try choice(["on": true, "off": false]))
    case "unplug": return .unplug(try part())
    case "plug": return .plugIn(try part())
    case "brown_out": return .brownOut(try part())
    case "power_cut": return .powerCut(milliseconds: try span())
    default: return try bus()
    }
  }

  private func air(
    _ quantity: World.Quantity, _ range: ClosedRange<Double>, _ unit: String, scale: Double
  ) throws(ScenarioError) -> ScenarioAction {
    if value.scalar?.string == "weather" { return .weather(quantity) }
    if value.scalar != nil { return .air(quantity, to: try number(range, unit) * scale, during: 0) }
    let entries = try inner(["to", "during"])
    guard let to = entries["to"] else { throw ScenarioError(line: line, reason: "\(key): `to:` is missing") }
    return .air(quantity, to: try to.number(range, unit) * scale, during: try entries["during"]?.span() ?? 0)
  }

  private func bus() throws(ScenarioError) -> ScenarioAction {
    let entries = try inner(["fault", "chip", "times", "byte", "bit", "microseconds"])
    guard let fault = entries["fault"] else { throw ScenarioError(line: line, reason: "\(key): `fault:` is missing") }
    let byte = Int(try entries["byte"]?.number(0...1024, "") ?? 0)
    let bit = Int(try entries["bit"]?.number(0...7, "") ?? 0)
    let stretch = UInt64(try entries["microseconds"]?.number(0...1_000_000, "µs") ?? 1000)
    let kind = try fault.choice([
      "nack": BusFault.nackAddress, "nack_data": .nackData(byte: byte), "timeout": .timeout, "stuck": .stuck,
      "hold_sda": .holdSDA, "stretch": .stretch(microseconds: stretch), "brown_out": .brownOut,
      "flip": .flipRead(byte: byte, bit: bit),
    ])
    return .bus(
      kind, try entries["chip"]?.part(), times: Int(try entries["times"]?.number(1...1_000_000, "times") ?? 1))
  }
}
