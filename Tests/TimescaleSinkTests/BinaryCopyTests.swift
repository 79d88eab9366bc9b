import GatewayCore
import Testing

@testable import TimescaleSink

private func hex(_ rows: [Row], gateway: String = "gw") -> String {
  let copy = BinaryCopy()
  copy.encode(rows[...], gateway: gateway)
  let digits = Array("0123456789abcdef")
  return String(copy.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// The text after the row count of fields, one field a line in the tests below.
private func fields(_ lines: String...) -> String { lines.joined().filter { $0 != " " } }

private let head = "5047434f50590aff0d0a00" + "00000000" + "00000000"

@Test func fullRowEncodesToTheBytesOfTheDocumentedFormat() {
  var row = Row(
    device: "Attic06", boot: 17, seq: 1234, timestamp: 946_684_800_000_001, timeSource: .device,
    received: 946_684_799_999_999)
  row.event = "motion"
  row.temperatureCentiCelsius = 2253
  row.humidityCentiPercent = 4512
  row.pressurePascals = 101_325
  row.motion = true
  row.switchClosed = false
  row.sensorType = "BME280"
  row.quality = "ok"
  row.wifiRSSI = -61
  row.uptimeMilliseconds = 3_600_123
  row.extra = #"{"a":1}"#
  #expect(
    hex([row]) == head
      + fields(
        "0012",
        "00000008 0000000000000001",  // one microsecond after 2000-01-01
        "00000007 41747469633036",
        "00000006 6d6f74696f6e",
        "00000008 403687ae147ae148",  // 22.53
        "00000008 40468f5c28f5c28f",  // 45.12
        "00000008 408faa0000000000",  // 1013.25
        "00000001 01", "00000001 00",
        "00000008 0000000000000011", "00000008 00000000000004d2",
        "00000006 424d45323830", "00000002 6f6b",
        "00000002 ffc3",
        "00000008 000000000036eefb",
        "00000008 ffffffffffffffff",  // one microsecond before
        "00000006 646576696365", "00000002 6777",
        "00000008 01 7b2261223a317d",
        "ffff"))
}

@Test func unknownValuesAreNullAndIdentityStays() {
  let row = Row(
    device: "x", boot: -1, seq: 5, timestamp: 946_684_800_000_000, timeSource: .derived, received: 946_684_800_000_000)
  let null = "ffffffff"
  #expect(
    hex([row]) == head
      + fields(
        "0012", "00000008 0000000000000000", "00000001 78", null, null, null, null, null, null,
        "00000008 ffffffffffffffff", "00000008 0000000000000005", null, null, null, null,
        "00000008 0000000000000000", "00000007 64657269766564", "00000002 6777", null, "ffff"))
}

@Test func noRowsEncodeToHeadAndTail() {
  #expect(hex([]) == head + "ffff")
}

@Test(
  arguments: [
    (nil, "1.0", #"{"version":"1.0"}"#),
    ("{}", "1.0", #"{"version":"1.0"}"#),
    ("{ }", "1.0", #"{"version":"1.0" }"#),
    (#"{"fan_pwm":3}"#, "1.0", #"{"version":"1.0","fan_pwm":3}"#),
    (nil, "a\"b\\c\u{1F}\n", #"{"version":"a\"b\\c\u001f\u000a"}"#),
    ("[1]", "1.0", "[1]"),
    (#"{"a":1}"#, nil, #"{"a":1}"#),
  ] as [(String?, String?, String)])
func firmwareVersionBecomesTheFirstKeyOfExtra(_ extra: String?, _ version: String?, _ json: String) {
  var row = Row(device: "x", boot: 0, seq: 0, timestamp: 0, timeSource: .device, received: 0)
  row.extra = extra
  row.version = version
  let copy = BinaryCopy()
  copy.encode([row], gateway: "")
  let size = json.utf8.count + 1
  let field = Array(copy.bytes.dropLast(2).suffix(size + 4))
  #expect(field[..<4].reduce(0) { $0 << 8 | Int($1) } == size)
  #expect(field[4] == 1)
  #expect(String(decoding: field[5...], as: UTF8.self) == json)
}

@Test(arguments: [Int64.min, Int64.min + 946_684_800_000_000])
func timeBeforeAllTimesIsNeitherWrappedNorInfinite(_ timestamp: Int64) {
  let row = Row(device: "x", boot: 0, seq: 0, timestamp: timestamp, timeSource: .device, received: 0)
  #expect(hex([row]).dropFirst(head.count).hasPrefix("0012" + "00000008" + "8000000000000001"))
}

@Test func bufferServesALargerBatchAndThenASmallerOne() {
  let copy = BinaryCopy()
  let small = rows(1...2)
  copy.encode(small[...], gateway: "gw")
  let before = Array(copy.bytes)
  var large = rows(1...3000)
  large[0].extra = "{\"a\":\"" + String(repeating: "x", count: 300_000) + "\"}"
  copy.encode(large[...], gateway: "gw")
  #expect(copy.bytes.count > 600_000)
  copy.encode(small[...], gateway: "gw")
  #expect(Array(copy.bytes) == before)
}
