import Telemetry
import Testing

/// What a text's first string says.
private func said(_ json: String) throws -> String? {
  let bytes = Array(json.utf8)
  var cursor = JSONCursor()
  guard case .string(let slice) = try cursor.next(in: bytes.span) else { return nil }
  return slice.string(in: bytes.span).map { (string: InlineBytes<32>) in text(string) }
}

/// What a number means in hundredths.
private func hundredths(_ number: String) -> Int64? {
  let bytes = Array(number.utf8)
  return JSONSlice(start: 0, end: bytes.count, hasEscapes: false).fixedPoint(decimals: 2, in: bytes.span)
}

@Suite struct JSONTests {
  /// RFC 8259, section 7.
  @Test(arguments: [
    (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
    (#""\uD834\uDD1E""#, "𝄞"), (#""\uD834""#, "\u{FFFD}"), (#""\uD834x""#, "\u{FFFD}x"),
    (#""\uD834\u0041""#, "\u{FFFD}A"), (#""\uDD1E\uD834""#, "\u{FFFD}\u{FFFD}"), (#""\uD834\n""#, "\u{FFFD}\n"),
    ("\"é€𝄞\"", "é€𝄞"),
  ])
  func rfc8259EscapesAreResolved(json: String, meaning: String) throws {
    #expect(try said(json) == meaning)
  }

  @Test func aStringThatDoesNotFitIsNone() throws {
    #expect(try said("\"\(String(repeating: "a", count: 32))\"") == String(repeating: "a", count: 32))
    #expect(try said("\"\(String(repeating: "a", count: 33))\"") == nil)
    #expect(try said("\"\(String(repeating: "a", count: 30))\\u20ac\"") == nil)
  }

  /// RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF, nothing cut off.
  @Test(
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xE2, 0x82, 0x41],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF1, 0x80, 0x80, 0x41],
    ] as [[UInt8]])
  func rfc3629MalformedUTF8IsRefusedAtItsPlace(sequence: [UInt8]) {
    let bytes = Array("\"ab".utf8) + sequence + Array("\"   ".utf8)
    var cursor = JSONCursor()
    #expect(throws: JSONError(code: .invalidUTF8, offset: 3)) { try cursor.next(in: bytes.span) }
  }

  @Test(arguments: ["\"\u{E000}\u{FFFD}\"", "\"\u{80}\u{7FF}\u{800}\u{D7FF}\"", "\"\u{10000}\u{10FFFF}\""])
  func rfc3629EveryLengthsEndsAreRead(json: String) throws {
    #expect(try said(json) == String(json.dropFirst().dropLast()))
  }

  @Test(arguments: [
    (#""a"#, JSONError.Code.unexpectedEnd), (#""\"#, .unexpectedEnd), (#""\x""#, .syntax), (#""\u12g4""#, .syntax),
    (#""\u12"#, .unexpectedEnd), ("\"a\nb\"", .syntax), ("tru", .unexpectedEnd), ("trux", .syntax), ("01", .trailing),
    ("-", .unexpectedEnd), ("-x", .syntax), ("1.", .unexpectedEnd), ("1.x", .syntax), ("1e", .unexpectedEnd),
    ("1e+", .unexpectedEnd), ("[1 2]", .syntax), ("[1,]", .syntax), (#"{"a" 1}"#, .syntax), (#"{a:1}"#, .syntax),
    (#"{"a":1,}"#, .syntax), ("\"\u{C3}", .unexpectedEnd),
  ])
  func whatIsNoJSONIsRefusedWithTheReason(json: String, code: JSONError.Code) {
    let bytes = Array(json.utf8)
    var cursor = JSONCursor()
    #expect {
      while try cursor.next(in: bytes.span) != .end {}
    } throws: {
      ($0 as? JSONError)?.code == code
    }
  }

  @Test func aNameWrittenWithEscapesMatchesNothing() {
    let bytes = Array(#"\u0076"#.utf8)
    let isV = JSONSlice(start: 0, end: bytes.count, hasEscapes: true).matches("v", in: bytes.span)
    #expect(!isV)
  }

  @Test(
    arguments: [
      ("0.005", 1), ("0.0049999999999999999999", 0), ("-0.005", -1), ("+7", 700), ("1E2", 10_000), ("1e+2", 10_000),
      ("0.0000000000000000005e20", 5000), ("92233720368547758", 9_223_372_036_854_775_800),
      ("92233720368547759", nil), ("1e17", nil), ("-1e17", nil), ("1e99999999999", nil), ("1e-99999999999", 0),
      ("12345678901234567890e-10", 123_456_789_012), ("", nil), ("-", nil), ("x", nil), ("1x", nil),
      ("1e", nil),
      ("1e-", nil), ("1e5x", nil), ("1.2.3", nil),
    ] as [(String, Int64?)])
  func numbersOfAnySizeAreRoundedOrRefused(number: String, meaning: Int64?) {
    #expect(hundredths(number) == meaning)
  }

  @Test(
    arguments: [
      ("123456789012345678", 123_456_789_012_345_678), ("-1", -1), ("1234567890123456789", nil), ("1.0", nil),
      ("1e3", nil),
      ("-", nil), ("--1", nil),
    ] as [(String, Int64?)])
  func anIntegerIsExactOrNone(number: String, meaning: Int64?) {
    let bytes = Array(number.utf8)
    #expect(JSONSlice(start: 0, end: bytes.count, hasEscapes: false).integer(in: bytes.span) == meaning)
  }

  @Test func whatIsWrittenAsAStringIsReadBackWhateverItsBytes() throws {
    for scalar in (0..<0x300).compactMap({ Unicode.Scalar($0 as UInt32) }) {
      let original: InlineBytes<32> = inline("a\(Character(scalar))b")
      var json = InlineBytes<64>()
      json.append(jsonString: original)
      #expect(try said(text(json)) == text(original))
    }
  }

  @Test func whatDoesNotFitIsCutAndSaidUntilAllIsForgotten() {
    var bytes = InlineBytes<4>()
    bytes.append("abcde")
    #expect(text(bytes) == "abcd")
    #expect(bytes.overflowed)
    bytes.removeAll()
    #expect(bytes.isEmpty)
    #expect(!bytes.overflowed)
    bytes.append(unsigned: 12_345)
    #expect(text(bytes) == "1234")
  }

  @Test(arguments: [0, 9, 10, 4_294_967_295, 4_294_967_296, 18_446_744_073_709_551_615] as [UInt64])
  func everySizeOfNumberHasItsDigits(value: UInt64) {
    var digits = InlineBytes<20>()
    digits.append(unsigned: value)
    #expect(text(digits) == "\(value)")
  }

  @Test func theMostNegativeNumberHasItsDigits() {
    var digits = InlineBytes<20>()
    digits.append(signed: .min)
    #expect(text(digits) == "-9223372036854775808")
    digits.removeAll()
    digits.append(hundredths: .min)
    #expect(text(digits) == "-21474836.48")
  }

  @Test(arguments: [
    ("Attic06", true), ("a_b-C9", true), ("", false), ("a b", false), ("a/b", false), ("é", false), ("a+", false),
    ("12345678901234567890123456789012", true), ("123456789012345678901234567890123", false),
  ])
  func aDeviceIDHoldsOnlyLettersDigitsUnderscoreAndHyphen(id: String, isOne: Bool) {
    let bytes: DeviceID = inline(id)
    #expect(bytes.isDeviceID == isOne)
  }

  @Test func bytesAreComparedWithALiteralWhole() {
    let bytes: InlineBytes<32> = inline("motion")
    #expect(bytes.matches("motion"))
    #expect(!bytes.matches("motio"))
    #expect(!bytes.matches("motiom"))
  }

  /// protocol/topics.md.
  @Test func topicsAreThoseOfTheProtocol() {
    let topics = DeviceTopic.allCases.map { text($0.topic(base: inline("iots6"), device: inline("Attic06"))) }
    #expect(
      topics == [
        "iots6/Attic06", "iots6/Attic06/ack", "iots6/Attic06/status", "iots6/Attic06/config", "iots6/Attic06/cmd",
        "iots6/Attic06/cmd/result", "iots6/Attic06/log",
      ])
  }
}

@Suite struct DroppedRangesTests {
  private func ranges(_ seqs: UInt32..., boot: UInt32 = 1) -> DroppedRanges {
    var ranges = DroppedRanges()
    for seq in seqs { ranges.insert(boot: boot, seq: seq) }
    return ranges
  }

  private func text(_ ranges: DroppedRanges) -> [[UInt32]] {
    (0..<ranges.count).map { [ranges[$0].boot, ranges[$0].first, ranges[$0].last] }
  }

  @Test func neighboursBecomeOneRangeFromEitherSide() {
    #expect(text(ranges(5, 6, 4)) == [[1, 4, 6]])
    #expect(text(ranges(1, 3, 2)) == [[1, 1, 3]])
    #expect(text(ranges(3, 1, 2)) == [[1, 1, 3]])
    #expect(text(ranges(9, 1, 3, 2)) == [[1, 9, 9], [1, 1, 3]])
  }

  @Test func theEndsOfTheCountDoNotWrap() {
    #expect(text(ranges(.max, 0)) == [[1, .max, .max], [1, 0, 0]])
    #expect(text(ranges(.max - 1, .max)) == [[1, .max - 1, .max]])
    #expect(text(ranges(.max, .max - 1)) == [[1, .max - 1, .max]])
  }

  @Test func whatIsNamedAlreadyChangesOnlyTheTotal() {
    let twice = ranges(4, 5, 4)
    #expect(text(twice) == [[1, 4, 5]])
    #expect(twice.total == 3)
  }

  @Test func oneTooManyWidensTheNearestOfItsBoot() {
    #expect(text(ranges(10, 20, 30, 23)) == [[1, 10, 10], [1, 20, 23], [1, 30, 30]])
    #expect(text(ranges(10, 20, 30, 5)) == [[1, 5, 10], [1, 20, 20], [1, 30, 30]])
  }

  @Test func ofAnotherBootOneTooManyTakesTheOldestsPlace() {
    var ranges = ranges(10, 20, 30)
    ranges.insert(boot: 2, seq: 1)
    #expect(text(ranges) == [[1, 20, 20], [1, 30, 30], [2, 1, 1]])
  }

  @Test func whatThreeRangesHoldIsReadBackFromAPayloadAndMoreIsLeftOut() throws {
    let (payload, _) = try decode(
      #"{"v":2,"device_id":"a","boot":7,"seq":9,"event_type":"motion","dropped":[[1,2],[6,3,4],[5,5],[8,8]]}"#)
    #expect(text(payload.dropped) == [[7, 1, 2], [6, 3, 4], [7, 5, 5]])
    #expect(payload.dropped != DroppedRanges())
    #expect(payload.dropped != ranges(1, 3, 5))
  }
}
