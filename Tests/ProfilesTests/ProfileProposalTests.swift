import Testing

@testable import Profiles

@Suite struct ProfileProposalTests {
  private func proposal(_ messages: [(String, String)]) -> String? {
    var proposal = ProfileProposal(name: "learned")
    for (topic, payload) in messages { proposal.see(topic: topic, payload: Array(payload.utf8)) }
    return proposal.yaml
  }

  @Test func objectsBecomeColumnsWithUnitsWordsAndIdentity() {
    let yaml = proposal([
      (
        "weather/roof/now",
        #"{"ts":"2026-11-24T08:00:00Z","temp_f":71.1,"rh":45.2,"baro":{"pressure":1013.2},"pir":"ON","rssi":-61,"battery":97}"#
      ),
      (
        "weather/cellar/now",
        #"{"ts":"2026-11-24T08:00:01Z","temp_f":55.0,"rh":60.0,"baro":{"pressure":1013.1},"pir":"OFF","rssi":-70,"battery":90}"#
      ),
    ])
    #expect(
      yaml == """
        profile: learned
        about: Proposed from 2 messages; look over units and words.
        topics: ["weather/{device}/now"]
        device: "{device}"
        time: "/ts"
        identity: ["/ts"]
        columns:
          temperature: {at: "/temp_f", unit: fahrenheit}
          humidity: {at: "/rh", unit: percent}
          pressure: {at: "/baro/pressure", unit: hPa}
          motion: {at: "/pir", high: ["ON"], low: ["OFF"]}
          wifi_rssi: {at: "/rssi", unit: dBm}
        events:
          - {at: "/pir", is: "ON", event: motion}
          - {event: heartbeat}
        # 2 of the 2 messages become rows.

        """)
  }

  @Test func bareValuesAreToldApartByTheirTopics() {
    let yaml = proposal([
      ("hall/sensor/hall_temperature/state", "21.5"), ("hall/sensor/hall_humidity/state", "45"),
      ("attic/sensor/attic_temperature/state", "19.5"), ("attic/sensor/lux/state", "312"),
    ])
    #expect(
      yaml == """
        profile: learned
        about: Proposed from 4 messages; look over units and words.
        payload: value
        topics: ["{device}/sensor/{object}/state"]
        device: "{device}"
        columns:
          temperature: [{at: "", unit: celsius, when: {object: "hall_temperature"}}, {at: "", unit: celsius, when: {object: "attic_temperature"}}]
          humidity: [{at: "", unit: percent, when: {object: "hall_humidity"}}]
        extra: {"{object}": "", object: "{object}"}
        # 4 of the 4 messages become rows.

        """)
  }

  @Test func oneDeviceIsCapturedAndAZonelessTimeIsNoMoment() {
    let yaml = proposal([
      (
        "tele/sonoff/SENSOR",
        #"{"Time":"2026-11-24T09:00:00","AM2301":{"Temperature":24.6,"Humidity":58},"TempUnit":"C"}"#
      )
    ])
    #expect(yaml?.contains(#"topics: ["tele/{device}/SENSOR"]"#) == true)
    #expect(yaml?.contains(#"identity: ["/Time"]"#) == true)
    #expect(yaml?.contains("\ntime:") == false)
    #expect(yaml?.hasSuffix("# 1 of the 1 messages become rows.\n") == true)
  }

  @Test func whatFitsNoProfileIsNotProposed() {
    #expect(proposal([]) == nil)
    #expect(proposal([("a/b", #"{"hello":"world"}"#)]) == nil)
  }

  @Test func messagesOfAnotherShapeAreCountedAsNoRows() {
    let yaml = proposal([
      ("w/a", #"{"temperature":20}"#), ("w/b", #"{"temperature":21}"#), ("w/c/d", #"{"temperature":21}"#),
    ])
    #expect(yaml?.contains("# 2 of the 3 messages become rows.\n# not: w/c/d: unknown-topic") == true)
  }
}
