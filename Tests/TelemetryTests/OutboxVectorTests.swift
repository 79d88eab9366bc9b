import Foundation
import Telemetry
import Testing

/// protocol/vectors/outbox.json, written by hand; the MicroPython core reads the same file.
private struct OutboxVectors: Decodable {
  struct Record: Decodable {
    var name: String
    var was_sent: Bool
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
    var record: String

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
  }
  struct NoRecord: Decodable {
    var name: String
    var bytes: String
  }
  var records: [Record]
  var no_records: [NoRecord]
}

@Suite struct OutboxVectorTests {
  private let vectors: OutboxVectors = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try! JSONDecoder().decode(
      OutboxVectors.self, from: Data(contentsOf: root.appending(path: "protocol/vectors/outbox.json")))
  }()

  private func bytes(_ hexadecimal: String) -> [UInt8] {
    hexadecimal.split(separator: " ").map { UInt8($0, radix: 16)! }
  }

  @Test func everyRecordIsWrittenAndRead() {
    for vector in vectors.records {
      let written = OutboxRecord.encode(vector.reading, wasSent: vector.was_sent)
      #expect((0..<OutboxRecord.byteCount).map { written[$0] } == bytes(vector.record), "\(vector.name)")
      let decoded = OutboxRecord.decode(bytes(vector.record).span)
      #expect(decoded?.reading == vector.reading, "\(vector.name)")
      #expect(decoded?.wasSent == vector.was_sent, "\(vector.name)")
    }
  }

  @Test func whatIsNoRecordIsNone() {
    for vector in vectors.no_records {
      let decoded = OutboxRecord.decode(bytes(vector.bytes).span)
      #expect(decoded?.reading == nil, "\(vector.name)")
    }
  }
}
