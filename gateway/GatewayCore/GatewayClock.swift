import Glibc

/// Where the gateway gets the time; tests give their own.
public struct GatewayClock: Sendable {
  /// Microseconds since 1970 UTC; may step.
  public var wallMicroseconds: @Sendable () -> Int64
  /// Seconds since some moment; never steps back.
  public var monotonicSeconds: @Sendable () -> Double
  /// Lets that many seconds pass, for a clock that is not the machine's; `nil`: whoever waits does so by himself.
  public var pause: (@Sendable (_ seconds: Double) -> Void)?

  /// A clock of one's own.
  public init(
    wallMicroseconds: @escaping @Sendable () -> Int64, monotonicSeconds: @escaping @Sendable () -> Double,
    pause: (@Sendable (_ seconds: Double) -> Void)? = nil
  ) {
    self.wallMicroseconds = wallMicroseconds
    self.monotonicSeconds = monotonicSeconds
    self.pause = pause
  }

  /// The machine's clocks.
  public static let system = GatewayClock(
    wallMicroseconds: {
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    },
    monotonicSeconds: {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    })
}
