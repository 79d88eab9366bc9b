import Foundation
import GatewayCore
import Testing

@Suite struct RowJSONTests {
  private var row: Row {
    Row(
      device: "Attic06", boot: 17, seq: 1234, timestamp: 1_795_473_929_000_042, timeSource: .device,
      received: 1_795_473_929_250_000)
  }

  @Test func rowIsALineOfJSONWithTheColumnsOfTheTable() {
    var row = row
    row.event = "heartbeat"
    row.temperatureCentiCelsius = -5
    row.humidityCentiPercent = 4512
    row.pressurePascals = 101_325
    row.motion = false
    row.wifiRSSI = -61
    row.version = "1.0.0"
    row.extra = #"{"fan_pwm":55}"#
    #expect(
      row.json(gateway: "attic")
        == #"{"timestamp":"2026-11-23T22:45:29.000042Z","device_id":"Attic06","event_type":"heartbeat""#
        + #","temperature":-0.05,"humidity":45.12,"pressure":1013.25,"motion":false,"switch":null"#
        + #","boot":17,"seq":1234,"sensor_type":null,"quality":null,"wifi_rssi":-61,"uptime_ms":null"#
        + #","received_at":"2026-11-23T22:45:29.250000Z","time_source":"device","gateway":"attic""#
        + #","extra":{"version":"1.0.0","fan_pwm":55}}"#)
  }

  @Test func hostileTextStaysOneLineOfValidJSON() throws {
    var row = row
    row.device = "a\"b\\c\nd\u{0}é"
    row.version = "\u{1F}"
    row.extra = "{}"
    let line = row.json(gateway: "g")
    #expect(!line.contains("\n"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["device_id"] as? String == row.device)
    #expect((object["extra"] as? [String: String]) == ["version": "\u{1F}"])
  }
}
