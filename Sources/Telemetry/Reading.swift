/// What the device wants to tell, as it waits in the outbox: values, identity, moment. A plain value of fixed size.
public struct Reading: Equatable, Sendable {
  /// The count of starts this reading belongs to; never repeats.
  public var boot: UInt32
  /// The count within the boot, from 1.
  public var seq: UInt32
  /// What made the device speak.
  public var event: EventKind
  /// The last look at the environment.
  public var measurement: Measurement
  /// The motion sensor's level.
  public var motion: Level
  /// The switch's level.
  public var switchLevel: Level
  /// Strength of the Wi-Fi signal in dBm, −128 … 0; `nil` while not joined.
  public var wifiRSSI: Int8?
  /// Milliseconds since the boot.
  public var uptimeMilliseconds: UInt64
  /// The moment of the reading, seconds since 1970 UTC; `nil` while the clock was never set.
  public var unixSeconds: UInt32?
  /// Events that fell into a cool-down since the last reading that told any; 65,535 means that many or more.
  public var suppressed: UInt16
  /// What the PWM fan gets, 0 … 100 percent; `nil` where none is configured.
  public var fanDutyPercent: UInt8?
  /// How many of the switched fans run, 0 … 8; `nil` where none are configured.
  public var fansActive: UInt8?

  /// A reading with its identity.
  public init(
    boot: UInt32, seq: UInt32, event: EventKind, measurement: Measurement, motion: Level, switchLevel: Level,
    wifiRSSI: Int8? = nil, uptimeMilliseconds: UInt64, unixSeconds: UInt32? = nil, suppressed: UInt16 = 0,
    fanDutyPercent: UInt8? = nil, fansActive: UInt8? = nil
  ) {
    self.boot = boot
    self.seq = seq
    self.event = event
    self.measurement = measurement
    self.motion = motion
    self.switchLevel = switchLevel
    self.wifiRSSI = wifiRSSI
    self.uptimeMilliseconds = uptimeMilliseconds
    self.unixSeconds = unixSeconds
    self.suppressed = suppressed
    self.fanDutyPercent = fanDutyPercent
    self.fansActive = fansActive
  }
}

/// What makes a device speak.
public enum EventKind: UInt8, Equatable, Sendable, CaseIterable {
  /// The period is over.
  case heartbeat
  /// Somebody moved.
  case motion
  /// A door opened or closed.
  case switchChange

  /// The name on the wire.
  public var name: StaticString {
    switch self {
    case .heartbeat: "heartbeat"
    case .motion: "motion"
    case .switchChange: "switch"
    }
  }
}

/// The level of an input.
public enum Level: UInt8, Equatable, Sendable, CaseIterable {
  case unknown, low, high

  /// The level of a pin.
  public init(isHigh: Bool) {
    self = isHigh ? .high : .low
  }

  /// The name on the wire; version 2 writes `unknown` as `null`.
  public var name: StaticString {
    switch self {
    case .unknown: "UNKNOWN"
    case .low: "LOW"
    case .high: "HIGH"
    }
  }
}

/// Readings of one boot that the device no longer holds, both ends included.
public struct DroppedRange: Equatable, Sendable {
  /// The count of starts.
  public var boot: UInt32
  /// The first of them.
  public var first: UInt32
  /// The last of them.
  public var last: UInt32

  /// The readings `first` … `last` of a boot.
  public init(boot: UInt32, first: UInt32, last: UInt32) {
    self.boot = boot
    self.first = first
    self.last = last
  }
}
