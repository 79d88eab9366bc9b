import GatewayCore
import Testing

@testable import Ingest

/// A store that remembers boot offsets and nothing else.
final class OffsetStore: Store {
  let known: [String: Int64]

  init(_ known: [String: Int64] = [:]) { self.known = known }

  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { known["\(device)/\(boot)"] }
  func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] { [] }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func bury(_ letters: [DeadLetter]) throws(StoreError) {}
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }
  func statistics() throws(StoreError) -> StoreStatistics {
    StoreStatistics(entries: 0, lastID: 0, deadLetters: 0, bytes: 0, cursors: [:])
  }
}

/// 2026-11-24T08:00:00Z.
let noon: Int64 = 1_795_507_200_000_000

/// A version-2 payload without white space.
func payload(
  device: String = "Attic06", boot: Int = 17, seq: Int = 1, timestamp: String? = "2026-11-24T07:59:58Z",
  uptime: Int = 3_600_000
) -> String {
  let time = timestamp.map { "\"\($0)\"" } ?? "null"
  return
    #"{"v":2,"device_id":"\#(device)","boot":\#(boot),"seq":\#(seq),"event_type":"heartbeat","temperature":22.53,"humidity":45.12,"pressure":1013.25,"motion":"LOW","switch":"HIGH","sensor_type":"BME280","quality":"ok","wifi_rssi":-61,"uptime_ms":\#(uptime),"timestamp":\#(time),"version":"1.0.0"}"#
}

@Suite struct ProfilesTests {
  private func verdict(
    _ topic: String, _ text: String, clock: inout BootClock, received: Int64 = noon
  ) throws -> Profiles.Verdict {
    let bytes = Array(text.utf8)
    return try Profiles.classify(
      Profiles.Arrival(topic: topic, payload: bytes, length: bytes.count, received: received), base: "iots6",
      clock: &clock)
  }

  private func verdict(_ topic: String, _ text: String) throws -> Profiles.Verdict {
    var clock = BootClock(store: OffsetStore())
    return try verdict(topic, text, clock: &clock)
  }

  private func reason(_ topic: String, _ text: String) throws -> String? {
    guard case .refused(let letter, _) = try verdict(topic, text) else { return nil }
    return letter.reason
  }

  @Test func whatTheDeviceDroppedIsToldToTheLedger() throws {
    let text = payload().dropLast() + #","dropped":[[3,5],[16,7,9]]}"#
    guard case .accepted(_, _, let reading?) = try verdict("iots6/Attic06", String(text)) else {
      Issue.record("not accepted")
      return
    }
    func loss(_ boot: Int64, _ seqs: ClosedRange<Int64>) -> Loss {
      Loss(device: "Attic06", boot: boot, seqs: seqs, reason: "device: dropped", sparesArrived: true)
    }
    #expect(reading.losses == [loss(17, 3...5), loss(16, 7...9)])
  }

  @Test func readingWithAnImpossibleTimeIsALossByName() throws {
    guard
      case .refused(let letter, _) = try verdict("iots6/Attic06", payload(seq: 9, timestamp: "1999-01-01T00:00:00Z"))
    else {
      Issue.record("not refused")
      return
    }
    #expect(
      letter.loss
        == Loss(
          device: "Attic06", boot: 17, seqs: 9...9, reason: "gateway: impossible-time", sparesArrived: false))
  }

  @Test func versionTwoBecomesAnEntryWithItsIdentityAndTime() throws {
    let text = payload()
    let expected = Entry(
      device: "Attic06", boot: 17, seq: 1, timestamp: noon - 2_000_000, timeSource: .device, received: noon,
      profile: .martletVersion2, bytes: Array(text.utf8))
    #expect(
      try verdict("iots6/Attic06", text)
        == .accepted(
          expected, row: Profiles.row(from: expected),
          reading: Profiles.ReadingID(device: "Attic06", boot: 17, seq: 1)))
  }

  @Test func rowHasEveryColumnAndTheRestAsExtra() throws {
    let text = payload().dropLast() + #","suppressed":3,"note":"a\"b"}"#
    guard case .accepted(let entry, let row, _) = try verdict("iots6/Attic06", String(text)) else {
      Issue.record("refused")
      return
    }
    #expect(row.event == "heartbeat")
    #expect(row.temperatureCentiCelsius == 2253)
    #expect(row.humidityCentiPercent == 4512)
    #expect(row.pressurePascals == 101_325)
    #expect(row.motion == false)
    #expect(row.switchClosed == true)
    #expect(row.sensorType == "BME280")
    #expect(row.quality == "ok")
    #expect(row.wifiRSSI == -61)
    #expect(row.uptimeMilliseconds == 3_600_000)
    #expect(row.version == "1.0.0")
    #expect(row.extra == #"{"suppressed":3,"note":"a\"b"}"#)
    #expect(row == Profiles.row(from: entry))
  }

  @Test func versionOneIsKnownByItsBytesAndTakesTheTopicsDevice() throws {
    let text = #"{"event_type":"motion","temperature":"72.5","timestamp":"2026-11-24T07:00:00","fan_pwm":12}"#
    guard case .accepted(let entry, let row, let reading) = try verdict("iots6/Garage02", text) else {
      Issue.record("refused")
      return
    }
    #expect(row == Profiles.row(from: entry), "a sink gets the same row from memory and from the store")
    #expect(reading == nil)
    #expect(entry.device == "Garage02")
    #expect(entry.boot == -1)
    #expect(entry.seq == Profiles.hash(Array(text.utf8)))
    #expect(entry.seq >= 0)
    #expect(entry.timestamp == noon - 3_600_000_000)
    #expect(Profiles.row(from: entry).temperatureCentiCelsius == 2250)
    #expect(Profiles.row(from: entry).extra == #"{"fan_pwm":12}"#)
  }

  /// Published vectors: draft-eastlake-fnv, 64-bit FNV-1a of "", "a" and "foobar".
  @Test func hashIsFNV1aWithoutItsLastBit() {
    #expect(Profiles.hash([]) == Int64(0xcbf2_9ce4_8422_2325 as UInt64 >> 1))
    #expect(Profiles.hash(Array("a".utf8)) == Int64(0xaf63_dc4c_8601_ec8c as UInt64 >> 1))
    #expect(Profiles.hash(Array("foobar".utf8)) == Int64(0x8594_4171_f739_67e8 as UInt64 >> 1))
  }

  @Test func versionOneWithoutTimeTakesTheMomentItCame() throws {
    guard case .accepted(let entry, _, _) = try verdict("iots6/Garage02", #"{"device_id":"Garage02"}"#) else {
      Issue.record("refused")
      return
    }
    #expect(entry.timestamp == noon)
    #expect(entry.timeSource == .received)
  }

  @Test func badMessagesAreRefusedWithTheirReason() throws {
    #expect(try reason("iots6/Attic06", "hello") == "not-json")
    #expect(try reason("iots6/Attic06", "[]") == "not-an-object")
    #expect(try reason("iots6/Attic06", payload(device: "Garage02")) == "identity-mismatch")
    #expect(try reason("iots6/Attic06", #"{"v":3}"#) == "unsupported-version")
    #expect(try reason("iots6/Attic06", #"{"v":2,"device_id":"Attic06"}"#) == "missing-field")
    #expect(
      try reason("iots6/Attic06", payload().replacing("\"temperature\":22.53", with: "\"temperature\":true"))
        == "wrong-type")
    #expect(try reason("iots6/A b", payload(device: "A b")) == "bad-device-id")
    #expect(try reason("iots6/" + String(repeating: "x", count: 33), "{}") == "bad-device-id")
    for topic in [
      "iots6", "iots6/", "iots60/Attic06", "iots6/Attic06/", "iots6//status", "iots6/a/b/c", "other/Attic06",
    ] {
      #expect(try reason(topic, payload()) == "unknown-topic", "\(topic)")
    }
    for suffix in ["ack", "config", "cmd", "cmd/result"] {
      #expect(try verdict("iots6/Attic06/\(suffix)", "{}") == .ignored, "\(suffix)")
    }
  }

  @Test func invalidUTF8IsRefusedAsSuch() throws {
    var clock = BootClock(store: OffsetStore())
    let bytes = Array(#"{"event_type":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    let arrival = Profiles.Arrival(topic: "iots6/Attic06", payload: bytes, length: bytes.count, received: noon)
    guard case .refused(let letter, _) = try Profiles.classify(arrival, base: "iots6", clock: &clock) else {
      Issue.record("accepted")
      return
    }
    #expect(letter.reason == "invalid-utf8")
    #expect(letter.bytes == bytes)
  }

  @Test func longPayloadIsKeptInPartWithItsLength() throws {
    var clock = BootClock(store: OffsetStore())
    let arrival = Profiles.Arrival(
      topic: "iots6/Attic06", payload: [UInt8](repeating: 32, count: 65_537), length: 1 << 20, received: noon)
    guard case .refused(let letter, nil) = try Profiles.classify(arrival, base: "iots6", clock: &clock) else {
      Issue.record("accepted")
      return
    }
    #expect(letter.reason == "too-large")
    #expect(letter.bytes.count == 4096)
    #expect(letter.length == 1 << 20)
  }

  @Test func impossibleTimesAreRefusedYetNamedForTheDevice() throws {
    for timestamp in ["2021-01-01T00:00:00Z", "2026-11-25T08:00:01Z"] {
      guard case .refused(let letter, let reading) = try verdict("iots6/Attic06", payload(timestamp: timestamp)) else {
        Issue.record("accepted \(timestamp)")
        continue
      }
      #expect(letter.reason == "impossible-time")
      #expect(reading?.seq == 1)
    }
    guard case .accepted = try verdict("iots6/Attic06", payload(timestamp: "2026-11-25T08:00:00Z")) else {
      Issue.record("one day ahead is allowed")
      return
    }
  }

  @Test func bootsBeginIsFixedOnceAndOnlyByACommit() throws {
    var clock = BootClock(store: OffsetStore(["Attic06/18": noon - 7_000_000]))
    func time(_ seq: Int, _ uptime: Int, boot: Int = 17, received: Int64) throws -> Int64? {
      let text = payload(boot: boot, seq: seq, timestamp: nil, uptime: uptime)
      guard case .accepted(let entry, _, _) = try verdict("iots6/Attic06", text, clock: &clock, received: received),
        entry.timeSource == .derived
      else { return nil }
      return entry.timestamp
    }
    #expect(try time(1, 5000, received: noon) == noon)
    #expect(clock.newOffsets == [BootOffset(device: "Attic06", boot: 17, epoch: noon - 5_000_000)])
    // Later arrivals count from the same beginning, however late they come.
    #expect(try time(2, 6000, received: noon + 90_000_000) == noon + 1_000_000)
    clock.discard()
    #expect(try time(1, 5000, received: noon + 100) == noon + 100)
    clock.confirm()
    #expect(clock.newOffsets.isEmpty)
    #expect(try time(1, 5000, received: noon + 999_999) == noon + 100)
    // What the store knows counts.
    #expect(try time(1, 1000, boot: 18, received: noon) == noon - 6_000_000)
    #expect(clock.newOffsets.isEmpty)
  }

  @Test func bootClockForgetsTheOldestBeyondItsBound() throws {
    let store = OffsetStore()
    var clock = BootClock(store: store)
    for boot in 0..<Int64(25_000) {
      _ = try clock.epoch(device: "x", boot: boot, uptime: 0, received: boot)
      clock.confirm()
    }
    // Forgotten, and unknown to this store: fixed anew. Remembered: the old one.
    #expect(try clock.epoch(device: "x", boot: 0, uptime: 0, received: 77) == 77)
    #expect(try clock.epoch(device: "x", boot: 24_999, uptime: 0, received: 77) == 24_999)
    #expect(try clock.epoch(device: "x", boot: 15_000, uptime: 0, received: 77) == 15_000)
  }

  @Test func statusTellsPresenceBootAndVersion() throws {
    let text = #"{"state":"online","boot":17,"version":"1.0.0","config":{"etag":"x"}}"#
    var expected = DeviceStatus(
      device: "Attic06", isOnline: true, boot: 17, version: "1.0.0", received: noon, isRetained: false)
    #expect(try verdict("iots6/Attic06/status", text) == .status(expected))
    expected.isOnline = false
    expected.version = nil
    #expect(try verdict("iots6/Attic06/status", #"{"state":"offline","boot":17}"#) == .status(expected))
    #expect(try verdict("iots6/Attic06/status", "") == .ignored)
    #expect(try reason("iots6/Attic06/status", #"{"state":"dancing"}"#) == "bad-status")
    #expect(try reason("iots6/Attic06/status", "online") == "not-json")
  }
}
