import GatewayCore
import Profiles
import Testing

@testable import Ingest

/// Messages of other fleets on their way to a row, and which of them is the same one again.
@Suite struct ForeignMessagesTests {
  private func verdict(
    _ topic: String, _ text: String, received: Int64 = noon, retained: Bool = false
  ) throws -> Profiles.Verdict {
    var clock = BootClock(store: OffsetStore())
    let bytes = Array(text.utf8)
    return try Profiles.classify(
      Profiles.Arrival(topic: topic, payload: bytes, length: bytes.count, received: received, isRetained: retained),
      base: "iots6", clock: &clock, profiles: ProfileSet(ProfileSet.builtIn))
  }

  private func accepted(_ topic: String, _ text: String, received: Int64 = noon) throws -> (Entry, Row) {
    guard case .accepted(let entry, let row, nil) = try verdict(topic, text, received: received) else {
      throw Refusal("test", "\(topic) was not accepted")
    }
    return (entry, row)
  }

  @Test func rowFromTheJournalNeedsNoProfile() throws {
    let (entry, row) = try accepted("zigbee2mqtt/attic", #"{"temperature":27.34,"humidity":44.72,"battery":97}"#)
    #expect(Profiles.row(from: entry) == row)
    #expect(Profiles.fault(in: entry) == nil)
    #expect(row.device == "attic")
    #expect(row.boot == -1)
    #expect(row.temperatureCentiCelsius == 2734)
    #expect(row.humidityCentiPercent == 4472)
    #expect(row.timestamp == noon)
    #expect(row.timeSource == .received)
    #expect(row.extra == #"{"profile":"zigbee2mqtt","battery":97}"#)
  }

  @Test func messageWithItsOwnTimeIsTheSameOneDaysLater() throws {
    let text = #"{"temperature":20,"last_seen":"2026-11-24T07:59:00Z"}"#
    let first = try accepted("zigbee2mqtt/attic", text).0
    let again = try accepted("zigbee2mqtt/attic", text, received: noon + 3 * 86_400_000_000).0
    #expect(again.seq == first.seq)
    #expect(again.timestamp == first.timestamp)
    #expect(first.timeSource == .device)
  }

  @Test func equalValuesOfTwoSecondsAreTwoReadings() throws {
    let topic = "hall/sensor/temperature/state"
    let first = try accepted(topic, "21.5").0
    #expect(try accepted(topic, "21.5", received: noon + 999_999).0.seq == first.seq)
    #expect(try accepted(topic, "21.5", received: noon + 1_000_000).0.seq != first.seq)
    #expect(try accepted(topic, "21.6").0.seq != first.seq)
    #expect(try accepted("hall/sensor/temperature2/state", "21.5").0.seq != first.seq)
  }

  @Test func whatTheBrokerOnlyRemembersIsNoNews() throws {
    #expect(try verdict("hall/sensor/temperature/state", "21.5", retained: true) == .ignored)
    guard
      case .accepted = try verdict(
        "tele/attic/SENSOR", #"{"Time":"2026-11-24T09:00:00","AM2301":{"Temperature":24.6}}"#, retained: true)
    else {
      Issue.record("a message that cannot be taken twice is welcome, remembered or not")
      return
    }
  }

  @Test func refusalIsADeadLetterWithProfileAndPlace() throws {
    guard case .refused(let letter, nil) = try verdict("zigbee2mqtt/attic", #"{"temperature":"warm"}"#) else {
      Issue.record("not refused")
      return
    }
    #expect(letter.reason == "wrong-type")
    #expect(letter.detail == #"zigbee2mqtt: /temperature is text ("warm"), a number is taken"#)
  }

  @Test(arguments: ["1999-01-01T00:00:00Z", "2036-01-01T00:00:00Z"])
  func timeThatCannotBeIsRefused(_ time: String) throws {
    guard
      case .refused(let letter, nil) = try verdict("zigbee2mqtt/a", #"{"temperature":1,"last_seen":"\#(time)"}"#)
    else {
      Issue.record("not refused")
      return
    }
    #expect(letter.reason == "impossible-time")
  }

  @Test func ownTopicsNeverReachAProfile() throws {
    guard case .refused(let letter, _) = try verdict("iots6/Attic06/nonsense", "{}") else {
      Issue.record("not refused")
      return
    }
    #expect(letter.reason == "unknown-topic")
  }

  @Test func topicNobodyKnowsIsADeadLetter() throws {
    guard case .refused(let letter, _) = try verdict("elsewhere/x", "{}") else {
      Issue.record("not refused")
      return
    }
    #expect(letter.reason == "unknown-topic")
  }

  @Test func tooLargeIsRefusedBeforeItIsRead() throws {
    let text = #"{"temperature":20,"x":""# + String(repeating: "y", count: 70_000) + #""}"#
    guard case .refused(let letter, _) = try verdict("zigbee2mqtt/attic", text) else {
      Issue.record("not refused")
      return
    }
    #expect(letter.reason == "too-large")
  }
}
