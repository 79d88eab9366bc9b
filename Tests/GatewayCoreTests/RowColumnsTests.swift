import GatewayCore
import Testing

@Suite struct RowColumnsTests {
  private let columns = [
    "timestamp": "2026-11-23T22:45:29.000000Z", "device_id": "Attic06", "event_type": "heartbeat",
    "temperature": "-0.05", "humidity": "45.12", "pressure": "1013.25", "motion": "false", "switch": "true",
    "boot": "17", "seq": "1234", "sensor_type": "BME280", "quality": "ok", "wifi_rssi": "-61", "uptime_ms": "3600123",
    "received_at": "2026-11-23T22:45:30.5Z", "time_source": "derived", "gateway": "attic",
    "extra": #"{"version":"1.0.0"}"#,
  ]

  @Test func exportedRowComesBackExactly() throws {
    let row = try Row(columns: columns)
    #expect(
      row.json(gateway: "attic")
        == #"{"timestamp":"2026-11-23T22:45:29.000000Z","device_id":"Attic06","event_type":"heartbeat","temperature":-0.05,"humidity":45.12,"pressure":1013.25,"motion":false,"switch":true,"boot":17,"seq":1234,"sensor_type":"BME280","quality":"ok","wifi_rssi":-61,"uptime_ms":3600123,"received_at":"2026-11-23T22:45:30.500000Z","time_source":"derived","gateway":"attic","extra":{"version":"1.0.0"}}"#
    )
  }

  @Test(arguments: [
    ("temperature", "warm", "temperature: 'warm' is no number with two decimals"),
    ("temperature", "1e400", "temperature: '1e400' is no number with two decimals"),
    ("motion", "maybe", "motion: 'maybe' is neither true nor false"), ("seq", "x", "seq: 'x' is no whole number"),
    ("boot", "", "boot and seq are the reading's identity; one is missing"),
    ("timestamp", "yesterday", "timestamp: 'yesterday' is no ISO 8601 time"),
    ("device_id", "", "device_id is missing"), ("wifi_rssi", "99999", "wifi_rssi: '99999' is no whole number"),
  ])
  func columnThatCannotBeIsNamed(_ name: String, _ value: String, _ expected: String) {
    var other = columns
    other[name] = value
    do throws(Row.ColumnFault) {
      _ = try Row(columns: other)
      Issue.record("taken")
    } catch { #expect(error.description == expected) }
  }
}
