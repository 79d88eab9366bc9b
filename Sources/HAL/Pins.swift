/// A pin the board reads: a motion sensor, a reed switch, an id strap.
public protocol InputPin {
  /// `true` when the level is high.
  func isHigh() -> Bool
}

/// A pin the board drives: the status LED, a fan's relay.
public protocol OutputPin {
  /// Drives the level.
  func set(high: Bool)
}

/// A pin that switches faster than what it drives can follow: a fan, a dimmed light.
public protocol PWMPin {
  /// Sets the share of time the pin is high.
  ///
  /// - Parameter dutyPercent: 0 (always low) … 100 (always high).
  func set(dutyPercent: UInt8)
}
