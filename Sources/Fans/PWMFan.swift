import Telemetry

/// What a PWM fan is told: `fan_pwm_controller_config` of the configuration document.
public struct PWMFanConfiguration: Equatable, Sendable {
  /// `enabled`.
  public var isEnabled = false
  /// `manual_override.enabled`.
  public var isManual = false
  /// `manual_override.manual_dutycycle`, percent.
  public var manualDutyPercent: UInt8 = 0
  /// `temp_min`, 0.01 °C: from here on the fan turns.
  public var temperatureMinimumCentiCelsius: Int32 = 3000
  /// `temp_max`, 0.01 °C: from here on it turns its fastest.
  public var temperatureMaximumCentiCelsius: Int32 = 5000
  /// `fan_min_duty`, percent: what the fan needs to turn at all.
  public var dutyMinimumPercent: UInt8 = 30
  /// `fan_max_duty`, percent.
  public var dutyMaximumPercent: UInt8 = 100
  /// `hysteresis`, 0.01 °C: how far the temperature must fall before the fan slows down or stops.
  public var hysteresisCentiCelsius: Int32 = 200

  /// Not enabled.
  public init() {}
}

/// A fan whose speed follows the temperature: still below `temp_min`, then from `fan_min_duty` in a straight line to
/// `fan_max_duty` at `temp_max`.
///
///     var state = FanState()
///     pin.set(dutyPercent: PWMFan.duty(configuration, temperatureCentiCelsius: 4215, now: now, &state))
public enum PWMFan {
  /// What the fan gets, 0 … 100 percent. A function of its arguments alone.
  ///
  /// - Parameters:
  ///   - configuration: `temp_max` at or below `temp_min` makes a fan that is off or at its fastest.
  ///   - temperatureCentiCelsius: 0.01 °C; `nil` when unknown: see `FanState`.
  ///   - now: milliseconds; may wrap.
  ///   - state: what the last call left; it goes on under a manual override.
  public static func duty(
    _ configuration: PWMFanConfiguration, temperatureCentiCelsius: Int32?, now: UInt32, _ state: inout FanState
  ) -> UInt8 {
    guard configuration.isEnabled else {
      state = FanState()
      return 0
    }
    state.follow(
      temperatureCentiCelsius, hysteresisCentiCelsius: configuration.hysteresisCentiCelsius, now: now)
    if configuration.isManual { return min(configuration.manualDutyPercent, 100) }
    let most = min(configuration.dutyMaximumPercent, 100)
    if state.isBlind { return most }
    guard let reference = state.referenceCentiCelsius else { return 0 }
    return duty(configuration, at: reference, least: min(configuration.dutyMinimumPercent, most), most: most)
  }

  private static func duty(
    _ configuration: PWMFanConfiguration, at reference: Int32, least: UInt8, most: UInt8
  ) -> UInt8 {
    guard reference >= configuration.temperatureMinimumCentiCelsius else { return 0 }
    guard reference < configuration.temperatureMaximumCentiCelsius else { return most }
    // 64 bits: the ends of the range are whatever somebody typed.
    let span = Int64(configuration.temperatureMaximumCentiCelsius) - Int64(configuration.temperatureMinimumCentiCelsius)
    let above = Int64(reference) - Int64(configuration.temperatureMinimumCentiCelsius)
    return least + UInt8(truncatingIfNeeded: roundedDivision(above * Int64(most - least), by: span))
  }
}
