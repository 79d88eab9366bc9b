import HAL

/// A pin of the board: what drives it from outside, what the board drives, and when it changed.
///
/// A motion sensor, a switch and the status LED are all such pins. Levels may be planned ahead; reading the pin looks at
/// the clock.
///
///     let door = SimulatedPin(clock: clock)
///     door.bounce(to: true, at: 1_000_000, edges: 5, spacing: 800)
public final class SimulatedPin: InputPin, OutputPin {
  /// The level changed.
  public struct Transition: Equatable, Sendable {
    /// When, in microseconds since the start.
    public var microseconds: UInt64
    /// The new level.
    public var isHigh: Bool

    /// A transition by hand.
    public init(microseconds: UInt64, isHigh: Bool) {
      self.microseconds = microseconds
      self.isHigh = isHigh
    }
  }

  /// The most transitions that are remembered: months of blinking do not fill the memory.
  public static let logCapacity = 4096

  let clock: VirtualClock
  var level: Bool
  var planned: [Transition] = []
  var log: [Transition] = []

  /// A pin with a level to start from.
  public init(clock: VirtualClock, isHigh: Bool = false) {
    self.clock = clock
    level = isHigh
  }

  /// The level now.
  public func isHigh() -> Bool {
    settle()
    return level
  }

  /// Drives the level, from either side.
  public func set(high: Bool) {
    settle()
    change(to: high, at: clock.microseconds)
  }

  /// The latest transitions, oldest first.
  public var transitions: [Transition] {
    settle()
    return log
  }

  /// Plans a level for a moment, in microseconds since the start.
  public func schedule(high: Bool, at microseconds: UInt64) {
    let index = planned.firstIndex { $0.microseconds > microseconds } ?? planned.endIndex
    planned.insert(Transition(microseconds: microseconds, isHigh: high), at: index)
  }

  /// Plans a mechanical contact: `edges` changes `spacing` µs apart, the last of them to `high`.
  public func bounce(to high: Bool, at microseconds: UInt64, edges: Int, spacing: UInt64) {
    for edge in 0..<edges {
      schedule(high: (edges - 1 - edge) % 2 == 0 ? high : !high, at: microseconds + UInt64(edge) * spacing)
    }
  }

  private func settle() {
    while let first = planned.first, first.microseconds <= clock.microseconds {
      planned.removeFirst()
      change(to: first.isHigh, at: first.microseconds)
    }
  }

  private func change(to high: Bool, at microseconds: UInt64) {
    guard high != level else { return }
    level = high
    if log.count == Self.logCapacity { log.removeFirst(Self.logCapacity / 2) }
    log.append(Transition(microseconds: microseconds, isHigh: high))
  }
}
