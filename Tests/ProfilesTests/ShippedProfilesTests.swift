import Testing

@testable import Profiles

/// One published message and the reading it makes.
struct Sample: Sendable, CustomTestStringConvertible {
  var profile: String
  /// Where the payload is published.
  var source: String
  var topic: String
  var payload: String
  var device: String
  /// Without the head that each has: `{"v":2,"device_id":…,"boot":0,"seq":0,`.
  var reading: String
  var time: Int64?
  var isUnique = false

  var testDescription: String { "\(profile): \(topic)" }
}

/// The shipped profiles against messages from the projects' own documentation.
let samples: [Sample] = [
  Sample(
    profile: "tasmota", source: "https://tasmota.github.io/docs/BME280/", topic: "tele/attic/SENSOR",
    payload:
      #"{"Time": "2019-11-03T19:34:28", "BME280": {"Temperature": 21.7, "Humidity": 66.6, "Pressure": 988.6}, "PressureUnit": "hPa", "TempUnit": "C"}"#,
    device: "attic",
    reading:
      #""event_type":"heartbeat","temperature":21.70,"humidity":66.60,"pressure":988.60,"sensor_type":"BME280","quality":"ok","profile":"tasmota","Time":"2019-11-03T19:34:28"}"#,
    isUnique: true),
  Sample(
    profile: "tasmota", source: "https://tasmota.github.io/docs/AM2301/", topic: "tele/th10/SENSOR",
    payload: #"{"Time":"2019-01-01T00:00:00","AM2301":{"Temperature":24.6,"Humidity":58.2},"TempUnit":"C"}"#,
    device: "th10",
    reading:
      #""event_type":"heartbeat","temperature":24.60,"humidity":58.20,"sensor_type":"AM2301","quality":"ok","profile":"tasmota","Time":"2019-01-01T00:00:00"}"#,
    isUnique: true),
  Sample(
    profile: "tasmota", source: "https://tasmota.github.io/docs/DS18x20/", topic: "boiler/tele/SENSOR",
    payload: #"{"Time":"2019-01-01T00:00:00","DS18B20":{"Temperature":49.7},"TempUnit":"C"}"#, device: "boiler",
    reading:
      #""event_type":"heartbeat","temperature":49.70,"sensor_type":"DS18B20","quality":"ok","profile":"tasmota","Time":"2019-01-01T00:00:00"}"#,
    isUnique: true),
  // The page's scheme of topics is <TOPIC_PREFIX>/<COMPONENT_TYPE>/<COMPONENT_NAME>/state, its payload a bare value.
  Sample(
    profile: "esphome", source: "https://esphome.io/components/mqtt.html",
    topic: "livingroom/sensor/livingroom_temperature/state", payload: "21.5", device: "livingroom",
    reading:
      #""event_type":"heartbeat","temperature":21.50,"quality":"ok","profile":"esphome","object":"livingroom_temperature"}"#
  ),
  Sample(
    profile: "esphome", source: "https://esphome.io/components/mqtt.html",
    topic: "livingroom/binary_sensor/pir_sensor/state", payload: "ON", device: "livingroom",
    reading: #""event_type":"motion","motion":"HIGH","quality":"ok","profile":"esphome","object":"pir_sensor"}"#),
  Sample(
    profile: "esphome", source: "https://esphome.io/components/mqtt.html",
    topic: "livingroom/sensor/illuminance/state", payload: "312.0", device: "livingroom",
    reading:
      #""event_type":"heartbeat","quality":"ok","profile":"esphome","illuminance":312.0,"object":"illuminance"}"#),
  Sample(
    profile: "zigbee2mqtt", source: "https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (WSDCGQ01LM)",
    topic: "zigbee2mqtt/0x00158d0001dc126a", payload: #"{"temperature": 27.34, "humidity": 44.72}"#,
    device: "0x00158d0001dc126a",
    reading:
      #""event_type":"heartbeat","temperature":27.34,"humidity":44.72,"quality":"ok","profile":"zigbee2mqtt"}"#),
  Sample(
    profile: "zigbee2mqtt", source: "https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (RTCGQ01LM)",
    topic: "zigbee2mqtt/kitchen/motion", payload: #"{"occupancy": true}"#, device: "kitchen/motion",
    reading: #""event_type":"motion","motion":"HIGH","quality":"ok","profile":"zigbee2mqtt"}"#),
  Sample(
    profile: "zigbee2mqtt", source: "https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (WXKG01LM)",
    topic: "zigbee2mqtt/button", payload: #"{"action": "single"}"#, device: "button",
    reading: #""event_type":"action","quality":"ok","profile":"zigbee2mqtt","action":"single"}"#),
  Sample(
    profile: "zigbee2mqtt", source: "https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html (LED1545G12)",
    topic: "zigbee2mqtt/lamp", payload: #"{"state": "ON", "brightness": 215, "color_temp": 325}"#, device: "lamp",
    reading:
      #""event_type":"heartbeat","switch":"HIGH","quality":"ok","profile":"zigbee2mqtt","brightness":215,"color_temp":325}"#
  ),
  // last_seen as the option advanced.last_seen: ISO_8601_local writes it: github.com/Koenkk/zigbee-herdsman-converters/issues/1020
  Sample(
    profile: "zigbee2mqtt", source: "https://github.com/Koenkk/zigbee-herdsman-converters/issues/1020",
    topic: "zigbee2mqtt/wall",
    payload:
      #"{"power":0,"consumption":0.32,"temperature":16,"linkquality":34,"last_seen":"2020-02-26T20:44:09+01:00","state_left":"OFF","state_right":"OFF"}"#,
    device: "wall",
    reading:
      #""event_type":"heartbeat","temperature":16.00,"quality":"ok","profile":"zigbee2mqtt","power":0,"consumption":0.32,"linkquality":34,"state_left":"OFF","state_right":"OFF"}"#,
    time: 1_582_746_249_000_000, isUnique: true),
]

@Suite struct ShippedProfilesTests {
  @Test(arguments: samples) func publishedSampleBecomesItsRow(_ sample: Sample) throws {
    let profile = try #require(ProfileSet.builtIn(named: sample.profile))
    let reading = try profile.translate(Array(sample.payload.utf8), topic: sample.topic)
    #expect(reading.device == sample.device)
    let head = #"{"v":2,"device_id":"\#(sample.device)","boot":0,"seq":0,"#
    #expect(String(decoding: reading.canonical, as: UTF8.self) == head + sample.reading)
    #expect(reading.timestamp == sample.time)
    #expect(reading.isUnique == sample.isUnique)
  }

  @Test(arguments: samples) func topicAloneFindsTheProfile(_ sample: Sample) throws {
    guard case .profile(let found)? = ProfileSet(ProfileSet.builtIn).match(sample.topic) else {
      Issue.record("nobody takes \(sample.topic)")
      return
    }
    #expect(found.name == sample.profile)
  }

  @Test func tasmotaInFahrenheitAndInchesIsConvertedOnce() throws {
    let profile = try #require(ProfileSet.builtIn(named: "tasmota"))
    let text =
      #"{"Time":"2026-11-24T08:00:00","BME280":{"Temperature":71.1,"Humidity":40,"Pressure":29.92},"PressureUnit":"inHg","TempUnit":"F"}"#
    let reading = try profile.translate(Array(text.utf8), topic: "tele/attic/SENSOR")
    let canonical = String(decoding: reading.canonical, as: UTF8.self)
    // (71.1 − 32)/1.8 = 21.7222 °C; 29.92 inHg · 3386.389 Pa = 101320.76 Pa.
    #expect(canonical.contains(#""temperature":21.72,"humidity":40.00,"pressure":1013.21,"#))
  }

  @Test func furtherSensorsOfTheSameMessageStayWhole() throws {
    let profile = try #require(ProfileSet.builtIn(named: "tasmota"))
    let text =
      #"{"Time":"2026-11-24T08:00:00","DS18B20-1":{"Id":"A","Temperature":20.5},"DS18B20-2":{"Id":"B","Temperature":30.5},"TempUnit":"C"}"#
    let reading = try profile.translate(Array(text.utf8), topic: "tele/attic/SENSOR")
    let canonical = String(decoding: reading.canonical, as: UTF8.self)
    #expect(canonical.contains(#""temperature":20.50,"sensor_type":"DS18B20-1""#))
    #expect(canonical.hasSuffix(#""DS18B20-1":{"Id":"A"},"DS18B20-2":{"Id":"B","Temperature":30.5}}"#))
  }

  @Test func failedSensorIsAbsentAndNoZero() throws {
    let profile = try #require(ProfileSet.builtIn(named: "tasmota"))
    let text = #"{"Time":"2026-11-24T08:00:00","AM2301":{"Temperature":null,"Humidity":null},"TempUnit":"C"}"#
    let reading = try profile.translate(Array(text.utf8), topic: "tele/attic/SENSOR")
    let canonical = String(decoding: reading.canonical, as: UTF8.self)
    #expect(canonical.contains(#""sensor_type":"AM2301","quality":"absent""#))
    #expect(!canonical.contains("temperature"))
  }

  @Test(arguments: ["zigbee2mqtt/bridge/state", "zigbee2mqtt/kitchen/lamp/availability", "zigbee2mqtt/lamp/set/state"])
  func topicsWithoutReadingsAreIgnored(_ topic: String) {
    guard case .ignored? = ProfileSet(ProfileSet.builtIn).match(topic) else {
      Issue.record("\(topic) is not ignored")
      return
    }
  }

  @Test func gatewaysOwnPayloadsAreLeftToItsCodec() {
    #expect(ProfileSet(ProfileSet.builtIn).match("iots6/Attic06") == nil)
    #expect(!ProfileSet(ProfileSet.builtIn).filters.contains("iots6/+"))
  }
}
