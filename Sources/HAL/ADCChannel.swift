/// One input of an analogue-to-digital converter.
public protocol ADCChannel {
  /// Whether there is such an input; a type that stands for none says `false`.
  static var isWired: Bool { get }

  /// Whether it can be read now.
  var isPresent: Bool { get }

  /// One conversion: 0 … 4095 (12 bits) from 0 V to the reference. On an RP2040 it takes 2 µs.
  func read() -> UInt16
}

extension ADCChannel {
  /// There is an input.
  @inlinable
  public static var isWired: Bool { true }

  /// It can.
  @inlinable
  public var isPresent: Bool { true }
}

/// A board without the input. It costs nothing: what would use it is compiled away.
public struct NoADC: ADCChannel, Sendable {
  /// There is none.
  public static var isWired: Bool { false }
  /// No input.
  public init() {}
  /// Nothing.
  public func read() -> UInt16 { 0 }
}
