import Foundation
import Telemetry

/// A reading as protocol/vectors/ writes it: in a payload's vector and in an outbox record's.
struct ReadingVector: Decodable {
  var boot: UInt32
  var seq: UInt32
  var event: String
  var temperature_centi_celsius: Int32?
  var humidity_centi_percent: Int32?
  var pressure_pascals: Int32?
  var motion: String
  var `switch`: String
  var sensor: String?
  var quality: String
  var wifi_rssi: Int8?
  var uptime_ms: UInt64
  var unix_seconds: UInt32?
  var suppressed: UInt16
  var fan_pwm: UInt8?
  var fans_active: UInt8?

  var reading: Reading {
    Reading(
      boot: boot, seq: seq, event: EventKind.allCases.first { $0.name.description == event }!,
      measurement: Measurement(
        temperatureCentiCelsius: temperature_centi_celsius, humidityCentiPercent: humidity_centi_percent,
        pressurePascals: pressure_pascals, quality: Quality.allCases.first { $0.name.description == quality }!,
        sensor: SensorKind.allCases.first { $0.name.description == sensor ?? "NONE" }!),
      motion: Level.allCases.first { $0.name.description == motion }!,
      switchLevel: Level.allCases.first { $0.name.description == self.switch }!, wifiRSSI: wifi_rssi,
      uptimeMilliseconds: uptime_ms, unixSeconds: unix_seconds, suppressed: suppressed, fanDutyPercent: fan_pwm,
      fansActive: fans_active)
  }

  /// What `protocol/vectors/NAME.json` holds.
  static func file<Vectors: Decodable>(_ name: String) -> Vectors {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try! JSONDecoder().decode(
      Vectors.self, from: Data(contentsOf: root.appending(path: "protocol/vectors/\(name).json")))
  }
}
