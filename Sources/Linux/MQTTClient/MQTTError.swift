/// Why something with the broker did not work.
public struct MQTTError: Error, Sendable, CustomStringConvertible {
  /// What kind of fault, and so what to do.
  public enum Code: Sendable, Equatable {
    /// Nobody answers there: wrong address, broker down, network cut. Try again later.
    case unreachable
    /// The broker answers and will not have this client, or this client not the broker's certificate; `reason` or the
    /// detail says why. A person must mend it.
    case refused
    /// The connection ended. Connect again.
    case connectionLost
    /// Asked for before the broker accepted the connection.
    case notConnected
    /// The other side does not speak MQTT as it should.
    case protocolViolation
    /// What was asked for is not possible: a topic, a size, an option.
    case invalid
    /// Memory or another resource ran out.
    case exhausted
  }

  /// What kind of fault.
  public var code: Code
  /// `errno` right after the call that failed; 0 where it says nothing.
  public var systemError: Int32
  /// The broker's reason code, where it gave one: CONNACK (3.1.1: 1 … 5; 5.0: 128 …) or DISCONNECT.
  public var reason: UInt8?
  /// What was being done, and the cause in words.
  public var detail: String

  /// A fault with its cause.
  public init(_ code: Code, systemError: Int32 = 0, reason: UInt8? = nil, detail: String) {
    self.code = code
    self.systemError = systemError
    self.reason = reason
    self.detail = detail
  }

  /// The fault in one line: `detail`.
  public var description: String { detail }
}
