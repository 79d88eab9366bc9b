import Yams

/// A configuration as YAML, for people and for repositories.
public enum ConfigYAML {
  /// Why a text is no configuration in YAML.
  public struct SyntaxError: Error, Equatable, CustomStringConvertible {
    /// From 1; `nil` where it is not known.
    public var line: Int?
    /// From 1; `nil` where it is not known.
    public var column: Int?
    /// What is wrong.
    public var reason: String

    /// Place and reason.
    public var description: String {
      (line.map { "line \($0), column \(column ?? 1): " } ?? "") + reason
    }
  }

  /// Deep enough for any configuration; the library's own bound of 1000 levels comes first for what is deeper.
  static let depthLimit = 64
  /// An alias stands for all that its anchor holds: a text of a few lines could mean gigabytes.
  static let valueLimit = 1_000_000

  /// Reads a document.
  ///
  /// A plain scalar is what JSON would take it for: `null` (also `~` and nothing), `true`, `false`, or a number as JSON
  /// writes it; anything else, such as `yes` or `0x1F`, is text.
  ///
  /// - Throws: where it is not YAML, has a key twice, merges with `<<`, or means too much.
  public static func parse(_ text: String) throws(SyntaxError) -> JSONValue {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw SyntaxError(error)
    } catch {
      throw SyntaxError(line: nil, column: nil, reason: "\(error)")
    }
    var count = 0
    return try root.map { node throws(SyntaxError) in try value(of: node, 0, &count) } ?? .null
  }

  private static func value(of node: Node, _ depth: Int, _ count: inout Int) throws(SyntaxError) -> JSONValue {
    func fault(_ reason: String) -> SyntaxError {
      SyntaxError(line: node.mark?.line, column: node.mark?.column, reason: reason)
    }
    count += 1
    if depth > depthLimit { throw fault("more than \(depthLimit) levels") }
    if count > valueLimit { throw fault("it means more than \(valueLimit) values") }
    switch node {
    case .scalar(let scalar): return plain(scalar)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for node in sequence { elements.append(try value(of: node, depth + 1, &count)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [JSONValue.Member] = []
      for (key, node) in mapping {
        guard case .scalar(let name) = key else { throw fault("a key must be a word") }
        if name.string == "<<", name.style == .plain { throw fault("merging with << is not taken; write the keys out") }
        members.append(JSONValue.Member(key: name.string, value: try value(of: node, depth + 1, &count)))
      }
      return .object(members)
    case .alias: throw fault("an alias without its anchor")
    }
  }

  private static func plain(_ scalar: Node.Scalar) -> JSONValue {
    guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
    switch scalar.string {
    case "", "~", "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default:
      if case .number(let digits)? = try? JSONValue(parsing: Array(scalar.string.utf8)) { return .number(digits) }
      return .string(scalar.string)
    }
  }

  /// The document as YAML; `parse` of it is the same document.
  public static func text(of value: JSONValue) throws(SyntaxError) -> String {
    do {
      // Wide enough that nothing is folded: a folded plain scalar would be harder to read, not easier.
      return try Yams.serialize(node: node(of: value), width: -1, allowUnicode: true)
    } catch {
      throw SyntaxError(line: nil, column: nil, reason: "\(error)")
    }
  }

  private static func node(of value: JSONValue) -> Node {
    switch value {
    case .null: .scalar(Node.Scalar("null", .implicit, .plain))
    case .bool(let value): .scalar(Node.Scalar(value ? "true" : "false", .implicit, .plain))
    case .number(let digits): .scalar(Node.Scalar(digits, .implicit, .plain))
    case .string(let text): word(text)
    case .array(let elements):
      .sequence(
        Node.Sequence(
          elements.map(node), .implicit,
          elements.allSatisfy { $0.members == nil && $0.elements == nil } ? .flow : .block))
    case .object(let members):
      .mapping(
        Node.Mapping(members.map { (word($0.key), node(of: $0.value)) }, .implicit, members.isEmpty ? .flow : .block))
    }
  }

  /// Plain only where no YAML of any version could take it for something else.
  private static func word(_ text: String) -> Node {
    let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    let first = text.utf8.first ?? 0
    let isPlain =
      (first | 0x20 >= 0x61 && first | 0x20 <= 0x7A) && text.utf8.allSatisfy(DeviceID.isAllowed)
      && !words.contains(text.lowercased())
    return .scalar(Node.Scalar(text, Tag(.str), isPlain ? .plain : .doubleQuoted))
  }
}

extension ConfigYAML.SyntaxError {
  fileprivate init(_ error: YamlError) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(line: mark.line, column: mark.column, reason: problem)
    case .duplicatedKeysInMapping(let keys, let context):
      self.init(
        line: context.mark.line, column: context.mark.column,
        reason: "keys that appear twice: \(keys.map { "\($0)" }.sorted().joined(separator: ", "))")
    case .reader(let problem, _, _, _): self.init(line: nil, column: nil, reason: problem)
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      self.init(line: nil, column: nil, reason: "\(error)")
    }
  }
}
