/// The time of a simulated board: it starts at 0 and moves only when told to.
public final class VirtualClock {
  /// Nanoseconds since the start; a byte on a 400 kHz bus takes 22,500.
  public private(set) var nanoseconds: UInt64

  /// A clock that shows `microseconds`.
  public init(microseconds: UInt64 = 0) {
    nanoseconds = microseconds * 1000
  }

  /// Microseconds since the start.
  public var microseconds: UInt64 { nanoseconds / 1000 }

  /// The board's tick: milliseconds since the start; wraps after 49.7 days, as on the board.
  public var milliseconds: UInt32 { UInt32(truncatingIfNeeded: nanoseconds / 1_000_000) }

  /// Moves on.
  public func advance(nanoseconds: UInt64) { self.nanoseconds += nanoseconds }

  /// Moves on.
  public func advance(microseconds: UInt64) { nanoseconds += microseconds * 1000 }

  /// Moves on.
  public func advance(milliseconds: UInt64) { nanoseconds += milliseconds * 1_000_000 }
}
