/// When to ask the broker for a sign of life, and when to give it up (MQTT 5.0 and 3.1.1, 3.1.2.10 and 3.12). A value
/// without a clock: times are milliseconds of a monotonic one, and come in about once a second.
struct LifeSigns {
  enum Step: Equatable {
    case nothing
    case ping
    case giveUp
  }

  /// 0: the broker may be silent for ever.
  var keepAlive: Int64 = 0
  private var lastSent: Int64 = 0
  private var lastHeard: Int64 = 0
  private var pingedAt: Int64?
  private var hasSent = false
  private var hasHeard = false

  /// A new connection.
  init(keepAliveSeconds: UInt16 = 0, at now: Int64 = 0) {
    keepAlive = Int64(keepAliveSeconds) * 1000
    lastSent = now
    lastHeard = now
  }

  /// Something was written.
  mutating func sent() { hasSent = true }

  /// A packet came, whichever: also one that was waiting while this side was busy.
  mutating func heard() { hasHeard = true }

  /// - Parameter isConnected: before that there is nothing to ask, only to wait.
  mutating func step(at now: Int64, isConnected: Bool) -> Step {
    if hasSent { lastSent = now }
    if hasHeard {
      lastHeard = now
      pingedAt = nil
    }
    hasSent = false
    hasHeard = false
    guard keepAlive > 0 else { return .nothing }
    guard isConnected else { return now - lastHeard >= keepAlive ? .giveUp : .nothing }
    if let pingedAt { return now - pingedAt >= keepAlive ? .giveUp : .nothing }
    guard now - min(lastSent, lastHeard) >= keepAlive else { return .nothing }
    pingedAt = now
    return .ping
  }
}
