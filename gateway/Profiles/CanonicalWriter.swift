import Telemetry

/// Writes a reading as a payload of version 2, which the journal keeps and `Payload.decode` reads: so an entry needs no
/// profile to become a row, and stays the same row when a profile changes.
struct CanonicalWriter {
  private let profile: String
  private var columns = ""
  private var extras = ""
  private var hasValue = false
  private var hasNull = false
  private var names: Set<String> = []

  init(profile: String) {
    self.profile = profile
    names.insert("profile")
  }

  mutating func number(_ quantity: Unit.Quantity, _ found: PayloadProfile.Found<Int64>) {
    let key =
      switch quantity {
      case .temperature: "temperature"
      case .humidity: "humidity"
      case .pressure: "pressure"
      case .rssi: "wifi_rssi"
      case .uptime: "uptime_ms"
      }
    hasNull = hasNull || found == .null
    guard case .value(let value) = found else { return }
    let isMeasured =
      switch quantity {
      case .temperature, .humidity, .pressure: true
      case .rssi, .uptime: false
      }
    hasValue = hasValue || isMeasured
    columns += ",\"\(key)\":" + (isMeasured ? Self.hundredths(value) : "\(value)")
  }

  mutating func level(_ column: PayloadProfile.LevelColumn, _ found: PayloadProfile.Found<Bool>) {
    hasNull = hasNull || found == .null
    guard case .value(let isHigh) = found else { return }
    hasValue = true
    columns += ",\"\(column.rawValue)\":\"\(isHigh ? "HIGH" : "LOW")\""
  }

  mutating func text(_ column: PayloadProfile.TextColumn, _ text: String?) {
    guard let text else { return }
    columns += ",\"\(column.rawValue)\":\(Self.quoted(text))"
  }

  /// A value under its name in `extra`, as it is written in the payload.
  mutating func extra(_ name: String, _ document: PayloadDocument, _ node: PayloadDocument.Node) {
    extras += ",\(Self.quoted(free(name))):\(Self.raw(document, node))"
    hasValue = true
  }

  /// A text that has no place in its column.
  mutating func extra(_ name: String, word: String) {
    extras += ",\(Self.quoted(free(name))):\(Self.quoted(word))"
  }

  /// Everything of the payload that has no place elsewhere, nested as it came.
  mutating func rest(_ document: PayloadDocument, _ used: Set<JSONPointer>) {
    guard case .object(let members) = document.root.value else { return }
    for member in members {
      let place = JSONPointer(tokens: [.key(member.key)])
      guard let text = Self.remainder(member.node, place, document, used) else { continue }
      extras += ",\(Self.quoted(free(member.key))):\(text)"
    }
  }

  /// The whole payload.
  func payload(device: String, event: String) -> [UInt8] {
    let quality = hasValue || !hasNull ? "ok" : "absent"
    var text = "{\"v\":2,\"device_id\":\(Self.quoted(device)),\"boot\":0,\"seq\":0,\"event_type\":\(Self.quoted(event))"
    text += "\(columns),\"quality\":\"\(quality)\",\"profile\":\(Self.quoted(profile))\(extras)}"
    return Array(text.utf8)
  }

  /// A name nothing else in the payload has: one that is a column's, or taken, gets the profile's before it.
  private mutating func free(_ name: String) -> String {
    var name = name
    if Self.columnNames.contains(name) { name = "\(profile)_\(name)" }
    while !names.insert(name).inserted { name += "_" }
    return name
  }

  /// The members `Payload.decode` reads itself.
  private static let columnNames: Set<String> = [
    "v", "device_id", "boot", "seq", "event_type", "temperature", "humidity", "pressure", "motion", "switch",
    "sensor_type", "quality", "wifi_rssi", "uptime_ms", "uptime_seconds", "timestamp", "version", "dropped",
  ]

  private static func remainder(
    _ node: PayloadDocument.Node, _ place: JSONPointer, _ document: PayloadDocument, _ used: Set<JSONPointer>
  ) -> String? {
    if used.contains(place) { return nil }
    guard case .object(let members) = node.value, used.contains(where: { $0.tokens.starts(with: place.tokens) }) else {
      return raw(document, node)
    }
    let rest = members.compactMap { member in
      remainder(member.node, JSONPointer(tokens: place.tokens + [.key(member.key)]), document, used)
        .map { "\(quoted(member.key)):\($0)" }
    }
    return rest.isEmpty ? nil : "{\(rest.joined(separator: ","))}"
  }

  private static func raw(_ document: PayloadDocument, _ node: PayloadDocument.Node) -> String {
    // A bare word of a payload that is no JSON has no quotes of its own.
    if case .string(let text) = node.value { return quoted(text) }
    return String(decoding: document.bytes[node.slice.start..<node.slice.end], as: UTF8.self)
  }

  private static func hundredths(_ value: Int64) -> String {
    let digits = String(100 + value.magnitude % 100).dropFirst()
    return "\(value < 0 ? "-" : "")\(value.magnitude / 100).\(digits)"
  }

  private static func quoted(_ text: String) -> String {
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
