import Testing

@testable import Profiles

/// What does not look as the profile says is refused with the place, and never becomes another value.
@Suite struct HostilePayloadTests {
  private func refusal(_ profile: String, _ topic: String, _ payload: [UInt8]) throws -> Refusal? {
    let profile = try #require(ProfileSet.builtIn(named: profile))
    do throws(Refusal) {
      _ = try profile.translate(payload, topic: topic)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    (#"{"temperature":"27.34"}"#, #"wrong-type: /temperature is text ("27.34"), a number is taken"#),
    (
      #"{"temperature":{"value":27.34}}"#,
      #"wrong-type: /temperature is an object ({"value":27.34}), a number is taken"#
    ),
    (#"{"temperature":[27.34]}"#, "wrong-type: /temperature is an array ([27.34]), a number is taken"),
    (#"{"temperature":true}"#, "wrong-type: /temperature is true or false (true), a number is taken"),
    (#"{"temperature":1e400}"#, "out-of-range: /temperature is a number (1e400) celsius, -100 to 200 °C is taken"),
    (#"{"temperature":-1e400}"#, "out-of-range: /temperature is a number (-1e400) celsius, -100 to 200 °C is taken"),
    (#"{"temperature":200.01}"#, "out-of-range: /temperature is a number (200.01) celsius, -100 to 200 °C is taken"),
    (#"{"humidity":100.01}"#, "out-of-range: /humidity is a number (100.01) percent, 0 to 100 % is taken"),
    (#"{"occupancy":"yes"}"#, #"out-of-range: /occupancy is text ("yes"), one of true, false is taken"#),
    (#"{"occupancy":{}}"#, "wrong-type: /occupancy is an object ({}), one of true, false is taken"),
    (#"{"temperature":1,"temperature":2}"#, "duplicate-field: /temperature comes twice"),
    (
      #"{"temperature":20,"last_seen":"yesterday"}"#,
      #"out-of-range: /last_seen is text ("yesterday"), an ISO 8601 time is taken"#
    ),
    (
      #"{"temperature":20,"last_seen":-5}"#,
      "out-of-range: /last_seen is a number (-5), seconds or milliseconds are taken"
    ),
    (#"{"temperature":20,"last_seen":[]}"#, "wrong-type: /last_seen is an array ([]), a time is taken"),
    (#"{"temperature":NaN}"#, "not-json: no JSON at byte 15"),
    (#"{"temperature":27.34"#, "not-json: the text ends too early at byte 20"),
    (#"{"temperature":27.34}}"#, "not-json: something follows the document at byte 21"),
    ("[]", "not-an-object: the payload is an array ([]), an object is taken"),
    ("27.34", "not-an-object: the payload is a number (27.34), an object is taken"),
  ])
  func changedShapeIsRefusedWithItsPlace(_ payload: String, _ expected: String) throws {
    #expect(try refusal("zigbee2mqtt", "zigbee2mqtt/x", Array(payload.utf8))?.description == expected)
  }

  @Test func nothingKnownIsNoReading() throws {
    let refusal = try refusal("zigbee2mqtt", "zigbee2mqtt/x", Array(#"{"temp_c":20,"hum":40}"#.utf8))
    #expect(refusal?.reason == "no-reading")
    #expect(refusal?.detail.hasPrefix("none of /temperature, /local_temperature, /humidity") == true)
  }

  @Test func deepJSONIsRefusedByItsDepth() throws {
    let text =
      #"{"temperature":20,"x":"# + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}"
    #expect(
      try refusal("zigbee2mqtt", "zigbee2mqtt/x", Array(text.utf8))?.description
        == "not-json: nested deeper than 16 at byte 37")
  }

  @Test func brokenUTF8IsRefusedByItsPlace() throws {
    let bytes = Array(#"{"temperature":20,"x":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
    #expect(
      try refusal("zigbee2mqtt", "zigbee2mqtt/x", bytes)?.description == "invalid-utf8: no UTF-8 at byte 23")
    #expect(
      try refusal("esphome", "a/sensor/temperature/state", [0xFF])?.description
        == "invalid-utf8: the payload is no UTF-8")
  }

  @Test(arguments: [
    ("nan", "wrong-type: the payload is text (nan), a number is taken"),
    ("21.5 C", "wrong-type: the payload is text (21.5 C), a number is taken"),
    ("1e400", "out-of-range: the payload is a number (1e400) celsius, -100 to 200 °C is taken"),
    ("", "no-reading: the payload is empty"),
    ("\u{1B}[2J", "wrong-type: the payload is text ( [2J), a number is taken"),
  ])
  func bareValueThatIsNoNumberIsRefused(_ payload: String, _ expected: String) throws {
    #expect(try refusal("esphome", "a/sensor/temperature/state", Array(payload.utf8))?.description == expected)
  }

  @Test func unknownUnitIsRefusedAndNotGuessed() throws {
    let text = #"{"Time":"2026-11-24T08:00:00","AM2301":{"Temperature":24.6},"TempUnit":"K"}"#
    #expect(
      try refusal("tasmota", "tele/x/SENSOR", Array(text.utf8))?.description
        == #"no-unit: /TempUnit is text ("K"), one of C, F is taken"#)
  }

  @Test func deviceThatDoesNotFitIsRefused() throws {
    let long = "zigbee2mqtt/" + String(repeating: "x", count: 33)
    #expect(try refusal("zigbee2mqtt", long, Array(#"{"temperature":1}"#.utf8))?.reason == "bad-device-id")
    #expect(
      try refusal("zigbee2mqtt", "zigbee2mqtt/a\u{202E}b", Array(#"{"temperature":1}"#.utf8))?.reason == "bad-device-id"
    )
  }

  @Test func membersNamedLikeColumnsDoNotReachThem() throws {
    let profile = try #require(ProfileSet.builtIn(named: "zigbee2mqtt"))
    let text =
      #"{"temperature":20,"boot":9,"seq":8,"v":1,"quality":"x","profile":"y","profile":"z","timestamp":"1999-01-01"}"#
    let reading = try profile.translate(Array(text.utf8), topic: "zigbee2mqtt/x")
    #expect(
      String(decoding: reading.canonical, as: UTF8.self)
        == #"{"v":2,"device_id":"x","boot":0,"seq":0,"event_type":"heartbeat","temperature":20.00,"quality":"ok","profile":"zigbee2mqtt","zigbee2mqtt_boot":9,"zigbee2mqtt_seq":8,"zigbee2mqtt_v":1,"zigbee2mqtt_quality":"x","profile_":"y","profile__":"z","zigbee2mqtt_timestamp":"1999-01-01"}"#
    )
  }
}
