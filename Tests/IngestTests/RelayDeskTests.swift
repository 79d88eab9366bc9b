import GatewayCore
import Journal
import Testing

@testable import Ingest

@Suite struct RelayDeskTests {
  private static let received: Int64 = 1_795_474_529_123_456

  private static func relayed(
    _ payload: String, via: [String] = ["edge"], journal: String = "0f", entry: Int64 = 1,
    received: Int64 = received - 5,
    timestamp: Int64 = 1_795_474_000_000_000, timeSource: TimeSource = .derived
  ) -> Profiles.Arrival {
    let bytes = Relay(
      via: via, journal: journal, entry: entry, received: received, timestamp: timestamp, timeSource: timeSource
    ).wrapping(Array(payload.utf8))
    return Profiles.Arrival(topic: "iots6/Attic06", payload: bytes, length: bytes.count, received: Self.received)
  }

  private static let clockless =
    #"{"v":2,"device_id":"Attic06","boot":17,"seq":4,"event_type":"heartbeat","temperature":22.53,"humidity":45.12,"#
    + #""pressure":1013.25,"motion":"LOW","switch":"HIGH","sensor_type":"BME280","quality":"ok","wifi_rssi":-61,"#
    + #""uptime_ms":60000,"timestamp":null,"version":"1.0.0"}"#

  private func accepted(_ arrival: Profiles.Arrival) throws -> Entry? {
    var arrival = arrival
    guard RelayDesk(gateway: "cloud").open(&arrival) == .message else { return nil }
    let folder = JournalFolder()
    var clock = BootClock(store: try Journal(path: folder.file))
    guard case .accepted(let entry, let row, _) = try Profiles.classify(arrival, base: "iots6", clock: &clock) else {
      return nil
    }
    #expect(row.timestamp == entry.timestamp)
    #expect(row.timeSource == entry.timeSource)
    return entry
  }

  @Test func relayedReadingMakesTheEntryOfTheGatewayThatHeardIt() throws {
    let entry = try #require(try accepted(Self.relayed(Self.clockless)))
    #expect(entry.bytes == Array(Self.clockless.utf8))
    #expect(entry.timestamp == 1_795_474_000_000_000)
    #expect(entry.timeSource == .derived)
    #expect(entry.received == Self.received - 5)
    #expect(entry.via == "edge")
    #expect(Profiles.fault(in: entry) == nil)
  }

  @Test func versionOneKeepsItsIdentityAndTheTimeOfItsFirstCopy() throws {
    let payload = #"MQTT event: {"temperature":72.5,"device_id":"Attic06"}"#
    let entry = try #require(
      try accepted(Self.relayed(payload, timestamp: Self.received - 9, timeSource: .received)))
    #expect(entry.seq == Profiles.hash(Array(payload.utf8)))
    #expect(entry.timestamp == Self.received - 9)
    #expect(entry.timeSource == .received)
  }

  @Test func theTimeInThePayloadOutweighsTheOneAroundIt() throws {
    let payload = Self.clockless.replacing("null", with: #""2026-11-23T22:45:29Z""#)
    let entry = try #require(try accepted(Self.relayed(payload)))
    #expect(entry.timeSource == .device)
    #expect(entry.timestamp == 1_795_473_929_000_000)
  }

  @Test func aClockFarOffDoesNotSayWhenSomethingCame() throws {
    for far in [0, Self.received + 2 * 86_400_000_000] {
      let entry = try #require(try accepted(Self.relayed(Self.clockless, received: far)))
      #expect(entry.received == Self.received)
    }
  }

  @Test func whatWasHereBeforeIsNotTakenAgain() {
    var arrival = Self.relayed(Self.clockless, via: ["cloud", "edge"])
    #expect(RelayDesk(gateway: "cloud").open(&arrival) == .looped)
  }

  @Test func nineGatewaysAreRefused() {
    var arrival = Self.relayed(Self.clockless, via: (1...9).map { "g\($0)" })
    #expect(
      RelayDesk(gateway: "cloud").open(&arrival)
        == .refused(reason: "too-many-hops", detail: "it came through g1,g2,g3,g4,g5,g6,g7,g8,g9"))
  }

  @Test func brokenRelayIsRefusedWithThePlace() {
    let bytes = Array(#"{"relay":1,"via":"edge","journal":"0f","entry":x"#.utf8)
    var arrival = Profiles.Arrival(topic: "iots6/Attic06", payload: bytes, length: bytes.count, received: Self.received)
    #expect(
      RelayDesk(gateway: "cloud").open(&arrival)
        == .refused(reason: "bad-relay", detail: "a number was expected at byte 47"))
  }

  @Test func eachGatewayIsToldOfItsOwnReadings() {
    var desk = RelayDesk(gateway: "cloud")
    let ways: [(String, Int64)] = [("a", 3), ("b", 7), ("a", 1), ("a", 2), ("a", 9)]
    for (gateway, entry) in ways {
      var arrival = Self.relayed(Self.clockless, via: ["first", gateway], journal: "j\(gateway)", entry: entry)
      _ = desk.open(&arrival)
      desk.done(arrival)
    }
    desk.done(Profiles.Arrival(topic: "iots6/Attic06", payload: [], length: 0, received: 0))
    #expect(
      desk.messages() == [
        .init(gateway: "a", payload: Array(#"{"journal":"ja","entries":[[1,3],[9,9]]}"#.utf8)),
        .init(gateway: "b", payload: Array(#"{"journal":"jb","entries":[[7,7]]}"#.utf8)),
      ])
  }

  @Test func manyRangesBecomeSeveralMessages() {
    var desk = RelayDesk(gateway: "cloud")
    for entry in stride(from: Int64(1), through: 801, by: 2) {
      var arrival = Self.relayed(Self.clockless, entry: entry)
      _ = desk.open(&arrival)
      desk.done(arrival)
    }
    let told = desk.messages().compactMap { RelayAcknowledgement($0.payload)?.entries.count }
    #expect(told == [200, 200, 1])
  }
}
