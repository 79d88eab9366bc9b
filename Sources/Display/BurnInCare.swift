/// What keeps an OLED from burning in: the picture wanders by a pixel, and the panel is dim while nobody is about. Pure
/// functions of time, so that every machine does the same.
public enum BurnInCare {
  /// Where the picture lies: it goes round four places, one step each period.
  ///
  /// - Parameters:
  ///   - uptimeMilliseconds: since the boot.
  ///   - period: between two steps, in ms; 0 keeps the picture where it is.
  public static func shift(at uptimeMilliseconds: UInt64, every period: UInt32) -> PixelShift {
    guard period > 0 else { return .none }
    switch (uptimeMilliseconds / UInt64(period)) % 4 {
    case 0: return .none
    case 1: return .right
    case 2: return .rightAndDown
    default: return .down
    }
  }

  /// Whether the panel is dim.
  ///
  /// - Parameters:
  ///   - idleMilliseconds: since somebody was last seen.
  ///   - period: how long it stays bright then, in ms; 0 for ever.
  public static func isDim(idleMilliseconds: UInt64, after period: UInt32) -> Bool {
    period > 0 && idleMilliseconds >= UInt64(period)
  }
}

/// By how much a picture lies off its place; what is pushed over the edge is not seen.
public enum PixelShift: UInt8, Equatable, Sendable, CaseIterable {
  case none, right, rightAndDown, down

  /// Pixels to the right.
  var x: Int { self == .right || self == .rightAndDown ? 1 : 0 }
  /// Pixels down.
  var y: Int { self == .down || self == .rightAndDown ? 1 : 0 }
}
