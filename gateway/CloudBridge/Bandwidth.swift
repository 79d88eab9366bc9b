/// A cap on bytes a second, with bursts of up to one second's worth. Time is a parameter.
struct Bandwidth {
  private let bytesPerSecond: Double
  private var left: Double
  private var at: Double?

  /// - Parameter bytesPerSecond: above 0.
  init(bytesPerSecond: Int) {
    self.bytesPerSecond = Double(bytesPerSecond)
    left = self.bytesPerSecond
  }

  /// How long until a message may go, in seconds; 0: now. A message of more than a second's worth goes on a full measure,
  /// and is paid for afterwards.
  mutating func wait(for bytes: Int, atSeconds now: Double) -> Double {
    left = min(bytesPerSecond, left + max(0, now - (at ?? now)) * bytesPerSecond)
    at = now
    let needed = min(Double(bytes), bytesPerSecond)
    // A rounding error must not be waited for: so short a time changes no clock.
    return left + 1e-6 >= needed ? 0 : (needed - left) / bytesPerSecond
  }

  /// Takes a message's bytes off.
  mutating func spend(_ bytes: Int) { left -= Double(bytes) }
}
