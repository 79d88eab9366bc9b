/// A JSON document as a value that loses nothing a configuration can hold.
///
/// Numbers stay as they are written, so that 9007199254740993 and 1.10 come out as they went in; members keep their order
/// until `canonical` sorts them.
///
/// ```swift
/// let value = try JSONValue(parsing: Array(#"{"b":1,"a":[true]}"#.utf8))
/// value.canonical  // {"a":[true],"b":1}
/// ```
public indirect enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// The digits as written.
  case number(String)
  /// The text, escapes resolved.
  case string(String)
  /// The elements.
  case array([JSONValue])
  /// The members in their order; no key twice.
  case object([Member])

  /// One member of an object.
  public struct Member: Sendable, Equatable {
    /// The key, escapes resolved.
    public var key: String
    /// Its value.
    public var value: JSONValue

    /// A member.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The member of that key, or `nil` where there is none or this is no object.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The members of an object, or `nil`.
  public var members: [Member]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// The elements of an array, or `nil`.
  public var elements: [JSONValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// The text of a string, or `nil`.
  public var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// What kind of value this is, for a person.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Writing

extension JSONValue {
  /// The shortest text, keys sorted: equal values are equal bytes.
  public var canonical: String {
    var text = ""
    write(to: &text, isSorted: true)
    return text
  }

  /// The shortest text, members in their own order.
  public var compact: String {
    var text = ""
    write(to: &text, isSorted: false)
    return text
  }

  /// Text for people: two spaces a level, members in their own order, a line end at the end; what is short stays on one
  /// line.
  public var pretty: String {
    var text = ""
    writePretty(to: &text, indent: 0)
    return text + "\n"
  }

  private func write(to text: inout String, isSorted: Bool) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let string): Self.write(string, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        element.write(to: &text, isSorted: isSorted)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in (isSorted ? members.sorted { $0.key < $1.key } : members).enumerated() {
        if index > 0 { text += "," }
        Self.write(member.key, to: &text)
        text += ":"
        member.value.write(to: &text, isSorted: isSorted)
      }
      text += "}"
    }
  }

  /// What holds no further object or array: `{"pin": 22}`, `[1, 2]`.
  private var isFlat: Bool {
    switch self {
    case .null, .bool, .number, .string: true
    case .array(let elements): elements.count <= 8 && elements.allSatisfy(\.isScalar)
    case .object(let members): members.count <= 2 && members.allSatisfy(\.value.isScalar)
    }
  }

  private var isScalar: Bool {
    switch self {
    case .null, .bool, .number, .string: true
    case .array, .object: false
    }
  }

  private func writePretty(to text: inout String, indent: Int) {
    switch self {
    case .null, .bool, .number, .string: write(to: &text, isSorted: false)
    case .array(let elements) where isFlat:
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        element.write(to: &text, isSorted: false)
      }
      text += "]"
    case .object(let members) where isFlat && indent > 1:
      text += members.isEmpty ? "{" : "{ "
      for (index, member) in members.enumerated() {
        if index > 0 { text += ", " }
        Self.write(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, isSorted: false)
      }
      text += members.isEmpty ? "}" : " }"
    case .array(let elements):
      text += "[\n"
      for (index, element) in elements.enumerated() {
        text += String(repeating: "  ", count: indent + 1)
        element.writePretty(to: &text, indent: indent + 1)
        text += index < elements.count - 1 ? ",\n" : "\n"
      }
      text += String(repeating: "  ", count: indent) + "]"
    case .object(let members):
      text += members.isEmpty ? "{" : "{\n"
      for (index, member) in members.enumerated() {
        text += String(repeating: "  ", count: indent + 1)
        Self.write(member.key, to: &text)
        text += ": "
        member.value.writePretty(to: &text, indent: indent + 1)
        text += index < members.count - 1 ? ",\n" : "\n"
      }
      text += (members.isEmpty ? "" : String(repeating: "  ", count: indent)) + "}"
    }
  }

  static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<" ":
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
