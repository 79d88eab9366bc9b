import Telemetry

/// How grave a line of the remote log is; a device sends those up to its configured level.
public enum LogLevel: UInt8, Equatable, Sendable, CaseIterable {
  case off, error, warning, info, debug

  /// The name on the wire and in the configuration.
  public var name: StaticString {
    switch self {
    case .off: "off"
    case .error: "error"
    case .warning: "warning"
    case .info: "info"
    case .debug: "debug"
    }
  }
}

/// The remote log: a few lines that wait for the connection, and a bucket of tokens so that no fault can flood the broker.
///
/// A line costs a token; ten fit, and one comes back every six seconds. A line without a token, or without room, is
/// counted, and the next line that goes out says how many there were.
struct Log: Sendable {
  /// The most lines that wait.
  static var bound: Int { 6 }
  /// The most tokens.
  static var burst: UInt8 { 10 }
  /// Time until a token comes back, ms.
  static var tokenMilliseconds: UInt64 { 6000 }

  struct Line: Sendable {
    var level = LogLevel.off
    var text: StaticString = ""
    /// Behind the text: a reason, a name; may be empty.
    var detail: StaticString = ""
    var value: Int32?
    var uptimeMilliseconds: UInt64 = 0
  }

  private var lines = InlineArray<6, Line>(repeating: Line())
  private var count = 0
  private var tokens = Self.burst
  /// Uptime at which the last token came back, ms.
  private var refilledAt: UInt64 = 0
  private var left: UInt32 = 0

  mutating func append(_ line: Line) {
    refill(at: line.uptimeMilliseconds)
    guard tokens > 0, count < Self.bound else {
      left = left == .max ? .max : left + 1
      return
    }
    tokens -= 1
    lines[count] = line
    count += 1
  }

  /// Writes the oldest line; `false` when there is none.
  mutating func take<let capacity: Int>(into message: inout InlineBytes<capacity>) -> Bool {
    guard count > 0 else { return false }
    message.removeAll()
    message.append("{\"level\":")
    message.append(quoted: lines[0].level.name)
    message.append(",\"uptime_ms\":")
    message.append(unsigned: lines[0].uptimeMilliseconds)
    message.append(",\"message\":\"")
    message.append(lines[0].text)
    message.append(lines[0].detail)
    message.append(UInt8(ascii: "\""))
    if let value = lines[0].value {
      message.append(",\"value\":")
      message.append(signed: Int64(value))
    }
    if left > 0 {
      message.append(",\"left_out\":")
      message.append(unsigned: UInt64(left))
      left = 0
    }
    message.append(UInt8(ascii: "}"))
    count -= 1
    for index in 0..<count { lines[index] = lines[index + 1] }
    return true
  }

  private mutating func refill(at uptime: UInt64) {
    let (earned, _) = (uptime - min(refilledAt, uptime)).quotientAndRemainder(dividingBy: Self.tokenMilliseconds)
    guard earned > 0 else { return }
    tokens = UInt8(min(UInt64(tokens) + earned, UInt64(Self.burst)))
    refilledAt += earned * Self.tokenMilliseconds
  }
}
