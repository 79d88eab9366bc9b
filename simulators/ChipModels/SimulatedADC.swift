import HAL

/// The RP2040's ADC input 4: what its temperature sensor gives (RP2040 datasheet, section 4.9.5).
///
///     let channel = SimulatedADC()
///     channel.temperature = 31
public final class SimulatedADC: ADCChannel {
  /// The chip's temperature in °C.
  public var temperature = 27.0
  /// The converter's value in place of the temperature's; 12 bits.
  public var rawOverride: UInt16?
  /// Whether it can be read.
  public var isPresent = true
  /// How many steps a conversion may be off, either way.
  public var noise = 0
  var random: SeededRandom

  /// A channel whose noise comes from `seed`.
  public init(seed: UInt64 = 2040) {
    random = SeededRandom(seed: seed)
  }

  /// One conversion.
  public func read() -> UInt16 {
    if let rawOverride { return rawOverride }
    let volts = 0.706 - (temperature - 27) * 0.001721
    let exact = Int((volts * 4095 / 3.3).rounded()) + Int.random(in: -noise...noise, using: &random)
    return UInt16(min(max(exact, 0), 4095))
  }
}
