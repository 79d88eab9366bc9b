/// A 1-Wire line (Maxim/Analog Devices application note 126), on which chips take their turns after a reset.
///
/// A bus is a cheap handle, as an `I2CBus` is. Bits travel least significant first.
public protocol OneWireBus {
  /// Whether there is a line at all; a type that stands for none says `false`.
  static var isWired: Bool { get }

  /// Pulls the line low for 480 µs and listens. Ends what `write(_:keepPowered:)` held up.
  ///
  /// - Throws: `noPresence` when nobody answers, `shorted` when the line does not rise.
  func reset() throws(OneWireError)

  /// One write slot.
  func write(bit: Bool)

  /// One read slot; `true` when nobody pulls the line low.
  func readBit() -> Bool

  /// Eight write slots.
  ///
  /// - Parameter keepPowered: drive the line high from the end of the last slot, within 10 µs, until the next `reset()`:
  ///   chips without a supply of their own convert on that current.
  func write(_ byte: UInt8, keepPowered: Bool)
}

/// Why a 1-Wire line did not answer its reset.
public enum OneWireError: Error, Equatable, Sendable {
  /// No chip pulled the line low after the reset: absent, or unplugged.
  case noPresence
  /// The line stays low.
  case shorted
}

extension OneWireBus {
  /// There is a line.
  @inlinable
  public static var isWired: Bool { true }

  /// Eight write slots, and the line is left to its resistor.
  @inlinable
  public func write(_ byte: UInt8) {
    write(byte, keepPowered: false)
  }

  /// Eight read slots.
  @inlinable
  public func readByte() -> UInt8 {
    var byte: UInt8 = 0
    for bit in 0..<8 as Range<UInt8> where readBit() { byte |= 1 << bit }
    return byte
  }
}

/// A board without a 1-Wire line. It costs nothing: what would use the line is compiled away.
public struct NoOneWire: OneWireBus, Sendable {
  /// There is none.
  public static var isWired: Bool { false }
  /// No line.
  public init() {}
  /// Nobody answers.
  public func reset() throws(OneWireError) { throw .noPresence }
  /// Goes nowhere.
  public func write(bit: Bool) {}
  /// An idle line is high.
  public func readBit() -> Bool { true }
  /// Goes nowhere.
  public func write(_ byte: UInt8, keepPowered: Bool) {}
}
