/// The temperature a fan goes by, in 0.01 °C: what was measured, with hysteresis, and for a while without a measurement.
///
/// The reference follows a rising temperature at once and a falling one only at a distance of the hysteresis, so a fan
/// never flutters, whichever of its thresholds the temperature trembles at.
///
/// While the temperature is unknown the reference stays for 60 s: a reading that failed once is no reason to roar. After
/// that the fan runs at its most: noise is a nuisance, heat a damage, and a fan that stands still because its sensor broke
/// would hide both faults.
public struct FanState: Equatable, Sendable {
  /// How long the last reference serves without a measurement, in ms.
  public static let patienceMilliseconds: UInt32 = 60_000

  /// 0.01 °C; `nil` before the first measurement.
  public internal(set) var referenceCentiCelsius: Int32?
  /// Whether the temperature has been unknown for too long: the fan runs at its most.
  public internal(set) var isBlind = false
  var unknownSince: UInt32?

  /// A fan that never ran.
  public init() {}

  /// Takes a measurement, or that there is none.
  ///
  /// - Parameters:
  ///   - temperatureCentiCelsius: 0.01 °C; `nil` when it is unknown.
  ///   - hysteresisCentiCelsius: 0.01 °C; a negative one counts as 0.
  ///   - now: milliseconds; may wrap.
  mutating func follow(_ temperatureCentiCelsius: Int32?, hysteresisCentiCelsius: Int32, now: UInt32) {
    guard let temperature = temperatureCentiCelsius else {
      let since = unknownSince ?? now
      unknownSince = since
      // Kept once it is so: the difference starts again when the clock goes round.
      if now &- since >= Self.patienceMilliseconds { isBlind = true }
      return
    }
    unknownSince = nil
    isBlind = false
    let (sum, overflows) = temperature.addingReportingOverflow(max(hysteresisCentiCelsius, 0))
    let ceiling = overflows ? .max : sum
    referenceCentiCelsius = min(max(referenceCentiCelsius ?? temperature, temperature), ceiling)
  }
}
