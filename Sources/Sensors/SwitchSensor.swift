/// A switch's pin: a level counts once it has been steady for a while, so one toggle is exactly one event.
///
///     var door = SwitchSensor()
///     if let event = door.update(now: now, isHigh: pin.isHigh()) { … }
///
/// The first steady level is where it starts from and makes no event.
public struct SwitchSensor: Sendable {
  /// The switch changed.
  public struct Event: Equatable, Sendable {
    /// When the new level was first seen, after which it stayed; in ms.
    public var at: UInt32
    /// The new level.
    public var isHigh: Bool

    /// An event by hand.
    public init(at: UInt32, isHigh: Bool) {
      self.at = at
      self.isHigh = isHigh
    }
  }

  /// How long a level has to stay, in ms; 0 believes every look. Takes effect at once.
  public var debounceMilliseconds: UInt32
  /// The level that counts; `nil` until one was steady.
  public private(set) var isHigh: Bool?
  /// A level that does not count yet, and since when it has stayed.
  var candidate: Event?

  /// A switch that has not been looked at.
  public init(debounceMilliseconds: UInt32 = 30) {
    self.debounceMilliseconds = debounceMilliseconds
  }

  /// Looks at the pin.
  ///
  /// - Parameters:
  ///   - now: milliseconds; may wrap.
  ///   - isHigh: the pin's level.
  /// - Returns: an event when another level than the last one has become steady.
  public mutating func update(now: UInt32, isHigh: Bool) -> Event? {
    guard isHigh != self.isHigh else {
      candidate = nil
      return nil
    }
    if candidate?.isHigh != isHigh { candidate = Event(at: now, isHigh: isHigh) }
    guard let steady = candidate, now &- steady.at >= debounceMilliseconds else { return nil }
    candidate = nil
    defer { self.isHigh = isHigh }
    return self.isHigh == nil ? nil : steady
  }
}
