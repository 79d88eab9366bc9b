/// Walks through a JSON text token by token, without allocation.
///
/// The cursor holds only its place; the text is passed to each call, so that nothing has to outlive anything. It accepts
/// exactly RFC 8259 (strings must be valid UTF-8), nested at most `maximumDepth` deep.
///
///     var cursor = JSONCursor()
///     while true {
///       switch try cursor.next(in: text) { … }
///     }
public struct JSONCursor {
  /// The deepest nesting that is followed; deeper texts are refused.
  public static var maximumDepth: Int { 16 }

  /// Where the next token is looked for.
  public private(set) var position: Int
  private var expectation = Expectation.value
  private var depth = 0
  /// One bit a level: 1 an object, 0 an array.
  private var containers: UInt32 = 0

  private enum Expectation { case value, firstValue, key, firstKey, comma, nothing }

  /// A cursor at `position`, before a value.
  public init(at position: Int = 0) {
    self.position = position
  }

  /// The next token, or `.end` after the one top-level value and the white space behind it.
  ///
  /// Never inlined on a chip: with all that it calls it would be two kilobytes in every loop over tokens.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func next(in text: borrowing Span<UInt8>) throws(JSONError) -> JSONToken {
    skipWhiteSpace(text)
    switch expectation {
    case .nothing:
      guard position == text.count else { throw error(.trailing) }
      return .end
    case .comma:
      let closing: UInt8 = isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      let byte = try current(text)
      if byte == closing { return close() }
      guard byte == UInt8(ascii: ",") else { throw error(.syntax) }
      position &+= 1
      skipWhiteSpace(text)
      return isInObject ? try key(text) : try value(text)
    case .firstKey:
      return try current(text) == UInt8(ascii: "}") ? close() : try key(text)
    case .firstValue:
      return try current(text) == UInt8(ascii: "]") ? close() : try value(text)
    case .key:
      return try key(text)
    case .value:
      return try value(text)
    }
  }

  /// Passes over the value that comes next, whatever it is, and gives where it starts and ends.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func skipValue(in text: borrowing Span<UInt8>) throws(JSONError) -> JSONSlice {
    skipWhiteSpace(text)
    let start = position
    let outside = depth
    repeat { _ = try next(in: text) } while depth > outside
    return JSONSlice(start: start, end: position, hasEscapes: false)
  }

  private var isInObject: Bool { depth > 0 && (containers >> UInt32(depth &- 1)) & 1 == 1 }

  private func error(_ code: JSONError.Code) -> JSONError { JSONError(code: code, offset: position) }

  private func current(_ text: borrowing Span<UInt8>) throws(JSONError) -> UInt8 {
    guard position < text.count else { throw error(.unexpectedEnd) }
    return text[position]
  }

  private mutating func skipWhiteSpace(_ text: borrowing Span<UInt8>) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position &+= 1
      default: return
      }
    }
  }

  private mutating func open(object: Bool) throws(JSONError) -> JSONToken {
    guard depth < Self.maximumDepth else { throw error(.tooDeep) }
    let bit = UInt32(1) << UInt32(depth)
    if object { containers |= bit } else { containers &= ~bit }
    depth &+= 1
    position &+= 1
    expectation = object ? .firstKey : .firstValue
    return object ? .objectStart : .arrayStart
  }

  private mutating func close() -> JSONToken {
    let wasObject = isInObject
    depth &-= 1
    position &+= 1
    expectation = depth == 0 ? .nothing : .comma
    return wasObject ? .objectEnd : .arrayEnd
  }

  private mutating func key(_ text: borrowing Span<UInt8>) throws(JSONError) -> JSONToken {
    guard try current(text) == UInt8(ascii: "\"") else { throw error(.syntax) }
    let slice = try string(text)
    skipWhiteSpace(text)
    guard try current(text) == UInt8(ascii: ":") else { throw error(.syntax) }
    position &+= 1
    expectation = .value
    return .key(slice)
  }

  private mutating func value(_ text: borrowing Span<UInt8>) throws(JSONError) -> JSONToken {
    let byte = try current(text)
    let token: JSONToken
    switch byte {
    case UInt8(ascii: "{"): return try open(object: true)
    case UInt8(ascii: "["): return try open(object: false)
    case UInt8(ascii: "\""): token = .string(try string(text))
    case UInt8(ascii: "t"): token = try word("true", .bool(true), text)
    case UInt8(ascii: "f"): token = try word("false", .bool(false), text)
    case UInt8(ascii: "n"): token = try word("null", .null, text)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): token = .number(try number(text))
    default: throw error(.syntax)
    }
    expectation = depth == 0 ? .nothing : .comma
    return token
  }

  private mutating func word(
    _ word: StaticString, _ token: JSONToken, _ text: borrowing Span<UInt8>
  ) throws(JSONError) -> JSONToken {
    for index in 0..<word.utf8CodeUnitCount {
      guard try current(text) == word.utf8Start[index] else { throw error(.syntax) }
      position &+= 1
    }
    return token
  }

  private mutating func number(_ text: borrowing Span<UInt8>) throws(JSONError) -> JSONSlice {
    let start = position
    if text[position] == UInt8(ascii: "-") { position &+= 1 }
    if try current(text) == UInt8(ascii: "0") {
      position &+= 1
    } else {
      try digits(text)
    }
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position &+= 1
      try digits(text)
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      let sign = try current(text)
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position &+= 1 }
      try digits(text)
    }
    return JSONSlice(start: start, end: position, hasEscapes: false)
  }

  private mutating func digits(_ text: borrowing Span<UInt8>) throws(JSONError) {
    let start = position
    while position < text.count, text[position] >= 0x30, text[position] <= 0x39 { position &+= 1 }
    guard position > start else { throw error(position < text.count ? .syntax : .unexpectedEnd) }
  }

  /// Passes over a string; the slice is what stands between the quotes.
  private mutating func string(_ text: borrowing Span<UInt8>) throws(JSONError) -> JSONSlice {
    position &+= 1
    let start = position
    var hasEscapes = false
    while true {
      let byte = try current(text)
      switch byte {
      case UInt8(ascii: "\""):
        position &+= 1
        return JSONSlice(start: start, end: position &- 1, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try escape(text)
      case 0..<0x20:
        throw error(.syntax)
      case 0x80...:
        position &+= try multibyte(text)
      default:
        position &+= 1
      }
    }
  }

  private mutating func escape(_ text: borrowing Span<UInt8>) throws(JSONError) {
    position &+= 1
    switch try current(text) {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 1
    case UInt8(ascii: "u"):
      position &+= 1
      for _ in 0..<4 {
        guard JSONSlice.hexValue(try current(text)) != nil else { throw error(.syntax) }
        position &+= 1
      }
    default: throw error(.syntax)
    }
  }

  /// The length of the UTF-8 sequence at the cursor (RFC 3629 section 4: no overlong forms, no surrogates).
  private func multibyte(_ text: borrowing Span<UInt8>) throws(JSONError) -> Int {
    let first = text[position]
    let length: Int
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, lowest) = (3, 0xA0)
    case 0xED: (length, highest) = (3, 0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, lowest) = (4, 0x90)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, highest) = (4, 0x8F)
    default: throw error(.invalidUTF8)
    }
    guard position &+ length <= text.count else { throw error(.unexpectedEnd) }
    let second = text[position &+ 1]
    guard second >= lowest, second <= highest else { throw error(.invalidUTF8) }
    for index in 2..<max(2, length) where text[position &+ index] & 0xC0 != 0x80 { throw error(.invalidUTF8) }
    return length
  }
}

/// One piece of a JSON text.
public enum JSONToken: Equatable, Sendable {
  case objectStart, objectEnd, arrayStart, arrayEnd
  /// A member's name; its value comes next.
  case key(JSONSlice)
  case string(JSONSlice)
  case number(JSONSlice)
  case bool(Bool)
  case null
  /// The text is complete.
  case end
}

/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Equatable, Sendable {
  /// What kind of fault.
  public enum Code: UInt8, Equatable, Sendable {
    case syntax, unexpectedEnd, invalidUTF8, tooDeep, trailing
  }

  /// What kind of fault.
  public var code: Code
  /// Byte position in the text.
  public var offset: Int

  /// A fault at a place.
  public init(code: Code, offset: Int) {
    self.code = code
    self.offset = offset
  }
}
