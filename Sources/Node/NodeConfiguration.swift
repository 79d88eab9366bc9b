import Telemetry

/// What a device is told about its work. Every value is in its range at any time.
///
/// The names are those of the configuration document (protocol/configuration.md).
public struct NodeConfiguration: Equatable, Sendable {
  /// `enabled`: a device that is not publishes nothing.
  public var isEnabled = true
  /// `heartbeat_publish_period`, ms: 1,000 … 86,400,000.
  public var heartbeatPeriodMilliseconds: UInt32 = 60_000
  /// `temperature_check_period`, ms: 500 … 3,600,000.
  public var measurementPeriodMilliseconds: UInt32 = 5_000
  /// `motion_cooldown_wait_period`, ms: 0 … 3,600,000.
  public var motionCooldownMilliseconds: UInt32 = 60_000
  /// `check_config_file_period`, ms: 1,000 … 86,400,000.
  public var configurationPeriodMilliseconds: UInt32 = 60_000

  /// The built-in configuration.
  public init() {}

  /// Takes what `document` says. A value out of its range is refused: the old one stays, and its key is in the result.
  ///
  /// - Parameter document: a JSON object, the merged configuration of one device. Unknown keys are passed over.
  /// - Returns: the keys that were refused.
  /// - Throws: where the document is not JSON; nothing is taken then.
  public mutating func apply(_ document: borrowing Span<UInt8>) throws(JSONError) -> RefusedKeys {
    var cursor = JSONCursor()
    var next = self
    var refused = RefusedKeys()
    guard try cursor.next(in: document) == .objectStart else { throw JSONError(code: .syntax, offset: 0) }
    while true {
      switch try cursor.next(in: document) {
      case .key(let name):
        guard let key = ConfigurationKey.named(name, in: document) else {
          _ = try cursor.skipValue(in: document)
          continue
        }
        let value = try cursor.skipValue(in: document)
        if !next.set(key, value.configurationNumber(in: document)) { refused.insert(key) }
      case .end:
        self = next
        return refused
      case .objectEnd, .objectStart, .arrayStart, .arrayEnd, .string, .number, .bool, .null:
        continue
      }
    }
  }

  private mutating func set(_ key: ConfigurationKey, _ value: Int64?) -> Bool {
    guard let value, key.range.contains(value) else { return false }
    let milliseconds = UInt32(value)
    switch key {
    case .enabled: isEnabled = value == 1
    case .heartbeatPeriod: heartbeatPeriodMilliseconds = milliseconds
    case .measurementPeriod: measurementPeriodMilliseconds = milliseconds
    case .motionCooldown: motionCooldownMilliseconds = milliseconds
    case .configurationPeriod: configurationPeriodMilliseconds = milliseconds
    }
    return true
  }
}

/// A key of the configuration document that a device follows.
public enum ConfigurationKey: UInt8, Equatable, Sendable, CaseIterable {
  case enabled, heartbeatPeriod, measurementPeriod, motionCooldown, configurationPeriod

  /// The name in the document.
  public var name: StaticString {
    switch self {
    case .enabled: "enabled"
    case .heartbeatPeriod: "heartbeat_publish_period"
    case .measurementPeriod: "temperature_check_period"
    case .motionCooldown: "motion_cooldown_wait_period"
    case .configurationPeriod: "check_config_file_period"
    }
  }

  /// The values that are taken.
  public var range: ClosedRange<Int64> {
    switch self {
    case .enabled: 0...1
    case .heartbeatPeriod, .configurationPeriod: 1000...86_400_000
    case .measurementPeriod: 500...3_600_000
    case .motionCooldown: 0...3_600_000
    }
  }

  static func named(_ name: JSONSlice, in document: borrowing Span<UInt8>) -> ConfigurationKey? {
    for raw in UInt8(0)...ConfigurationKey.configurationPeriod.rawValue {
      if let key = ConfigurationKey(rawValue: raw), name.matches(key.name, in: document) { return key }
    }
    return nil
  }
}

/// Some keys.
public struct RefusedKeys: Equatable, Sendable {
  private var bits: UInt32 = 0

  /// No key.
  public init() {}

  /// Whether there is none.
  public var isEmpty: Bool { bits == 0 }

  /// Whether `key` is among them.
  public func contains(_ key: ConfigurationKey) -> Bool { bits >> UInt32(key.rawValue) & 1 == 1 }

  mutating func insert(_ key: ConfigurationKey) { bits |= 1 << UInt32(key.rawValue) }
}

extension JSONSlice {
  /// A whole number, or `true` and `false` as 1 and 0; `nil` for everything else.
  fileprivate func configurationNumber(in document: borrowing Span<UInt8>) -> Int64? {
    if matches("true", in: document) { return 1 }
    if matches("false", in: document) { return 0 }
    return integer(in: document)
  }
}
