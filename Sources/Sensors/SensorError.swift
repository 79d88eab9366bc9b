import HAL
import Telemetry

/// Why a driver has no value, and at which register or command it happened.
public enum SensorError: Error, Equatable, Sendable {
  /// The bus failed while `register` was read or written.
  case bus(I2CError, register: UInt16)
  /// The 1-Wire line failed.
  case oneWire(OneWireError)
  /// Another chip lives at this address: its id register holds this.
  case unexpectedID(UInt16)
  /// The chip is still starting and would answer with power-on values.
  case starting
  /// Two reads of the same constant bytes, the first at `register`, differ: the bus flips bits.
  case unstable(register: UInt16)
  /// What was read with `register` does not fit its checksum.
  case checksum(register: UInt16)
  /// A command was not carried out; that is how a flipped bit in it shows.
  case ignored(register: UInt16)

  /// How the failure shows in a measurement. An unexpected chip is no chip of ours: `absent`.
  public var quality: Quality {
    switch self {
    case .bus(.addressNotAcknowledged, _), .bus(.dataNotAcknowledged, _), .oneWire(.noPresence): .nack
    case .bus(.timeout, _), .bus(.stuck, _), .oneWire(.shorted): .stuck
    case .unexpectedID: .absent
    case .starting: .powerOn
    case .unstable, .checksum, .ignored: .crc
    }
  }

  /// Whether nobody answered at all.
  var isSilence: Bool {
    switch self {
    case .bus(.addressNotAcknowledged, _), .oneWire(.noPresence): true
    default: false
    }
  }
}
