import HAL
import Telemetry

/// The RP2040's own temperature sensor, ADC input 4: the chip's, some degrees above the air's, and worth a calibration.
///
/// T = 27 − (V − 0.706) / 0.001721 °C, V = raw · 3.3 / 4095 (RP2040 datasheet, section 4.9.5).
public struct OnChipTemperature<ADC: ADCChannel> {
  /// Conversions that make one reading: one step of the converter is 0.47 °C, and its noise averages out.
  public static var samples: Int32 { 8 }

  /// Added to what was measured, in 0.01 °C.
  public var offsetCentiCelsius: Int32
  let channel: ADC

  /// The sensor behind `channel`.
  public init(channel: ADC, offsetCentiCelsius: Int32 = 0) {
    self.channel = channel
    self.offsetCentiCelsius = offsetCentiCelsius
  }

  /// Measures, in about 16 µs. Outside −40 … 85 °C the chip does not work: `range`.
  public func read() -> Measurement {
    guard channel.isPresent else { return .missing(.absent, .onChip) }
    var sum: Int32 = 0
    for _ in 0..<Self.samples { sum += Int32(channel.read() & 0x0FFF) }
    let (value, overflows) = Self.centiCelsius(sum: sum, of: Self.samples)
      .addingReportingOverflow(offsetCentiCelsius)
    guard !overflows, value >= -4000, value <= 8500 else { return .missing(.range, .onChip) }
    return Measurement(temperatureCentiCelsius: value, quality: .ok, sensor: .onChip)
  }

  /// The formula over the mean of some conversions, in 0.01 °C: −25,260 … 43,723.
  ///
  /// - Parameters:
  ///   - sum: of raw values, 0 … 4095 each.
  ///   - count: how many they are, 1 … 1024.
  public static func centiCelsius(sum: Int32, of count: Int32 = 1) -> Int32 {
    // In microvolts, over the common denominator 4095 · 1721 µV/°C; rounded once.
    let denominator = Int64(count) * 4095 * 1721
    let excess = Int64(sum) * 3_300_000 - Int64(count) * 706_000 * 4095
    return Int32(truncatingIfNeeded: roundedDivision(2700 * denominator - excess * 100, by: denominator))
  }
}
