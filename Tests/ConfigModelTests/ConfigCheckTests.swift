import ConfigModel
import Foundation
import Testing

@Suite struct ConfigCheckTests {
  @Test func theShippedExampleIsWithoutFinding() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../gateway/ConfigServer/example/pico_iot_config.json")
    let report = ConfigCheck.check(try JSONValue(parsing: Array(Data(contentsOf: file))))
    #expect(report.findings.map(\.description) == [])
  }

  @Test(arguments: [
    (
      #"{"device_global_config":{"heartbeat_publish_period":"5000"}}"#,
      "fault: device_global_config.heartbeat_publish_period: the string \"5000\" is not right; it must be a whole number from 1000 to 86400000"
    ),
    (
      #"{"device_global_config":{"heartbeat_publish_period":999}}"#,
      "fault: device_global_config.heartbeat_publish_period: 999 is not right; it must be a whole number from 1000 to 86400000 (ms)"
    ),
    (
      #"{"device_list":[{"device_id":"A","payload_version":null}]}"#,
      "fault: device_list[0].payload_version: null is not right; it must be a whole number from 1 to 2"
    ),
    (
      #"{"device_list":[{"device_id":"A"},{"device_id":"A"}]}"#,
      "fault: device_list[1].device_id: A is there a second time; the first is device_list[0]"
    ),
    (#"{"device_list":[{"name":"A"}]}"#, "fault: device_list[0]: the device_id is missing"),
    (
      #"{"device_list":[{"device_id":7}]}"#,
      "fault: device_list[0].device_id: it is a number; it must be the device's name in quotes"
    ),
    (
      #"{"device_list":[{"device_id":"a/b"}]}"#,
      "fault: device_list[0].device_id: it holds a character outside A-Z a-z 0-9 _ -"
    ),
    (#"{"device_list":{"Attic06":{}}}"#, "fault: device_list: it is an object; it must be a list of devices"),
    (#"{"device_list":["Attic06"]}"#, "fault: device_list[0]: it is a string; a device is an object with a device_id"),
    (#"[]"#, "fault: .: the document is an array; it must be an object"),
    (
      #"{"system_global_config":{"mqtt_config":{"port":0}}}"#,
      "fault: system_global_config.mqtt_config.port: 0 is not right; it must be a whole number from 1 to 65535"
    ),
    (
      #"{"system_global_config":{"mqtt_config":1}}"#,
      "fault: system_global_config.mqtt_config: it is a number; it must be an object"
    ),
    (
      #"{"system_global_config":{"mqtt_config":{"user":"a\r\nX: y"}}}"#,
      "fault: system_global_config.mqtt_config.user: it holds a control character; it must be text of at most 64 bytes"
    ),
    (
      #"{"system_global_config":{"api_config":{"url":"javascript:1"}}}"#,
      "fault: system_global_config.api_config.url: \"javascript:1\" is not right; it must be empty, or an address that begins with http:// or https://, at most 256 bytes"
    ),
    (
      #"{"device_global_config":{"fan_pwm_controller_config":{"temp_max":125.005}}}"#,
      "fault: device_global_config.fan_pwm_controller_config.temp_max: 125.005 is not right; it must be a number from −40 to 125, two decimals (°C)"
    ),
    (
      #"{"device_global_config":{"fan_step_controller_config":{"pins":[1,1]}}}"#,
      "fault: device_global_config.fan_step_controller_config.pins: the list is not right; it must be a list of at most 8 different whole numbers from 0 to 28 (GPIO)"
    ),
    (
      #"{"device_global_config":{"display_units":"K"}}"#,
      "fault: device_global_config.display_units: \"K\" is not right; it must be one of \"C\", \"F\""
    ),
  ])
  func aFaultNamesItsPlaceAndWhatWouldBeRight(text: String, finding: String) throws {
    let report = ConfigCheck.check(try JSONValue(parsing: Array(text.utf8)))
    #expect(report.findings.map(\.description) == [finding])
    #expect(!report.isGood)
  }

  @Test(arguments: [
    (
      #"{"device_global_config":{"heartbeat_publish_periode":1}}"#,
      "warning: device_global_config.heartbeat_publish_periode: nobody knows this key; it is kept and handed on. Is heartbeat_publish_period meant?"
    ),
    (
      #"{"device_global_config":{"colour":"red"}}"#,
      "warning: device_global_config.colour: nobody knows this key; it is kept and handed on"
    ),
    (#"{"device_lists":[]}"#, "warning: device_lists: nobody knows this section; it is kept. Is device_list meant?"),
    (
      #"{"device_global_config":{"name":"x"}}"#,
      "warning: device_global_config.name: this belongs into the entry of one device; here it would hold for all"
    ),
    (
      #"{"device_global_config":{"fan_pwm_controller_config":{"temp_min":40,"temp_max":30.5}}}"#,
      "warning: device_global_config: fan_pwm_controller_config.temp_min is above temp_max: the fan would only be off or on"
    ),
    (
      #"{"device_list":[{"device_id":"A","motion_sensor_pin":{"pin":4},"i2c_temp_sensor_pins":{"i2c_sda":4}}]}"#,
      "warning: device_list[0]: GPIO 4 is named twice: i2c_temp_sensor_pins.i2c_sda and motion_sensor_pin.pin"
    ),
  ])
  func whatIsProbablyNotMeantIsWarnedAboutAndTaken(text: String, finding: String) throws {
    let report = ConfigCheck.check(try JSONValue(parsing: Array(text.utf8)))
    #expect(report.findings.map(\.description) == [finding])
    #expect(report.isGood)
  }

  @Test func everyFaultIsFoundNotOnlyTheFirst() throws {
    let report = ConfigCheck.check(
      try JSONValue(
        parsing: Array(
          #"{"device_list":[{"device_id":"A","enabled":2},{"enabled":"x"}],"system_global_config":{"mqtt_config":{"port":-1,"ssl":7}}}"#
            .utf8)))
    #expect(
      report.faults.map(\.path.description) == [
        "device_list[0].enabled", "device_list[1]", "device_list[1].enabled", "system_global_config.mqtt_config.port",
        "system_global_config.mqtt_config.ssl",
      ])
  }

  @Test func whatIsWrongForAllIsSaidOnceAndNotForEachDevice() throws {
    let report = ConfigCheck.check(
      try JSONValue(
        parsing: Array(
          #"{"device_list":[{"device_id":"A"},{"device_id":"B","motion_sensor_pin":{"pin":14}}],"device_global_config":{"switch_sensor_pin":{"pin":14},"onewire_ds18b20_pin":{"pin":14}}}"#
            .utf8)))
    #expect(
      report.warnings.map(\.description) == [
        "warning: device_global_config: GPIO 14 is named twice: onewire_ds18b20_pin.pin and switch_sensor_pin.pin",
        "warning: device_list[1]: GPIO 14 is named twice: onewire_ds18b20_pin.pin and motion_sensor_pin.pin",
      ])
  }

  @Test func aDisplayOnTheSensorsBusIsNoConflict() throws {
    let pins = #"{"i2c_sda":4,"i2c_scl":5}"#
    let report = ConfigCheck.check(
      try JSONValue(
        parsing: Array(#"{"device_global_config":{"i2c_temp_sensor_pins":\#(pins),"i2c_display_pins":\#(pins)}}"#.utf8))
    )
    #expect(report.findings.isEmpty)
  }

  @Test func aDocumentTooLongForTheFirmwareIsAFaultOfTheDevicesThatGetIt() throws {
    let long = String(repeating: "x", count: 8300)
    let report = ConfigCheck.check(
      try JSONValue(parsing: Array(#"{"device_list":[{"device_id":"A"},{"device_id":"B","note":"\#(long)"}]}"#.utf8)))
    #expect(
      report.faults.map(\.description) == [
        "fault: device_list[1]: merged for this device the document has 8327 bytes; the firmware takes 8192"
      ])
  }

  @Test func aHostileDocumentsFindingsAreBoundedAndCounted() throws {
    let entries = Array(repeating: "1", count: 5000).joined(separator: ",")
    let report = ConfigCheck.check(try JSONValue(parsing: Array(#"{"device_list":[\#(entries)]}"#.utf8)))
    #expect(report.findings.count == ConfigReport.findingLimit)
    #expect(report.faultCount == 5000)
  }

  @Test func anotherSectionAndAnUnknownKeyReachTheDevice() throws {
    let document = try JSONValue(
      parsing: Array(#"{"device_global_config":{"new_thing":[1]},"device_list":[{"device_id":"A","own":1.10}]}"#.utf8))
    #expect(
      try FleetDocument(document).merged(for: "A").canonical == #"{"device_id":"A","new_thing":[1],"own":1.10}"#)
  }
}
