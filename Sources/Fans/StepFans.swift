import Telemetry

/// What a row of switched fans is told: `fan_step_controller_config` of the configuration document.
public struct StepFansConfiguration: Equatable, Sendable {
  /// `enabled`.
  public var isEnabled = false
  /// `manual_override.enabled`.
  public var isManual = false
  /// `manual_override.fans_active`.
  public var manualCount: UInt8 = 0
  /// How many `pins` there are.
  public var fanCount: UInt8 = 0
  /// `temp_min`, 0.01 °C: from here on one fan runs.
  public var temperatureMinimumCentiCelsius: Int32 = 3000
  /// `temp_max`, 0.01 °C: from here on all run.
  public var temperatureMaximumCentiCelsius: Int32 = 5000
  /// `hysteresis`, 0.01 °C: how far the temperature must fall below a fan's threshold before it stops.
  public var hysteresisCentiCelsius: Int32 = 200

  /// Not enabled, without fans.
  public init() {}
}

/// Fans that are switched on one after another: the first at `temp_min`, the last at `temp_max`, the others in equal steps
/// between.
///
///     var state = FanState()
///     let active = StepFans.count(configuration, temperatureCentiCelsius: 4215, now: now, &state)
///     for index in pins.indices { pins[index].set(high: index < active) }
public enum StepFans {
  /// How many fans run, 0 … `fanCount`. A function of its arguments alone.
  ///
  /// - Parameters:
  ///   - configuration: `temp_max` at or below `temp_min` makes fans that all start at `temp_min`.
  ///   - temperatureCentiCelsius: 0.01 °C; `nil` when unknown: see `FanState`.
  ///   - now: milliseconds; may wrap.
  ///   - state: what the last call left; it goes on under a manual override.
  public static func count(
    _ configuration: StepFansConfiguration, temperatureCentiCelsius: Int32?, now: UInt32, _ state: inout FanState
  ) -> UInt8 {
    guard configuration.isEnabled else {
      state = FanState()
      return 0
    }
    state.follow(
      temperatureCentiCelsius, hysteresisCentiCelsius: configuration.hysteresisCentiCelsius, now: now)
    if configuration.isManual { return min(configuration.manualCount, configuration.fanCount) }
    if state.isBlind { return configuration.fanCount }
    guard let reference = state.referenceCentiCelsius else { return 0 }
    return count(configuration, at: reference)
  }

  private static func count(_ configuration: StepFansConfiguration, at reference: Int32) -> UInt8 {
    guard configuration.fanCount > 0, reference >= configuration.temperatureMinimumCentiCelsius else { return 0 }
    guard reference < configuration.temperatureMaximumCentiCelsius else { return configuration.fanCount }
    let span = Int64(configuration.temperatureMaximumCentiCelsius) - Int64(configuration.temperatureMinimumCentiCelsius)
    let above = Int64(reference) - Int64(configuration.temperatureMinimumCentiCelsius)
    return 1 + UInt8(truncatingIfNeeded: above * Int64(configuration.fanCount - 1) / span)
  }
}
