// The existing fleet's units, from the device's own, rounded once.

extension Measurement {
  /// The temperature in 0.01 °F: °C · 9/5 + 32.
  public var temperatureCentiFahrenheit: Int32? {
    // 64 bits: a value near the end of the range must not overflow on its way.
    temperatureCentiCelsius.map { Int32(clamping: roundedDivision(Int64($0) * 9, by: 5) + 3200) }
  }

  /// The pressure in 0.01 inHg; 1 inHg is 3386.389 Pa (NIST SP 811, appendix B.8, conventional inch of mercury).
  public var pressureCentiInchesOfMercury: Int32? {
    pressurePascals.map { Int32(clamping: roundedDivision(Int64($0) * 100_000, by: 3_386_389)) }
  }
}
