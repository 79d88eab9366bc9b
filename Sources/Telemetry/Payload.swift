/// A payload as the gateway reads it, version 1 or 2, in SI units.
///
/// What a version-1 device leaves out is `nil`, empty or `.unknown`; a version-2 payload always has id, boot, seq and
/// event, or it is refused.
public struct Payload: Sendable {
  /// 1 or 2.
  public var version: UInt8
  /// Empty when a version-1 payload does not say; the topic tells then.
  public var deviceID = DeviceID()
  /// The count of starts.
  public var boot: UInt32?
  /// The count within the boot, from 1.
  public var seq: UInt32?
  /// `heartbeat`, `motion`, `switch`, or what an older device says.
  public var event = InlineBytes<24>()
  /// 0.01 °C.
  public var temperatureCentiCelsius: Int32?
  /// 0.01 %RH.
  public var humidityCentiPercent: Int32?
  /// Pa.
  public var pressurePascals: Int32?
  /// The motion sensor's level.
  public var motion = Level.unknown
  /// The switch's level.
  public var switchLevel = Level.unknown
  /// The chip's name; empty when unknown.
  public var sensorType = InlineBytes<16>()
  /// `ok` or the reason for a null; empty when the device does not say.
  public var quality = InlineBytes<16>()
  /// dBm.
  public var wifiRSSI: Int16?
  /// Milliseconds since the boot.
  public var uptimeMilliseconds: UInt64?
  /// Microseconds since 1970 UTC.
  public var timestampMicroseconds: Int64?
  /// The device's firmware.
  public var firmware = InlineBytes<24>()
  /// Readings the device no longer holds.
  public var dropped = DroppedRanges()

  /// A payload without values.
  public init(version: UInt8) {
    self.version = version
  }
}

/// A member of a payload.
public enum PayloadField: UInt8, Equatable, Sendable, CaseIterable {
  case version, deviceID, boot, seq, event, temperature, humidity, pressure, motion, switchLevel, sensorType, quality,
    wifiRSSI, uptimeMilliseconds, uptimeSeconds, timestamp, firmware, dropped

  /// The name on the wire.
  public var name: StaticString {
    switch self {
    case .version: "v"
    case .deviceID: "device_id"
    case .boot: "boot"
    case .seq: "seq"
    case .event: "event_type"
    case .temperature: "temperature"
    case .humidity: "humidity"
    case .pressure: "pressure"
    case .motion: "motion"
    case .switchLevel: "switch"
    case .sensorType: "sensor_type"
    case .quality: "quality"
    case .wifiRSSI: "wifi_rssi"
    case .uptimeMilliseconds: "uptime_ms"
    case .uptimeSeconds: "uptime_seconds"
    case .timestamp: "timestamp"
    case .firmware: "version"
    case .dropped: "dropped"
    }
  }

  /// The field of that name, or `nil`.
  static func named(_ key: JSONSlice, in text: borrowing Span<UInt8>) -> PayloadField? {
    // The length separates the names into groups of at most four: one comparison each, not eighteen.
    switch key.end &- key.start {
    case 1: match(key, text, .version)
    case 3: match(key, text, .seq)
    case 4: match(key, text, .boot)
    case 6: match(key, text, .motion, .switchLevel)
    case 7: match(key, text, .quality, .firmware, .dropped)
    case 8: match(key, text, .humidity, .pressure)
    case 9: match(key, text, .deviceID, .timestamp, .wifiRSSI, .uptimeMilliseconds)
    case 10: match(key, text, .event)
    case 11: match(key, text, .temperature, .sensorType)
    case 14: match(key, text, .uptimeSeconds)
    default: nil
    }
  }

  private static func match(
    _ key: JSONSlice, _ text: borrowing Span<UInt8>, _ first: PayloadField, _ second: PayloadField? = nil,
    _ third: PayloadField? = nil, _ fourth: PayloadField? = nil
  ) -> PayloadField? {
    if key.matches(first.name, in: text) { return first }
    if let second, key.matches(second.name, in: text) { return second }
    if let third, key.matches(third.name, in: text) { return third }
    if let fourth, key.matches(fourth.name, in: text) { return fourth }
    return nil
  }
}

/// Why a payload cannot be taken, and where in it.
public struct PayloadError: Error, Equatable, Sendable {
  /// What kind of fault.
  public enum Code: Equatable, Sendable {
    case notJSON(JSONError.Code)
    case notAnObject
    case unsupportedVersion
    case missing(PayloadField)
    case wrongType(PayloadField)
    case outOfRange(PayloadField)
    case tooLong(PayloadField)
    case duplicate(PayloadField)
  }

  /// What kind of fault.
  public var code: Code
  /// Byte position in the payload.
  public var offset: Int

  /// A fault at a place.
  public init(code: Code, offset: Int) {
    self.code = code
    self.offset = offset
  }
}
