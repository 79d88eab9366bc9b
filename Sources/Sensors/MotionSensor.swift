/// A motion sensor's pin: a rising edge is an event, then edges are only counted until a cool-down is over.
///
///     var motion = MotionSensor()
///     if let event = motion.update(now: now, isHigh: pin.isHigh()) { … }
///
/// The level at the first look is where it starts from, not an edge: such sensors are high while they warm up.
public struct MotionSensor: Sendable {
  /// Motion began.
  public struct Event: Equatable, Sendable {
    /// When, in ms.
    public var at: UInt32
    /// Rising edges inside the cool-down before it, which made no event of their own; at most 65,535.
    public var suppressed: UInt16

    /// An event by hand.
    public init(at: UInt32, suppressed: UInt16) {
      self.at = at
      self.suppressed = suppressed
    }
  }

  /// Time after an event in which edges make no event, in ms; 0 for none. Takes effect at once.
  public var cooldownMilliseconds: UInt32
  /// A level that stays high for longer is no motion but a fault, in ms.
  public var stuckAfterMilliseconds: UInt32
  /// Whether the level has been high for longer than `stuckAfterMilliseconds`; over with the first low level.
  public private(set) var isStuck = false
  /// The level at the last look; `nil` before the first.
  public private(set) var isHigh: Bool?
  /// Rising edges that wait for the next event.
  public private(set) var suppressed: UInt16 = 0
  var coolingSince: UInt32?
  var highSince: UInt32?

  /// A sensor that has not been looked at.
  public init(cooldownMilliseconds: UInt32 = 60_000, stuckAfterMilliseconds: UInt32 = 600_000) {
    self.cooldownMilliseconds = cooldownMilliseconds
    self.stuckAfterMilliseconds = stuckAfterMilliseconds
  }

  /// Looks at the pin. To be called more often than every 49 days, the span of the clock.
  ///
  /// - Parameters:
  ///   - now: milliseconds; may wrap.
  ///   - isHigh: the pin's level.
  /// - Returns: an event when motion began outside a cool-down.
  public mutating func update(now: UInt32, isHigh: Bool) -> Event? {
    // Forgotten as soon as it is over: an old tick would look recent again after the clock wrapped.
    if let since = coolingSince, now &- since >= cooldownMilliseconds { coolingSince = nil }
    watch(now: now, isHigh: isHigh)
    let rose = isHigh && self.isHigh == false
    self.isHigh = isHigh
    guard rose else { return nil }
    guard coolingSince == nil else {
      if suppressed < .max { suppressed += 1 }
      return nil
    }
    let event = Event(at: now, suppressed: suppressed)
    suppressed = 0
    coolingSince = now
    return event
  }

  private mutating func watch(now: UInt32, isHigh: Bool) {
    guard isHigh else {
      highSince = nil
      isStuck = false
      return
    }
    let since = highSince ?? now
    highSince = since
    // Kept once it is so: the difference starts again when the clock goes round.
    if now &- since > stuckAfterMilliseconds { isStuck = true }
  }
}
