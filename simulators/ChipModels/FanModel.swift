import HAL

/// A fan on a PWM pin, or on a switched one: it needs a minimum to start, less to go on, and speeds up with the duty.
public final class FanModel: PWMPin, OutputPin {
  /// What it needs to start, percent.
  public let startingPercent: UInt8
  /// Below this a turning fan stops, percent.
  public let stallingPercent: UInt8
  /// Its speed at 100 percent, in turns a minute.
  public let maximumSpeed: Int
  /// What it is given.
  public private(set) var dutyPercent: UInt8 = 0
  /// Whether it turns.
  public private(set) var isTurning = false
  /// Every change of what it is given since the start, at most the last 4,096.
  public private(set) var log: [UInt8] = []

  /// A fan that stands.
  public init(startingPercent: UInt8 = 30, stallingPercent: UInt8 = 20, maximumSpeed: Int = 3000) {
    self.startingPercent = startingPercent
    self.stallingPercent = stallingPercent
    self.maximumSpeed = maximumSpeed
  }

  /// Turns a minute.
  public var speed: Int { isTurning ? maximumSpeed * Int(dutyPercent) / 100 : 0 }

  /// Sets the duty.
  public func set(dutyPercent: UInt8) {
    precondition(dutyPercent <= 100, "a duty of \(dutyPercent) percent")
    isTurning = dutyPercent >= (isTurning ? stallingPercent : startingPercent)
    guard dutyPercent != self.dutyPercent else { return }
    self.dutyPercent = dutyPercent
    if log.count == 4096 { log.removeFirst(2048) }
    log.append(dutyPercent)
  }

  /// All or nothing.
  public func set(high: Bool) { set(dutyPercent: high ? 100 : 0) }
}
