import ChipModels
import Node

/// Configuration documents and commands for a lockstep run, the same for the same seed: most are as they should be, the
/// others wrong in every way a text can be.
struct RandomDocuments {
  private var random: SeededRandom

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  /// A configuration document.
  mutating func configuration() -> String {
    var members: [ConfigurationGroup: [String]] = [:]
    for key in ConfigurationKey.allCases where chance(5) {
      for _ in 0...(chance(15) ? 1 : 0) { members[key.group, default: []].append("\"\(key.name)\":\(value(of: key))") }
    }
    if chance(4) { members[anyGroup(), default: []].append("\"unknown\":\(junk())") }
    if chance(40) { members[.root, default: []].append("\"padding\":\"\(String(repeating: "x", count: 6000))\"") }
    let document = text(of: .root, members)
    return chance(8) ? broken(document) : document
  }

  private mutating func text(of group: ConfigurationGroup, _ members: [ConfigurationGroup: [String]]) -> String {
    var parts = members[group] ?? []
    for inner in ConfigurationGroup.allCases where inner != .root && inner.parent == group {
      let content = text(of: inner, members)
      if content != "{}" { parts.append("\"\(inner.name)\":\(chance(30) ? junk() : content)") }
    }
    parts.shuffle(using: &random)
    return "{\(parts.joined(separator: chance(5) ? " ,\t" : ","))}"
  }

  private mutating func value(of key: ConfigurationKey) -> String {
    // A device that is told to be silent for hours shows little.
    if key == .enabled, !chance(8) { return "1" }
    if key.name.hasSuffix("_period"), chance(2) { return one(of: ["500", "1000", "2000", "5000", "12345", "60000"]) }
    let range = key.range
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return spelled(key, range.lowerBound - (chance(2) ? 1 : 0))
    case 1: return spelled(key, range.upperBound)
    case 2: return spelled(key, range.upperBound + 1)
    case 3: return junk()
    case 4: return one(of: ["\"C\"", "\"F\"", "\"c\"", "\"off\"", "\"error\"", "\"info\"", "\"debug\"", "\"warning\""])
    case 5: return one(of: ["[]", "[1]", "[2,3,4]", "[1,2,3,4,5,6,7,8]", "[1,2,3,4,5,6,7,8,9]", "[1,\"2\"]", "[[1]]"])
    case 6: return "\(Int.random(in: -45...130, using: &random)).\(Int.random(in: 0...9999, using: &random))"
    case 7: return one(of: ["true", "false", "0", "1", "2", "3"])
    default: return spelled(key, Int32.random(in: range, using: &random))
    }
  }

  /// A value in the unit it is stored in, as a document writes it.
  private func spelled(_ key: ConfigurationKey, _ value: Int32) -> String {
    switch key {
    case .stepFans: return "[\((0..<max(0, value)).map { "\($0)" }.joined(separator: ","))]"
    case .pwmMinimum, .pwmMaximum, .pwmHysteresis, .stepMinimum, .stepMaximum, .stepHysteresis, .onChipOffset:
      let hundredths = "\(value.magnitude % 100)"
      return "\(value < 0 ? "-" : "")\(value.magnitude / 100).\(hundredths.count < 2 ? "0" : "")\(hundredths)"
    default: return "\(value)"
    }
  }

  /// Any JSON value.
  private mutating func junk() -> String {
    one(of: [
      "null", "-0", "-1", "1.5", "2e1", "3000e-2", "1e400", "-1.5E+3", "25.005", "-24.995", "99999999999999999999",
      "0.00000000000000000000005", "123456789012345678", "\"5000\"", "\"\"", "{}", "[]", "{\"a\":[1,{\"b\":null}]}",
      "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "\"°C\"",
      "\"\\u00e9\\n\\ud83d\\ude00\\ud800\"",
    ])
  }

  /// A command.
  mutating func command() -> String {
    let id = one(of: [
      "\"c\(Int.random(in: 0..<100, using: &random))\"", "\"\"", "\"\(String(repeating: "i", count: 33))\"", "7",
      "\"a\\\"\\u0001\\n\"", "\"°\"",
    ])
    let name = one(of: ["identify", "read", "restart", "screen", "config", "screen", "read", "dance", "rea\\u0064"])
    var parts = ["\"id\":\(chance(2) ? "\"c\(Int.random(in: 0..<100, using: &random))\"" : id)", "\"cmd\":\"\(name)\""]
    if chance(6) { parts.append("\"more\":\(junk())") }
    if chance(12) { parts.removeFirst() }
    if chance(12) { parts.removeLast() }
    if chance(3) { parts.reverse() }
    let text = "{\(parts.joined(separator: ","))}"
    return chance(8) ? broken(text) : text
  }

  /// A text with an end too soon, or a character that is another one.
  mutating func broken(_ text: String) -> String {
    var characters = Array(text)
    guard !characters.isEmpty else { return "}" }
    let place = Int.random(in: 0..<characters.count, using: &random)
    if chance(2) {
      characters.removeSubrange(place...)
    } else {
      characters[place] = Array("{}[]\",:0x\\-. 9e\u{7}").randomElement(using: &random) ?? "x"
    }
    // Nothing at all would be another line.
    return characters.isEmpty ? "," : String(characters)
  }

  private mutating func anyGroup() -> ConfigurationGroup {
    ConfigurationGroup.allCases.randomElement(using: &random) ?? .root
  }

  private mutating func one(of choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }

  /// Once in `count` times.
  private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
}

extension StaticString {
  fileprivate func hasSuffix(_ end: String) -> Bool { description.hasSuffix(end) }
}
