import Telemetry

extension Row {
  /// The columns of `sensor_data`, in its order.
  public static let columnNames = [
    "timestamp", "device_id", "event_type", "temperature", "humidity", "pressure", "motion", "switch", "boot", "seq",
    "sensor_type", "quality", "wifi_rssi", "uptime_ms", "received_at", "time_source", "gateway", "extra",
  ]

  /// What a column holds that cannot be read.
  public struct ColumnFault: Error, Sendable, CustomStringConvertible {
    /// The column, what stands there, and what is taken.
    public var description: String
  }

  /// A row from its columns as text, SI units, as `martlet export` writes them.
  ///
  /// - Parameter columns: by name; null is absent or `nil`. `gateway` is passed over.
  /// - Throws: `ColumnFault` for the first column that cannot be one.
  public init(columns: [String: String]) throws(ColumnFault) {
    func required(_ name: String) throws(ColumnFault) -> String {
      guard let text = columns[name], !text.isEmpty else { throw ColumnFault(description: "\(name) is missing") }
      return text
    }
    func integer<I: FixedWidthInteger>(_ name: String) throws(ColumnFault) -> I? {
      guard let text = columns[name], !text.isEmpty else { return nil }
      guard let value = I(text) else {
        throw ColumnFault(description: "\(name): '\(text.prefix(40))' is no whole number")
      }
      return value
    }
    func hundredths(_ name: String) throws(ColumnFault) -> Int32? {
      guard let text = columns[name], !text.isEmpty else { return nil }
      let bytes = Array(text.utf8)
      var cursor = JSONCursor()
      guard let token = try? cursor.next(in: bytes.span), case .number(let slice) = token, slice.end == bytes.count,
        let value = slice.fixedPoint(decimals: 2, in: bytes.span), let value = Int32(exactly: value)
      else { throw ColumnFault(description: "\(name): '\(text.prefix(40))' is no number with two decimals") }
      return value
    }
    func flag(_ name: String) throws(ColumnFault) -> Bool? {
      switch columns[name] {
      case nil, "": return nil
      case "true", "t": return true
      case "false", "f": return false
      case let text?: throw ColumnFault(description: "\(name): '\(text.prefix(40))' is neither true nor false")
      }
    }
    func moment(_ name: String) throws(ColumnFault) -> Int64 {
      let text = try required(name)
      guard let moment = Self.moment(text) else {
        throw ColumnFault(description: "\(name): '\(text.prefix(40))' is no ISO 8601 time")
      }
      return moment
    }
    let device = try required("device_id")
    guard device.utf8.count <= 32 else { throw ColumnFault(description: "device_id is longer than 32 bytes") }
    guard let boot: Int64 = try integer("boot"), let seq: Int64 = try integer("seq") else {
      throw ColumnFault(description: "boot and seq are the reading's identity; one is missing")
    }
    let source = TimeSource.allCases.first { $0.name == columns["time_source"] }
    let timestamp = try moment("timestamp")
    self.init(
      device: device, boot: boot, seq: seq, timestamp: timestamp, timeSource: source ?? .device,
      received: columns["received_at"].map { $0.isEmpty } ?? true ? timestamp : try moment("received_at"))
    event = columns["event_type"].flatMap { $0.isEmpty ? nil : $0 }
    temperatureCentiCelsius = try hundredths("temperature")
    humidityCentiPercent = try hundredths("humidity")
    pressurePascals = try hundredths("pressure")
    motion = try flag("motion")
    switchClosed = try flag("switch")
    sensorType = columns["sensor_type"].flatMap { $0.isEmpty ? nil : $0 }
    quality = columns["quality"].flatMap { $0.isEmpty ? nil : $0 }
    wifiRSSI = try integer("wifi_rssi")
    uptimeMilliseconds = try integer("uptime_ms")
    extra = columns["extra"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
