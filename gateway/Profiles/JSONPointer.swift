/// A place in a JSON document (RFC 6901), with one addition: a token `{name}` stands for any member, and captures which.
///
/// `""` is the whole document, `/BME280/Temperature` a member of a member, `/{sensor}/Temperature` the temperature of
/// whichever member has one. `~1` is a slash and `~0` a tilde.
struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
  enum Token: Sendable, Hashable {
    case key(String)
    case capture(String)
  }

  let tokens: [Token]

  init(_ text: String) throws(ProfileError) {
    guard text.isEmpty || text.first == "/" else {
      throw ProfileError("'\(text)': a JSON pointer is empty or begins with /, such as /temperature")
    }
    var tokens: [Token] = []
    for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      if part.first == "{", part.last == "}", TopicPattern.isName(part.dropFirst().dropLast()) {
        tokens.append(.capture(String(part.dropFirst().dropLast())))
      } else {
        tokens.append(.key(try Self.unescaped(part)))
      }
    }
    self.tokens = tokens
  }

  init(tokens: [Token]) {
    self.tokens = tokens
  }

  private static func unescaped(_ part: Substring) throws(ProfileError) -> String {
    var text = ""
    var isEscape = false
    for character in part {
      switch (isEscape, character) {
      case (true, "0"): text.append("~")
      case (true, "1"): text.append("/")
      case (true, _): throw ProfileError("'\(part)': in a JSON pointer ~ is written ~0 and / is written ~1")
      case (false, "~"): break
      case (false, _): text.append(character)
      }
      isEscape = !isEscape && character == "~"
    }
    guard !isEscape else { throw ProfileError("'\(part)': in a JSON pointer ~ is written ~0") }
    return text
  }

  /// The name of its capture, where it has one.
  var capture: String? {
    for token in tokens { if case .capture(let name) = token { return name } }
    return nil
  }

  /// What stands before the capture, or `nil` without one.
  var beforeCapture: [Token]? {
    tokens.firstIndex { if case .capture = $0 { true } else { false } }.map { Array(tokens[..<$0]) }
  }

  /// The pointer with its captures replaced.
  func bound(_ captures: [String: String]) -> JSONPointer {
    guard capture != nil else { return self }
    return JSONPointer(
      tokens: tokens.map {
        guard case .capture(let name) = $0, let key = captures[name] else { return $0 }
        return .key(key)
      })
  }

  var description: String {
    tokens.map {
      switch $0 {
      case .key(let key):
        "/"
          + key.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
          .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
      case .capture(let name): "/{\(name)}"
      }
    }.joined()
  }
}
