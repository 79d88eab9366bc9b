import Display
import Fans
import Telemetry

/// What a device is told about its work. Every value is in its range at any time.
///
/// Names, ranges and built-in values are those of `ConfigurationKey` and of protocol/configuration.md.
public struct NodeConfiguration: Equatable, Sendable {
  private var values: InlineArray<30, Int32>

  /// The built-in configuration.
  public init() {
    values = InlineArray(repeating: 0)
    for raw in UInt8(0)..<UInt8(ConfigurationKey.count) {
      if let key = ConfigurationKey(rawValue: raw) { values[Int(raw)] = key.standard }
    }
  }

  /// The value of a key, in its unit (`ConfigurationKey.range`). Setting one out of range is a programmer's error.
  public subscript(key: ConfigurationKey) -> Int32 {
    get { values[Int(key.rawValue)] }
    set {
      precondition(key.range.contains(newValue))
      values[Int(key.rawValue)] = newValue
    }
  }

  /// Whether both say the same.
  public static func == (left: NodeConfiguration, right: NodeConfiguration) -> Bool {
    for index in 0..<ConfigurationKey.count where left.values[index] != right.values[index] { return false }
    return true
  }
}

// MARK: - The document

extension NodeConfiguration {
  /// Takes what `document` says. A value out of its range is refused: the old one stays, and its key is in the result.
  ///
  /// - Parameter document: a JSON object, the merged configuration of one device. Unknown keys are passed over; of a key
  ///   that comes twice the last counts.
  /// - Returns: the keys that were refused.
  /// - Throws: where the document is not JSON; nothing is taken then.
  public mutating func apply(_ document: borrowing Span<UInt8>) throws(JSONError) -> RefusedKeys {
    var cursor = JSONCursor()
    var next = self
    var refused = RefusedKeys()
    var group = ConfigurationGroup.root
    guard try cursor.next(in: document) == .objectStart else { throw JSONError(code: .syntax, offset: 0) }
    while true {
      switch try cursor.next(in: document) {
      case .key(let name):
        if let inner = ConfigurationGroup.named(name, in: group, of: document) {
          var look = cursor
          if try look.next(in: document) == .objectStart {
            cursor = look
            group = inner
            continue
          }
        }
        let key = ConfigurationKey.named(name, in: group, of: document)
        let value = try cursor.skipValue(in: document)
        guard let key else { continue }
        if let number = try key.number(value, in: document), key.range.contains(number) {
          next[key] = number
          refused.remove(key)
        } else {
          refused.insert(key)
        }
      case .objectEnd: group = group.parent
      case .end:
        self = next
        return refused
      case .objectStart, .arrayStart, .arrayEnd, .string, .number, .bool, .null:
        continue
      }
    }
  }
}

extension ConfigurationKey {
  /// What a value in a document means in the unit that is stored; `nil` when it means nothing.
  fileprivate func number(_ value: JSONSlice, in document: borrowing Span<UInt8>) throws(JSONError) -> Int32? {
    // A row of fans is as long as its list of pins.
    if self == .stepFans { return try Self.elements(value, in: document) }
    let words = words
    for index in 0..<5 where value.matches(words[index], in: document) { return Int32(truncatingIfNeeded: index) }
    if words[0].utf8CodeUnitCount > 0 { return nil }
    if range == 0...1 {
      if value.matches("true", in: document) { return 1 }
      if value.matches("false", in: document) { return 0 }
    }
    guard let number = decimals == 0 ? value.integer(in: document) : value.fixedPoint(decimals: 2, in: document) else {
      return nil
    }
    return Int32(exactly: number)
  }

  private static func elements(_ value: JSONSlice, in document: borrowing Span<UInt8>) throws(JSONError) -> Int32? {
    var cursor = JSONCursor(at: value.start)
    guard try cursor.next(in: document) == .arrayStart else { return nil }
    var count: Int32 = 0
    while cursor.position < value.end {
      switch try cursor.next(in: document) {
      case .number: count &+= 1
      case .arrayEnd: return count
      case .objectStart, .objectEnd, .arrayStart, .key, .string, .bool, .null, .end: return nil
      }
    }
    return nil
  }
}

// MARK: - The values by their meaning

extension NodeConfiguration {
  /// `enabled`: a device that is not publishes nothing.
  public var isEnabled: Bool {
    get { self[.enabled] == 1 }
    set { self[.enabled] = newValue ? 1 : 0 }
  }
  /// `heartbeat_publish_period`, ms.
  public var heartbeatPeriodMilliseconds: UInt32 {
    get { UInt32(self[.heartbeatPeriod]) }
    set { self[.heartbeatPeriod] = Int32(newValue) }
  }
  /// `temperature_check_period`, ms.
  public var measurementPeriodMilliseconds: UInt32 {
    get { UInt32(self[.measurementPeriod]) }
    set { self[.measurementPeriod] = Int32(newValue) }
  }
  /// `motion_cooldown_wait_period`, ms.
  public var motionCooldownMilliseconds: UInt32 {
    get { UInt32(self[.motionCooldown]) }
    set { self[.motionCooldown] = Int32(newValue) }
  }
  /// `check_config_file_period`, ms.
  public var configurationPeriodMilliseconds: UInt32 {
    get { UInt32(self[.configurationPeriod]) }
    set { self[.configurationPeriod] = Int32(newValue) }
  }
  /// `payload_version`: 2, or 1 for an old back end.
  public var payloadVersion: UInt8 { UInt8(self[.payloadVersion]) }
  /// `display_units`.
  public var displayUnit: TemperatureUnit { self[.displayUnits] == 1 ? .fahrenheit : .celsius }
  /// `remote_log_level`; `off` where `remote_logger.mqtt.enabled` is 0.
  public var logLevel: LogLevel {
    self[.logEnabled] == 1 ? LogLevel(rawValue: UInt8(self[.logLevel])) ?? .off : .off
  }

  /// `fan_pwm_controller_config`.
  public var pwmFan: PWMFanConfiguration {
    var fan = PWMFanConfiguration()
    fan.isEnabled = self[.pwmEnabled] == 1
    fan.isManual = self[.pwmManual] == 1
    fan.manualDutyPercent = UInt8(self[.pwmManualDuty])
    fan.temperatureMinimumCentiCelsius = self[.pwmMinimum]
    fan.temperatureMaximumCentiCelsius = self[.pwmMaximum]
    fan.dutyMinimumPercent = UInt8(self[.pwmLeastDuty])
    fan.dutyMaximumPercent = UInt8(self[.pwmMostDuty])
    fan.hysteresisCentiCelsius = self[.pwmHysteresis]
    return fan
  }

  /// `fan_step_controller_config`.
  public var stepFans: StepFansConfiguration {
    var fans = StepFansConfiguration()
    fans.isEnabled = self[.stepEnabled] == 1
    fans.isManual = self[.stepManual] == 1
    fans.manualCount = UInt8(self[.stepManualCount])
    fans.fanCount = UInt8(self[.stepFans])
    fans.temperatureMinimumCentiCelsius = self[.stepMinimum]
    fans.temperatureMaximumCentiCelsius = self[.stepMaximum]
    fans.hysteresisCentiCelsius = self[.stepHysteresis]
    return fans
  }
}
