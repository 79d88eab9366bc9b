import Testing

@testable import ConfigModel

@Suite struct JSONTests {
  @Test(arguments: [
    "0", "-0", "1.10", "9007199254740993", "123456789012345678901234567890", "1E+400", "null", "true", "\"\"", "[]",
    "{}",
    #"{"a":[1,{"b":null}],"c":"\"\\\n\r\t\u0001é€😀/"}"#,
  ])
  func canonicalTextComesOutAsItWentIn(text: String) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)).canonical == text)
  }

  @Test func escapesAreRead() throws {
    #expect(try JSONValue(parsing: Array(#""\u00e9\uD83D\uDE00\/\b\f""#.utf8)) == .string("é😀/\u{8}\u{c}"))
  }

  @Test func keysAreSortedAtEveryLevel() throws {
    #expect(
      try JSONValue(parsing: Array(#"{"b":{"d":1,"c":2},"a":3}"#.utf8)).canonical == #"{"a":3,"b":{"c":2,"d":1}}"#)
  }

  @Test(arguments: [
    ("{\"a\":1,\n \"a\":2}", 2, 2, "the key \"a\" appears twice"),
    ("{'a':1}", 1, 2, "a key in double quotes is due here"),
    ("[1,]", 1, 4, "a value is due here: is the comma before it one too many?"),
    ("{\"a\":1} x", 1, 9, "nothing may follow the document"),
    ("[01]", 1, 2, "a number may not begin with 0"),
    ("[1.]", 1, 2, "a number lacks digits"),
    ("[-]", 1, 2, "a number lacks digits"),
    ("// c\n{}", 1, 1, "JSON has no comments"),
    ("\"abc", 1, 1, "a string is not closed"),
    ("\"a\nb\"", 1, 3, "a string may not hold a line end or control character"),
    (#""\ud800""#, 1, 2, "half of a surrogate pair"),
    (#""\u12g4""#, 1, 2, "\\u wants four hexadecimal digits"),
    (#""\q""#, 1, 2, "an escape that JSON does not know"),
    ("tru", 1, 1, "a value is due here"),
    ("{\"a\"", 1, 5, "a colon is due after the key \"a\""),
    ("{\"a\":1", 1, 7, "a comma or } is due after the value of \"a\""),
  ])
  func aSyntaxErrorNamesItsPlace(text: String, line: Int, column: Int, reason: String) {
    #expect(throws: JSONSyntaxError(line: line, column: column, reason: reason)) {
      try JSONValue(parsing: Array(text.utf8))
    }
  }

  @Test func invalidUTF8IsRefused() {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func deepNestingIsRefusedBeforeTheStackEnds() {
    let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: JSONSyntaxError(line: 1, column: 65, reason: "more than 64 levels")) {
      try JSONValue(parsing: bytes)
    }
  }
}
