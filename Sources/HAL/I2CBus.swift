/// A bus of chips that answer to 7-bit addresses.
///
/// A bus is a cheap handle: drivers keep a copy each and share the wires behind it. One requirement covers every use:
///
///     write only   S  address+W A  w0 A … wn A  P
///     read only    S  address+R A  r0 A … rn N  P
///     both         S  address+W A  w0 A … wn A  Sr  address+R A  r0 A … rn N  P
///     neither      S  address+W A  P                                (a probe)
///
/// `S` start, `Sr` repeated start, `A` acknowledge, `N` not acknowledge, `P` stop.
public protocol I2CBus {
  /// Runs one transaction, from start to stop.
  ///
  /// - Parameters:
  ///   - address: 7-bit address, 0x08 … 0x77.
  ///   - write: bytes for the chip; may be empty.
  ///   - read: filled by the chip; may be empty. Its content after an error is unspecified.
  /// - Throws: what stopped the transaction. The bus has sent its stop and is free again, except after `stuck`.
  func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError)

  /// Sends nine clocks and a stop, so that a chip which hangs in the middle of a byte lets go of SDA (NXP UM10204
  /// section 3.1.16). Called once after a `stuck`; a bus that cannot do it does nothing.
  func recover()
}

/// What stopped a transaction.
public enum I2CError: Error, Equatable, Sendable {
  /// No chip answered to the address: absent, unplugged, or busy and saying so.
  case addressNotAcknowledged
  /// The chip stopped acknowledging in the middle of what was written to it.
  case dataNotAcknowledged
  /// SCL stayed low longer than the controller waits: a chip stretches the clock, or a line is shorted.
  case timeout
  /// SDA stays low between transactions: a chip hangs in the middle of a byte. Nine clocks may free it.
  case stuck
}

extension I2CBus {
  /// Does nothing.
  @inlinable
  public func recover() {}

  /// Writes bytes and reads nothing.
  @inlinable
  public func write(_ address: UInt8, _ bytes: borrowing Span<UInt8>) throws(I2CError) {
    // Not the mutable span of an empty InlineArray: that crashes the 6.3.1 compiler for armv6m.
    var none = MutableSpan<UInt8>()
    try transaction(address, write: bytes, read: &none)
  }

  /// Reads bytes without writing a register number first.
  @inlinable
  public func read(_ address: UInt8, into bytes: inout MutableSpan<UInt8>) throws(I2CError) {
    try transaction(address, write: Span<UInt8>(), read: &bytes)
  }

  /// Reads consecutive registers, the first of them named `register`.
  @inlinable
  public func read(_ address: UInt8, register: UInt8, into bytes: inout MutableSpan<UInt8>) throws(I2CError) {
    let name: InlineArray<1, UInt8> = [register]
    try transaction(address, write: name.span, read: &bytes)
  }

  /// Writes one 8-bit register.
  @inlinable
  public func write(_ address: UInt8, register: UInt8, _ value: UInt8) throws(I2CError) {
    let bytes: InlineArray<2, UInt8> = [register, value]
    try write(address, bytes.span)
  }

  /// Whether a chip answers to the address.
  @inlinable
  public func answers(_ address: UInt8) -> Bool {
    do throws(I2CError) {
      try write(address, Span<UInt8>())
      return true
    } catch {
      return false
    }
  }
}
