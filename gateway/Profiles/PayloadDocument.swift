import Telemetry

/// A payload that has been read: its values by place, and where in the bytes each stands.
///
/// Nested at most as deep as `JSONCursor` follows. Numbers stay as they are written; nothing becomes a floating-point value.
struct PayloadDocument {
  indirect enum Value {
    case null
    case bool(Bool)
    case number(JSONSlice)
    case string(String)
    case array([Node])
    case object([Member])
  }

  struct Node {
    var value: Value
    /// Where it stands in `bytes`.
    var slice: JSONSlice
  }

  struct Member {
    var key: String
    var node: Node
  }

  let bytes: [UInt8]
  let root: Node

  /// Reads a payload.
  ///
  /// - Parameter isBareValue: the payload is one number or one word, not JSON text: `21.5`, `ON`.
  init(_ bytes: [UInt8], isBareValue: Bool) throws(Refusal) {
    self.bytes = bytes
    root = isBareValue ? try Self.bare(bytes) : try Self.json(bytes)
  }

  private static func json(_ bytes: [UInt8]) throws(Refusal) -> Node {
    do throws(JSONError) {
      var cursor = JSONCursor()
      let node = try value(&cursor, bytes.span)
      _ = try cursor.next(in: bytes.span)
      return node
    } catch {
      throw Refusal(
        error.code == .invalidUTF8 ? "invalid-utf8" : "not-json", "\(words(error.code)) at byte \(error.offset)")
    }
  }

  private static func words(_ code: JSONError.Code) -> String {
    switch code {
    case .syntax: "no JSON"
    case .unexpectedEnd: "the text ends too early"
    case .invalidUTF8: "no UTF-8"
    case .tooDeep: "nested deeper than \(JSONCursor.maximumDepth)"
    case .trailing: "something follows the document"
    }
  }

  private static func value(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(JSONError) -> Node {
    try value(from: try cursor.next(in: text), &cursor, text)
  }

  private static func value(
    from token: JSONToken, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(JSONError) -> Node {
    func node(_ value: Value, _ length: Int) -> Node {
      Node(value: value, slice: JSONSlice(start: cursor.position - length, end: cursor.position, hasEscapes: false))
    }
    switch token {
    case .null: return node(.null, 4)
    case .bool(let value): return node(.bool(value), value ? 4 : 5)
    case .number(let slice): return Node(value: .number(slice), slice: slice)
    case .string(let slice):
      return Node(
        value: .string(string(slice, text)),
        slice: JSONSlice(start: slice.start - 1, end: slice.end + 1, hasEscapes: slice.hasEscapes))
    case .arrayStart:
      let start = cursor.position - 1
      var nodes: [Node] = []
      while true {
        let token = try cursor.next(in: text)
        if token == .arrayEnd { break }
        nodes.append(try value(from: token, &cursor, text))
      }
      return Node(value: .array(nodes), slice: JSONSlice(start: start, end: cursor.position, hasEscapes: false))
    case .objectStart:
      let start = cursor.position - 1
      var members: [Member] = []
      while case .key(let key) = try cursor.next(in: text) {
        members.append(Member(key: string(key, text), node: try value(&cursor, text)))
      }
      return Node(value: .object(members), slice: JSONSlice(start: start, end: cursor.position, hasEscapes: false))
    case .key, .objectEnd, .arrayEnd, .end:
      // The cursor gives these only inside a container or behind the document; both are handled above.
      throw JSONError(code: .syntax, offset: cursor.position)
    }
  }

  /// The text of a string or key, escapes resolved; where that is beyond a kilobyte, as it is written.
  private static func string(_ slice: JSONSlice, _ text: borrowing Span<UInt8>) -> String {
    if slice.hasEscapes, let resolved: InlineBytes<1024> = slice.string(in: text) {
      return resolved.withSpan { span in span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
    }
    return text.extracting(slice.start..<slice.end).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  private static func bare(_ bytes: [UInt8]) throws(Refusal) -> Node {
    guard !bytes.isEmpty else { throw Refusal("no-reading", "the payload is empty") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Refusal("invalid-utf8", "the payload is no UTF-8")
    }
    let whole = JSONSlice(start: 0, end: bytes.count, hasEscapes: false)
    // A number by JSON's grammar stays one; whatever else is a word.
    var cursor = JSONCursor()
    if let token = try? cursor.next(in: bytes.span), case .number(let slice) = token, slice == whole {
      return Node(value: .number(slice), slice: slice)
    }
    return Node(value: .string(text), slice: whole)
  }

  /// The value at a pointer, or `nil` where there is none.
  func node(at pointer: JSONPointer) throws(Refusal) -> Node? {
    var node = root
    for (depth, token) in pointer.tokens.enumerated() {
      guard case .key(let key) = token else { return nil }
      switch node.value {
      case .object(let members):
        let found = members.filter { $0.key == key }
        guard found.count < 2 else {
          throw Refusal("duplicate-field", "\(JSONPointer(tokens: Array(pointer.tokens[...depth]))) comes twice")
        }
        guard let member = found.first else { return nil }
        node = member.node
      case .array(let nodes):
        // RFC 6901 section 4: digits without a leading zero.
        guard let index = Int(key), String(index) == key, nodes.indices.contains(index) else { return nil }
        node = nodes[index]
      case .null, .bool, .number, .string: return nil
      }
    }
    return node
  }

  /// What stands there, for a person: cut where it is long.
  func excerpt(_ node: Node) -> String {
    let kind =
      switch node.value {
      case .null: "null"
      case .bool: "true or false"
      case .number: "a number"
      case .string: "text"
      case .array: "an array"
      case .object: "an object"
      }
    let slice = bytes[node.slice.start..<min(node.slice.end, node.slice.start + 40)]
    let scalars = String(decoding: slice, as: UTF8.self).unicodeScalars
    let shown = String(String.UnicodeScalarView(scalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    return "\(kind) (\(shown)\(slice.endIndex < node.slice.end ? "…" : ""))"
  }
}
