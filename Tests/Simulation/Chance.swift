import GatewayCore
import Glibc

/// What happens and when, all from one seed.
struct Chance {
  private var generator: SplitMix64

  init(seed: UInt64) {
    generator = SplitMix64(state: seed)
  }

  /// Whether something of this probability happens.
  mutating func happens(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &generator) < probability
  }

  /// One of them.
  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &generator)]
  }

  mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }

  /// A wait with this mean, exponentially distributed, in microseconds; at most thirty times the mean.
  mutating func wait(meanSeconds: Double) -> Int64 {
    Int64(min(-log(1 - Double.random(in: 0..<1, using: &generator)), 30) * meanSeconds * 1e6)
  }

  /// A seed for something of its own.
  mutating func seed() -> UInt64 { generator.next() }
}
