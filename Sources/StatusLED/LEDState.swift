/// What the status LED says, as a pattern of sixteen slots of 125 ms that repeats every two seconds.
///
/// Cases stand in order of priority: what comes first is shown when several are true, because a person who asked wants
/// an answer, then what keeps the board from working, then what keeps it from being right.
public enum LEDState: UInt8, Equatable, Sendable, CaseIterable {
  /// Somebody asked which board this is.
  case identify
  /// The configuration says that this device publishes nothing.
  case disabled
  /// Starting.
  case booting
  /// Looking for Wi-Fi.
  case joiningWiFi
  /// Wi-Fi is there, the configuration is not yet.
  case fetchingConfiguration
  /// No broker, or no gateway behind it: readings are kept.
  case offline
  /// No sensor, or it fails: values are null.
  case sensorFault
  /// All is well.
  case online

  /// The sixteen slots, the most significant bit first in time; 1 is lit.
  public var pattern: UInt16 {
    switch self {
    case .identify: 0b1010_1010_1010_1010  // fast blinking
    case .disabled: 0b1000_0000_0000_0000  // one short flash
    case .booting: 0b1111_1111_1111_1111  // steady
    case .joiningWiFi: 0b1100_1100_1100_1100  // even blinking
    case .fetchingConfiguration: 0b1010_0000_1010_0000  // pairs
    case .offline: 0b1111_1111_0000_0000  // slow blinking
    case .sensorFault: 0b1010_1000_0000_0000  // three short flashes
    case .online: 0b1111_1111_1111_1110  // lit, with a short wink
    }
  }

  /// Whether the LED is lit at a moment.
  ///
  /// - Parameter now: milliseconds; where the clock wraps one slot is cut short.
  public func isOn(at now: UInt32) -> Bool {
    let slot = (now / 125) % 16
    return pattern & (0x8000 >> UInt16(truncatingIfNeeded: slot)) != 0
  }
}
