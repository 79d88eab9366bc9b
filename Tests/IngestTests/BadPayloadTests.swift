import GatewayCore
import Testing

@testable import Ingest

/// A corpus of what may come instead of a reading, and the answer to each.
@Suite struct BadPayloadTests {
  private static func with(_ member: String, _ value: String) -> String {
    let text = payload()
    guard let start = text.range(of: "\"\(member)\":") else { return text }
    let end = text[start.upperBound...].firstIndex { $0 == "," || $0 == "}" }!
    return text.replacingCharacters(start.upperBound..<end, with: value)
  }

  /// The payload, and the dead letter's reason; `nil`: it is a reading.
  static let corpus: [(String, String?)] = [
    // Truncated
    ("", "not-json"), ("{", "not-json"), (String(payload().dropLast()), "not-json"),
    (String(payload().prefix(100)), "not-json"), (payload() + "}", "not-json"), (payload() + payload(), "not-json"),
    ("null", "not-an-object"), ("[]", "not-an-object"), ("\"text\"", "not-an-object"), ("17", "not-an-object"),
    // Giant
    (String(repeating: "x", count: 1 << 20), "too-large"),
    (#"{"v":2,"note":""# + String(repeating: "x", count: 65_536) + "\"}", "too-large"),
    (with("version", "\"" + String(repeating: "9", count: 25) + "\""), "too-long"),
    (with("temperature", String(repeating: "9", count: 400)), "out-of-range"),
    // Deep
    (#"{"v":2,"x":"# + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}", "not-json"),
    (String(payload().dropLast() + #","x":[[[[[[1]]]]]]}"#), nil),
    // Twice
    (payload().replacing("\"boot\":17", with: "\"boot\":16,\"boot\":17"), "duplicate-field"),
    (String(payload().dropLast() + #","v":2}"#), "duplicate-field"),
    (#"{"temperature":70,"temperature":71}"#, nil),
    // Numbers
    (with("temperature", "\"22.53\""), "wrong-type"), (with("seq", "\"1\""), "wrong-type"),
    (#"{"temperature":"70.5","humidity":" 45 "}"#, nil),
    (with("temperature", "NaN"), "not-json"), (with("temperature", "-Infinity"), "not-json"),
    (with("temperature", "1e400"), "out-of-range"), (with("seq", "1e400"), "out-of-range"),
    (with("temperature", "0x16"), "not-json"), (with("temperature", "+1"), "not-json"),
    (with("temperature", "01.5"), "not-json"), (with("temperature", ".5"), "not-json"),
    (#"{"temperature":1e400}"#, nil), (#"{"temperature":"NaN"}"#, nil),
    (with("seq", "-1"), "out-of-range"), (with("boot", "-1"), "out-of-range"), (with("boot", "1.5"), "out-of-range"),
    (with("seq", "4294967296"), "out-of-range"), (with("boot", "null"), "missing-field"),
    (with("seq", "true"), "wrong-type"), (with("uptime_ms", "-5"), "out-of-range"),
    (with("wifi_rssi", "1000"), "out-of-range"), (with("humidity", "{}"), "wrong-type"),
    // Identity
    (payload(device: "Garage02"), "identity-mismatch"), (#"{"device_id":"Garage02"}"#, "identity-mismatch"),
    (payload(device: String(repeating: "A", count: 33)), "too-long"), (with("device_id", "7"), "wrong-type"),
    (with("device_id", #""Attic06\u0000""#), "identity-mismatch"),
    (with("device_id", "\"\u{202E}60cittA\""), "identity-mismatch"),
    (with("v", "3"), "unsupported-version"), (with("v", "\"2\""), "wrong-type"),
    // Characters
    (with("sensor_type", "\"BME\u{1}280\""), "not-json"), (with("sensor_type", "\"BME\n280\""), "not-json"),
    (with("sensor_type", #""\ud800""#), nil), (with("sensor_type", #""\x41""#), "not-json"),
    (with("sensor_type", "\"\u{202E}082EMB\""), nil), (payload().replacing("\":", with: "\" :\t\r\n "), nil),
    ("\u{FEFF}" + payload(), "not-json"),
    // Time
    (payload(timestamp: "yesterday"), "out-of-range"), (payload(timestamp: "2026-13-01T00:00:00Z"), "out-of-range"),
    (payload(timestamp: "2026-02-30T00:00:00Z"), "out-of-range"),
    (payload(timestamp: "9999-12-31T23:59:59Z"), "out-of-range"),
    // The existing fleet
    ("MQTT event:{}", nil), ("MQTT event: {\"temperature\":null}", nil), ("MQTT event:", "not-json"),
  ]

  @Test(arguments: corpus.indices)
  func everyPayloadHasItsAnswer(_ index: Int) throws {
    let (text, reason) = Self.corpus[index]
    let bytes = Array(text.utf8)
    var clock = BootClock(store: OffsetStore())
    let verdict = try Profiles.classify(
      Profiles.Arrival(
        topic: "iots6/Attic06", payload: Array(bytes.prefix(Profiles.payloadLimit + 1)), length: bytes.count,
        received: noon), base: "iots6", clock: &clock)
    switch verdict {
    case .accepted(let entry, let row, _):
      #expect(reason == nil, "\(text.prefix(200))")
      // What was accepted makes the same row each time, and its bytes are sound.
      #expect(Profiles.row(from: entry) == row)
      #expect(Profiles.fault(in: entry) == nil)
    case .refused(let letter, _):
      #expect(letter.reason == reason, "\(text.prefix(200))")
      #expect(!letter.detail.isEmpty && letter.length == bytes.count)
      #expect(letter.bytes == Array(bytes.prefix(DeadLetter.keptBytes)))
    case .status, .log, .ignored, .postponed: Issue.record("\(verdict)")
    }
  }

  @Test(arguments: ["A\u{202E}06", "A\u{200B}06", "A\u{7}06", "A\u{85}06", "A\u{2028}06"])
  func idThatDoesNotShowWhatItIsIsRefused(_ device: String) throws {
    var clock = BootClock(store: OffsetStore())
    let verdict = try Profiles.classify(
      Profiles.Arrival(topic: "iots6/\(device)", payload: Array("{}".utf8), length: 2, received: noon), base: "iots6",
      clock: &clock)
    guard case .refused(let letter, _) = verdict else {
      Issue.record("taken")
      return
    }
    #expect(letter.reason == "bad-device-id")
  }

  @Test func idInAnyScriptIsTakenFromTheExistingFleet() throws {
    var clock = BootClock(store: OffsetStore())
    for device in ["Büro", "温度計", "غرفة", "Living Room"] {
      let verdict = try Profiles.classify(
        Profiles.Arrival(topic: "iots6/\(device)", payload: Array("{}".utf8), length: 2, received: noon), base: "iots6",
        clock: &clock)
      guard case .accepted(let entry, _, _) = verdict else {
        Issue.record("\(device) refused")
        continue
      }
      #expect(entry.device == device)
    }
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }

  fileprivate func range(of part: String) -> Range<String.Index>? { self.firstRange(of: part) }
}
