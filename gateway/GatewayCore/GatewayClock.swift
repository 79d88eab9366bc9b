import Glibc

/// Where the gateway gets the time; tests give their own.
public struct GatewayClock: Sendable {
  /// Microseconds since 1970 UTC; may step.
  public var wallMicroseconds: @Sendable () -> Int64
  /// Seconds since some moment; never steps back.
  public var monotonicSeconds: @Sendable () -> Double

  /// A clock of one's own.
  public init(
    wallMicroseconds: @escaping @Sendable () -> Int64, monotonicSeconds: @escaping @Sendable () -> Double
  ) {
    self.wallMicroseconds = wallMicroseconds
    self.monotonicSeconds = monotonicSeconds
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
