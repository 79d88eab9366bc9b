/// Random numbers that are the same again for the same seed: for jitter that can be replayed, and for simulations.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014), the constants of Java's
/// SplittableRandom.
public struct SplitMix64: RandomNumberGenerator, Sendable, Equatable {
  /// Where the sequence stands; a generator of this state goes on in the same way.
  public private(set) var state: UInt64

  /// The sequence of a seed.
  public init(state: UInt64) {
    self.state = state
  }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
