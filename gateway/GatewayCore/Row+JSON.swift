import Telemetry

extension Row {
  /// The row as one line of JSON: the columns of `sensor_data` by their names, in SI units, null where unknown.
  ///
  /// ```swift
  /// row.json(gateway: "attic")
  /// // {"timestamp":"2026-11-23T22:45:29.000000Z","device_id":"Attic06","event_type":"heartbeat","temperature":22.53,…}
  /// ```
  ///
  /// Numbers keep their two decimals, so that the text is exact. `extra` is the object that the payload carried beyond
  /// the columns, with the firmware's `version` as its first member, as in the database.
  public func json(gateway: String) -> String {
    var line = "{\"timestamp\":\"\(Self.utc(timestamp))\",\"device_id\":\(Self.quoted(device))"
    line += ",\"event_type\":\(Self.quoted(event))"
    line += ",\"temperature\":\(Self.hundredths(temperatureCentiCelsius))"
    line += ",\"humidity\":\(Self.hundredths(humidityCentiPercent))"
    line += ",\"pressure\":\(Self.hundredths(pressurePascals))"
    line += ",\"motion\":\(Self.plain(motion)),\"switch\":\(Self.plain(switchClosed)),\"boot\":\(boot),\"seq\":\(seq)"
    line += ",\"sensor_type\":\(Self.quoted(sensorType)),\"quality\":\(Self.quoted(quality))"
    line += ",\"wifi_rssi\":\(Self.plain(wifiRSSI)),\"uptime_ms\":\(Self.plain(uptimeMilliseconds))"
    line += ",\"received_at\":\"\(Self.utc(received))\",\"time_source\":\"\(timeSource.name)\""
    line += ",\"gateway\":\(Self.quoted(gateway)),\"extra\":\(extraWithVersion)}"
    return line
  }

  private var extraWithVersion: String {
    guard let version else { return extra ?? "null" }
    let rest = extra.map { String($0.dropFirst()) } ?? "}"
    return "{\"version\":\(Self.quoted(version))" + (rest == "}" ? "" : ",") + rest
  }

  /// ISO 8601 to the microsecond, UTC; 1970 … 2106.
  public static func utc(_ microseconds: Int64) -> String {
    var text = InlineBytes<20>()
    text.append(timestamp: UInt32(clamping: microseconds / 1_000_000))
    let fraction = String(1_000_000 + max(0, microseconds) % 1_000_000).dropFirst()
    let seconds = text.withSpan { span in
      span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
    return "\(seconds.dropLast()).\(fraction)Z"
  }

  /// The moment an ISO 8601 text names, microseconds since 1970 UTC; without an offset it is UTC.
  public static func moment(_ text: String) -> Int64? { Timestamp.parse(Array(text.utf8).span) }

  private static func hundredths(_ value: Int32?) -> String {
    guard let value else { return "null" }
    let digits = String(100 + Int64(value).magnitude % 100).dropFirst()
    return "\(value < 0 ? "-" : "")\(Int64(value).magnitude / 100).\(digits)"
  }

  private static func plain(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "null" }

  /// A text as JSON writes it; `null` without one.
  public static func quoted(_ text: String?) -> String {
    guard let text else { return "null" }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..<" ":
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
