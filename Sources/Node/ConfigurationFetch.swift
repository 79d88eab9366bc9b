/// When the configuration is to be fetched.
struct ConfigurationFetch: Sendable {
  private var isUnderWay = false
  /// Uptime at which it is due, ms.
  private var due: UInt64 = 0
  /// Whether an attempt has ended, well or badly: publishing waits for the first, never for a server that is down.
  private(set) var hasEnded = false

  mutating func begin(at uptime: UInt64, isJoined: Bool) -> Bool {
    guard isJoined, !isUnderWay, uptime >= due else { return false }
    isUnderWay = true
    return true
  }

  mutating func end(at uptime: UInt64, retryAfter: UInt64) {
    isUnderWay = false
    hasEnded = true
    due = uptime + retryAfter
  }

  mutating func hurry() {
    due = 0
  }
}
