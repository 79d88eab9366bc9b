/// Where a document is not JSON, and why.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  /// From 1.
  public var line: Int
  /// From 1, in bytes.
  public var column: Int
  /// What is wrong there.
  public var reason: String

  /// Line, column and reason.
  public var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
  /// Parses a whole document, strictly as RFC 8259 has it; a key that appears twice in one object is refused, since one
  /// of the two would be lost.
  ///
  /// - Throws: the place and the reason.
  public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }
}

/// A recursive-descent parser over bytes that knows line and column, which the standard decoders do not tell.
private struct JSONParser {
  /// Deep enough for any configuration, shallow enough for any stack.
  static let depthLimit = 64

  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    if position < bytes.count { throw error("nothing may follow the document") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    skipSpace()
    guard let byte = peek else { throw error("the document ends where a value is due") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "}"), UInt8(ascii: "]"): throw error("a value is due here: is the comma before it one too many?")
    case UInt8(ascii: "'"): throw error("strings are written in double quotes")
    case UInt8(ascii: "/"), UInt8(ascii: "#"): throw error("JSON has no comments")
    default: throw error("a value is due here")
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    try checkDepth(depth)
    position += 1
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("a key in double quotes is due here") }
      let start = position
      let key = try string()
      if !keys.insert(key).inserted { throw error("the key \"\(key)\" appears twice", at: start) }
      skipSpace()
      if !take(":") { throw error("a colon is due after the key \"\(key)\"") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      if !take(",") { throw error("a comma or } is due after the value of \"\(key)\"") }
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    try checkDepth(depth)
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      if !take(",") { throw error("a comma or ] is due after an element") }
    }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw error("a string is not UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"): content.append(contentsOf: try escape())
      case 0..<0x20: throw error("a string may not hold a line end or control character", at: position - 1)
      default: content.append(byte)
      }
    }
    throw error("a string is not closed", at: start)
  }

  private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
    let start = position - 1
    guard let byte = peek else { throw error("a string is not closed", at: start) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexadecimal(start)
      if (0xD800..<0xDC00).contains(code) {
        guard take("\\"), take("u") else { throw error("half of a surrogate pair", at: start) }
        let low = try hexadecimal(start)
        guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair", at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair", at: start) }
      return Array(String(Character(scalar)).utf8)
    default: throw error("an escape that JSON does not know", at: start)
    }
  }

  private mutating func hexadecimal(_ start: Int) throws(JSONSyntaxError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("\\u wants four hexadecimal digits", at: start)
      }
      position += 1
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  private mutating func number() throws(JSONSyntaxError) -> String {
    let start = position
    _ = take("-")
    if !take("0") { try digits(start) }
    if take(".") { try digits(start) }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits(start)
    }
    if let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      throw error("a number may not begin with 0", at: start)
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits(_ start: Int) throws(JSONSyntaxError) {
    let first = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    if position == first { throw error("a number lacks digits", at: start) }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw error("a value is due here") }
    position += word.utf8.count
    return value
  }

  private func checkDepth(_ depth: Int) throws(JSONSyntaxError) {
    if depth >= Self.depthLimit { throw error("more than \(Self.depthLimit) levels") }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    if peek != UInt8(ascii: character) { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func error(_ reason: String, at place: Int? = nil) -> JSONSyntaxError {
    let before = bytes[..<(place ?? position)]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONSyntaxError(
      line: 1 + before.count { $0 == 0x0A }, column: 1 + before.count - lineStart, reason: reason)
  }
}
