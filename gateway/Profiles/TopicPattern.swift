/// A topic with places that are captured: `tele/{device}/SENSOR`, `zigbee2mqtt/{device...}`.
///
/// ```swift
/// let pattern = try TopicPattern("tele/{device}/SENSOR")
/// pattern.captures(in: "tele/kitchen/SENSOR")  // ["device": "kitchen"]
/// pattern.filter                               // "tele/+/SENSOR"
/// ```
///
/// A capture takes one whole level; one of them, with `...` behind its name, takes as many as are left, at least one.
public struct TopicPattern: Sendable, Equatable, CustomStringConvertible {
  private enum Level: Sendable, Equatable {
    case literal(String)
    case capture(String)
    case rest(String)
  }

  /// The longest topic MQTT can carry is 65,535 bytes; patterns are written by hand.
  static let lengthLimit = 256

  private let levels: [Level]
  /// As it was written.
  public let description: String

  /// A pattern; the fault is a sentence without its place.
  init(_ text: String) throws(ProfileError) {
    guard !text.isEmpty, text.utf8.count <= Self.lengthLimit else {
      throw ProfileError("a topic is 1 to \(Self.lengthLimit) bytes long")
    }
    var levels: [Level] = []
    var hasRest = false
    for part in text.split(separator: "/", omittingEmptySubsequences: false) {
      guard part.first == "{" else {
        guard !part.contains(where: { "+#{}".contains($0) }) else {
          throw ProfileError("'\(part)': a level of a topic is plain text, or one capture such as {device}")
        }
        levels.append(.literal(String(part)))
        continue
      }
      guard part.last == "}" else { throw ProfileError("'\(part)': a capture takes a whole level, such as {device}") }
      var name = part.dropFirst().dropLast()
      let takesRest = name.hasSuffix("...")
      if takesRest { name = name.dropLast(3) }
      guard Self.isName(name) else { throw ProfileError("'\(part)': a capture's name is a-z, 0-9 and _") }
      guard !takesRest || !hasRest else { throw ProfileError("'\(part)': only one capture may take several levels") }
      hasRest = hasRest || takesRest
      levels.append(takesRest ? .rest(String(name)) : .capture(String(name)))
    }
    self.levels = levels
    description = text
    guard Set(names).count == names.count else { throw ProfileError("a capture's name comes twice in '\(text)'") }
  }

  static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
  }

  /// The captures' names.
  var names: [String] {
    levels.compactMap {
      switch $0 {
      case .literal: nil
      case .capture(let name), .rest(let name): name
      }
    }
  }

  /// What to subscribe to.
  public var filter: String {
    var filter: [String] = []
    for level in levels {
      switch level {
      case .literal(let text): filter.append(text)
      case .capture: filter.append("+")
      case .rest:
        // Nothing may follow: what else the broker sends is another topic, and is passed over.
        filter.append("#")
        return filter.joined(separator: "/")
      }
    }
    return filter.joined(separator: "/")
  }

  /// What the captures took, or `nil` where the topic is another one. A capture takes no empty level.
  public func captures(in topic: String) -> [String: String]? {
    let parts = topic.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= levels.count else { return nil }
    var captures: [String: String] = [:]
    var place = 0
    for level in levels {
      switch level {
      case .literal(let text):
        guard parts[place] == text else { return nil }
        place += 1
      case .capture(let name):
        guard !parts[place].isEmpty else { return nil }
        captures[name] = String(parts[place])
        place += 1
      case .rest(let name):
        let taken = parts[place..<place + 1 + parts.count - levels.count]
        guard taken.allSatisfy({ !$0.isEmpty }) else { return nil }
        captures[name] = taken.joined(separator: "/")
        place = taken.endIndex
      }
    }
    return place == parts.count ? captures : nil
  }
}

/// A text with captures in it: `{device}`, `zigbee-{device}`.
struct CaptureTemplate: Sendable, Equatable {
  private enum Piece: Sendable, Equatable {
    case text(String)
    case capture(String)
  }

  private let pieces: [Piece]
  /// The captures it needs.
  let names: [String]

  init(_ text: String) throws(ProfileError) {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else { throw ProfileError("'\(text)': a { without its }") }
      let name = rest[rest.index(after: open)..<close]
      guard TopicPattern.isName(name) else { throw ProfileError("'{\(name)}': a capture's name is a-z, 0-9 and _") }
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      pieces.append(.capture(String(name)))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    self.pieces = pieces
    names = pieces.compactMap { if case .capture(let name) = $0 { name } else { nil } }
  }

  /// The text with what the captures took; one that took nothing is empty.
  func filled(_ captures: [String: String]) -> String {
    pieces.map {
      switch $0 {
      case .text(let text): text
      case .capture(let name): captures[name] ?? ""
      }
    }.joined()
  }
}
