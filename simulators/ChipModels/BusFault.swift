import HAL

/// What goes wrong in one transaction.
public enum BusFault: Equatable, Sendable {
  /// The address is not acknowledged, although the chip is there.
  case nackAddress
  /// The written byte with this index is not acknowledged; bytes before it arrive.
  case nackData(byte: Int)
  /// A chip holds SCL low: the controller gives up after 20 ms.
  case timeout
  /// A chip holds SDA low, and has let go before the next transaction.
  case stuck
  /// A chip holds SDA low, in this transaction and all that follow, until the controller sends nine clocks.
  case holdSDA
  /// The chip stretches the clock for so long; beyond the controller's 20 ms it is a time-out, and nothing arrives.
  case stretch(microseconds: UInt64)
  /// The chip loses its supply for a moment after it took the written bytes: what it says then nobody acknowledges.
  case brownOut
  /// One bit of the byte with this index is read wrong; nothing notices.
  case flipRead(byte: Int, bit: Int)
}

/// One transaction as the bus sees it before it runs.
public struct BusRequest: Equatable, Sendable {
  /// Counts from 0 since the bus was made.
  public var index: Int
  /// The chip's 7-bit address.
  public var address: UInt8
  /// Bytes for the chip.
  public var write: [UInt8]
  /// How many bytes are asked for.
  public var readCount: Int
}

extension I2CError {
  /// The error's short name in a trace.
  var traceName: String {
    switch self {
    case .addressNotAcknowledged: "address NACK"
    case .dataNotAcknowledged: "data NACK"
    case .timeout: "timeout"
    case .stuck: "stuck"
    }
  }
}
