import Telemetry

/// A key of the configuration document that a device follows, in the order in which values are stored
/// (protocol/configuration.md).
public enum ConfigurationKey: UInt8, Equatable, Sendable, CaseIterable {
  case enabled, heartbeatPeriod, measurementPeriod, motionCooldown, motionCheckPeriod, switchCheckPeriod,
    switchDebounce, configurationPeriod, payloadVersion, displayUnits, displayDimPeriod, displayShiftPeriod, logLevel,
    logEnabled, pwmEnabled, pwmMinimum, pwmMaximum, pwmLeastDuty, pwmMostDuty, pwmHysteresis, pwmManual, pwmManualDuty,
    stepEnabled, stepMinimum, stepMaximum, stepHysteresis, stepFans, stepManual, stepManualCount, onChipOffset

  /// How many there are.
  static var count: Int { 30 }

  /// The name in the document, in the object of its `group`.
  public var name: StaticString {
    switch self {
    case .enabled, .logEnabled, .pwmEnabled, .pwmManual, .stepEnabled, .stepManual: "enabled"
    case .heartbeatPeriod: "heartbeat_publish_period"
    case .measurementPeriod: "temperature_check_period"
    case .motionCooldown: "motion_cooldown_wait_period"
    case .motionCheckPeriod: "motion_check_period"
    case .switchCheckPeriod: "switch_check_period"
    case .switchDebounce: "switch_debounce_period"
    case .configurationPeriod: "check_config_file_period"
    case .payloadVersion: "payload_version"
    case .displayUnits: "display_units"
    case .displayDimPeriod: "display_dim_period"
    case .displayShiftPeriod: "display_shift_period"
    case .logLevel: "remote_log_level"
    case .pwmMinimum, .stepMinimum: "temp_min"
    case .pwmMaximum, .stepMaximum: "temp_max"
    case .pwmLeastDuty: "fan_min_duty"
    case .pwmMostDuty: "fan_max_duty"
    case .pwmHysteresis, .stepHysteresis: "hysteresis"
    case .pwmManualDuty: "manual_dutycycle"
    case .stepFans: "pins"
    case .stepManualCount: "fans_active"
    case .onChipOffset: "onchip_temperature_offset"
    }
  }

  /// The object that holds it.
  public var group: ConfigurationGroup {
    switch self {
    case .logEnabled: .loggerMQTT
    case .pwmEnabled, .pwmMinimum, .pwmMaximum, .pwmLeastDuty, .pwmMostDuty, .pwmHysteresis: .pwm
    case .pwmManual, .pwmManualDuty: .pwmManual
    case .stepEnabled, .stepMinimum, .stepMaximum, .stepHysteresis, .stepFans: .step
    case .stepManual, .stepManualCount: .stepManual
    case .enabled, .heartbeatPeriod, .measurementPeriod, .motionCooldown, .motionCheckPeriod, .switchCheckPeriod,
      .switchDebounce, .configurationPeriod, .payloadVersion, .displayUnits, .displayDimPeriod, .displayShiftPeriod,
      .logLevel, .onChipOffset:
      .root
    }
  }

  /// The values that are taken, in the unit they are stored in: ms, 0.01 °C, percent, a count, or a word's place.
  public var range: ClosedRange<Int32> {
    switch self {
    case .enabled, .displayUnits, .logEnabled, .pwmEnabled, .pwmManual, .stepEnabled, .stepManual: 0...1
    case .heartbeatPeriod, .configurationPeriod: 1000...86_400_000
    case .measurementPeriod: 500...3_600_000
    case .motionCooldown: 0...3_600_000
    case .motionCheckPeriod, .switchCheckPeriod, .switchDebounce: 0...10_000
    case .payloadVersion: 1...2
    case .displayDimPeriod, .displayShiftPeriod: 0...86_400_000
    case .logLevel: 0...4
    case .pwmMinimum, .pwmMaximum, .stepMinimum, .stepMaximum: -4000...12_500
    case .pwmHysteresis, .stepHysteresis: 0...5000
    case .pwmLeastDuty, .pwmMostDuty, .pwmManualDuty: 0...100
    case .stepFans, .stepManualCount: 0...8
    case .onChipOffset: -5000...5000
    }
  }

  /// The built-in value.
  public var standard: Int32 {
    switch self {
    case .enabled, .logEnabled: 1
    case .heartbeatPeriod, .motionCooldown, .configurationPeriod: 60_000
    case .measurementPeriod: 5000
    case .motionCheckPeriod, .switchCheckPeriod, .displayUnits, .pwmEnabled, .pwmManual, .pwmManualDuty, .stepEnabled,
      .stepManual, .stepManualCount, .stepFans, .onChipOffset:
      0
    case .switchDebounce: 30
    case .payloadVersion: 2
    case .displayDimPeriod: 600_000
    case .displayShiftPeriod: 180_000
    case .logLevel: Int32(LogLevel.warning.rawValue)
    case .pwmMinimum, .stepMinimum: 3000
    case .pwmMaximum, .stepMaximum: 5000
    case .pwmLeastDuty: 30
    case .pwmMostDuty: 100
    case .pwmHysteresis, .stepHysteresis: 200
    }
  }

  /// Decimals that are stored: temperatures are in degrees Celsius, the rest is whole.
  var decimals: Int {
    switch self {
    case .pwmMinimum, .pwmMaximum, .stepMinimum, .stepMaximum, .pwmHysteresis, .stepHysteresis, .onChipOffset: 2
    default: 0
    }
  }

  /// The words that stand for values from 0 on; empty where the value is a number.
  var words: InlineArray<5, StaticString> {
    switch self {
    case .displayUnits: ["\"C\"", "\"F\"", "", "", ""]
    case .logLevel: ["\"off\"", "\"error\"", "\"warning\"", "\"info\"", "\"debug\""]
    default: ["", "", "", "", ""]
    }
  }

  static func named(
    _ name: JSONSlice, in group: ConfigurationGroup, of document: borrowing Span<UInt8>
  ) -> ConfigurationKey? {
    for raw in UInt8(0)..<UInt8(count) {
      if let key = ConfigurationKey(rawValue: raw), key.group == group, name.matches(key.name, in: document) {
        return key
      }
    }
    return nil
  }
}

/// An object of the configuration document that holds keys.
public enum ConfigurationGroup: UInt8, Equatable, Sendable, CaseIterable {
  case root, logger, loggerMQTT, pwm, pwmManual, step, stepManual

  /// The name in its `parent`.
  public var name: StaticString {
    switch self {
    case .root: ""
    case .logger: "remote_logger"
    case .loggerMQTT: "mqtt"
    case .pwm: "fan_pwm_controller_config"
    case .step: "fan_step_controller_config"
    case .pwmManual, .stepManual: "manual_override"
    }
  }

  /// The object that holds it; the document holds itself.
  public var parent: ConfigurationGroup {
    switch self {
    case .root, .logger, .pwm, .step: .root
    case .loggerMQTT: .logger
    case .pwmManual: .pwm
    case .stepManual: .step
    }
  }

  static func named(
    _ name: JSONSlice, in parent: ConfigurationGroup, of document: borrowing Span<UInt8>
  ) -> ConfigurationGroup? {
    for raw in UInt8(1)...ConfigurationGroup.stepManual.rawValue {
      if let group = ConfigurationGroup(rawValue: raw), group.parent == parent, name.matches(group.name, in: document) {
        return group
      }
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

  mutating func remove(_ key: ConfigurationKey) { bits &= ~(1 << UInt32(key.rawValue)) }
}
