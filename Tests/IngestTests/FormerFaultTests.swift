import GatewayCore
import MQTTClient
import Testing

@testable import Ingest

/// Faults of the system this one replaces that lie on the gateway's side, one by one. Elsewhere: its database connection that was never
/// opened again and its missing key (TimescaleSinkTests), messages lost while PostgreSQL restarted (Tests/System).
@Suite struct FormerFaultTests {
  private func row(_ text: String) throws -> Row? {
    let bytes = Array(text.utf8)
    var clock = BootClock(store: OffsetStore())
    let verdict = try Profiles.classify(
      Profiles.Arrival(topic: "iots6/Garage02", payload: bytes, length: bytes.count, received: noon), base: "iots6",
      clock: &clock)
    guard case .accepted(let entry, _, _) = verdict else { return nil }
    return Profiles.row(from: entry)
  }

  /// A delay in milliseconds was compared with seconds: 2 h 46 min of silence after one drop.
  @Test func waitsForTheBrokerAreSecondsAndEndAtHalfAMinute() {
    var backoff = IngestOptions(gatewayID: "attic").backoff
    #expect((0..<50).map { _ in backoff.next() }.max()! <= 30)
    #expect(IngestOptions(gatewayID: "attic").backoff.firstSeconds == 0.5)
  }

  /// A clean session, a random client id, no keep-alive.
  @Test func sessionIsKeptUnderOneNameAndTheConnectionIsWatched() {
    let one = IngestOptions(gatewayID: "attic").mqtt
    #expect(one.clientID == "martlet-attic" && IngestOptions(gatewayID: "attic").mqtt.clientID == one.clientID)
    #expect(!one.cleanStart && one.sessionExpirySeconds == 7 * 86_400)
    #expect(one.keepAliveSeconds == 60)
  }

  /// Boards that convert twice send 0.88 where 29.92 was meant.
  @Test func pressureConvertedTwiceIsNullAndItsOriginalIsKept() throws {
    let row = try #require(try row(#"{"temperature":72.5,"pressure":0.88,"fan_pwm":55}"#))
    #expect(row.pressurePascals == nil && row.quality == "range")
    #expect(row.temperatureCentiCelsius == 2250)
    #expect(row.extra == #"{"pressure":0.88,"fan_pwm":55}"#)
  }

  /// A payload without `version` or `uptime` was dropped.
  @Test func payloadWithoutVersionOrUptimeIsAReading() throws {
    let row = try #require(try row(#"{"event_type":"motion","motion":"HIGH"}"#))
    #expect(row.event == "motion" && row.motion == true && row.version == nil && row.uptimeMilliseconds == nil)
  }

  /// The former service wrote a message as often as it came.
  @Test func sameBytesAreOneReading() throws {
    let text = #"{"event_type":"switch","switch":"HIGH","timestamp":"2026-11-24T07:00:00Z"}"#
    let (one, two) = (try #require(try row(text)), try #require(try row(text)))
    #expect(one.boot == -1 && one.seq == two.seq && one.timestamp == two.timestamp)
    #expect(try row(text.replacing("HIGH", with: "LOW"))?.seq != one.seq)
  }
}
