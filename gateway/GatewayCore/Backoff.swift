/// How long to wait before trying again: doubling from the first to a limit, with jitter, so that many who lost the
/// same server do not return all at once.
///
/// Seconds throughout. (The system this one replaces compared milliseconds with seconds once, and was silent for
/// 2 h 46 min after one drop.)
public struct Backoff: Sendable, Equatable {
  /// The first wait.
  public let firstSeconds: Double
  /// The longest wait.
  public let limitSeconds: Double
  private var nextSeconds: Double
  private var seed: UInt64?

  /// Waits from `firstSeconds` to `limitSeconds`, both above 0.
  ///
  /// - Parameter seed: the same jitter again for the same seed; `nil`: the system's random numbers.
  public init(firstSeconds: Double, limitSeconds: Double, seed: UInt64? = nil) {
    precondition(firstSeconds > 0 && limitSeconds >= firstSeconds)
    self.firstSeconds = firstSeconds
    self.limitSeconds = limitSeconds
    nextSeconds = firstSeconds
    self.seed = seed
  }

  /// The next wait: between half and the whole of the current step.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Double {
    let step = nextSeconds
    nextSeconds = min(nextSeconds * 2, limitSeconds)
    return Double.random(in: (step / 2)...step, using: &generator)
  }

  /// The next wait, with the system's random numbers or the seed's.
  public mutating func next() -> Double {
    if let state = seed {
      var generator = SplitMix64(state: state)
      defer { seed = generator.state }
      return next(using: &generator)
    }
    var generator = SystemRandomNumberGenerator()
    return next(using: &generator)
  }

  /// Begins anew: it worked.
  public mutating func reset() {
    nextSeconds = firstSeconds
  }
}
