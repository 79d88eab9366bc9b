import Sensors
import StatusLED
import Telemetry

/// The device's application: what to measure, publish and show, and when. It does no input or output of its own.
///
/// A shell around it (Linux, an emulated chip, the real one) calls `step` often, does what it returns, and tells it what
/// came back:
///
///     let actions = node.step(now: now, inputs)
///     if actions.measure { sensor.begin(now: now) }
///     while node.takePayload(now: now, into: &payload) { publish(payload) }
///
/// It works from the first moment with nothing: no Wi-Fi, no configuration, no clock. Readings wait in the outbox until
/// the gateway's acknowledgement names them.
public struct Node<let outboxCapacity: Int>: Sendable {
  /// Who this is.
  public let identity: NodeIdentity
  /// What it was told to do.
  public internal(set) var configuration: NodeConfiguration
  /// The readings that are not acknowledged.
  public internal(set) var outbox = Outbox<outboxCapacity>()
  /// The last measurement; replaced, never kept as today's when it is too old.
  public internal(set) var measurement = Measurement.missing(.absent)
  /// The `ETag` of the configuration in use; empty for the built-in one.
  public internal(set) var configurationTag = InlineBytes<64>()
  /// Readings made since the boot.
  public internal(set) var made: UInt32 = 0

  var motion: MotionSensor
  var door = SwitchSensor()
  var link = Link()
  var isStarted = false
  var lastNow: UInt32 = 0
  var uptimeMilliseconds: UInt64 = 0
  /// UTC in ms since 1970 at uptime 0; `nil` while the clock was never set.
  var bootUnixMilliseconds: UInt64?

  var isMeasuring = false
  /// Uptime at which the next measurement is due, ms.
  var measurementDue: UInt64 = 0
  /// Uptime of the last measurement, ms; `nil` before the first.
  var measuredAt: UInt64?
  /// Uptime at which the next heartbeat is due, ms; the first one waits for the first measurement.
  var heartbeatDue: UInt64 = 0
  var configurationFetch = ConfigurationFetch()
  /// Uptime of the last acknowledgement, ms.
  var acknowledgedAt: UInt64?
  /// Uptime until which the LED says which board this is, ms.
  var identifyUntil: UInt64 = 0

  /// A device that has just started.
  public init(identity: NodeIdentity, configuration: NodeConfiguration = NodeConfiguration()) {
    self.identity = identity
    self.configuration = configuration
    motion = MotionSensor(cooldownMilliseconds: configuration.motionCooldownMilliseconds)
  }

  /// Goes on to `now`.
  ///
  /// - Parameters:
  ///   - now: a millisecond tick that may wrap; two calls are less than 24 days apart.
  ///   - inputs: what the pins, the sensor and the link say at this moment.
  /// - Returns: what the shell is to do.
  public mutating func step(now: UInt32, _ inputs: NodeInputs) -> NodeActions {
    if isStarted { uptimeMilliseconds += UInt64(now &- lastNow) }
    isStarted = true
    lastNow = now
    link = inputs.link
    take(inputs.measurement)
    let measure = measureWhenDue()
    watchInputs(now: now, inputs)
    heartbeatWhenDue()
    return NodeActions(
      measure: measure, fetchConfiguration: configurationFetch.begin(at: uptimeMilliseconds, isJoined: link.isJoined),
      led: ledConditions.state)
  }

  private mutating func take(_ finished: Measurement?) {
    if let finished {
      measurement = finished
      measuredAt = uptimeMilliseconds
      isMeasuring = false
    } else if let measuredAt, measurement.quality == .ok,
      uptimeMilliseconds - measuredAt > 2 * UInt64(configuration.measurementPeriodMilliseconds) + 1000
    {
      // Yesterday's value is not shown as today's.
      measurement = .missing(.stuck, measurement.sensor)
    }
  }

  private mutating func measureWhenDue() -> Bool {
    guard !isMeasuring, uptimeMilliseconds >= measurementDue else { return false }
    isMeasuring = true
    measurementDue = uptimeMilliseconds + UInt64(configuration.measurementPeriodMilliseconds)
    return true
  }

  private mutating func watchInputs(now: UInt32, _ inputs: NodeInputs) {
    if let event = motion.update(now: now, isHigh: inputs.isMotionHigh) {
      emit(.motion, suppressed: event.suppressed)
    }
    if door.update(now: now, isHigh: inputs.isSwitchHigh) != nil { emit(.switchChange) }
  }

  private mutating func heartbeatWhenDue() {
    guard measuredAt != nil, uptimeMilliseconds >= heartbeatDue else { return }
    let period = UInt64(configuration.heartbeatPeriodMilliseconds)
    // The rhythm stays, but beats that a long pause swallowed are not made up for.
    heartbeatDue += period
    if heartbeatDue <= uptimeMilliseconds { heartbeatDue = uptimeMilliseconds + period }
    emit(.heartbeat)
  }

  private mutating func emit(_ event: EventKind, suppressed: UInt16 = 0) {
    guard configuration.isEnabled else { return }
    made += 1
    outbox.append(
      Reading(
        boot: identity.boot, seq: made, event: event, measurement: measurement,
        motion: motion.isHigh.map { Level(isHigh: $0) } ?? .unknown,
        switchLevel: door.isHigh.map { Level(isHigh: $0) } ?? .unknown,
        wifiRSSI: link.rssi, uptimeMilliseconds: uptimeMilliseconds,
        unixSeconds: unixSeconds(at: uptimeMilliseconds), suppressed: suppressed))
  }

  func unixSeconds(at uptime: UInt64) -> UInt32? {
    guard let bootUnixMilliseconds else { return nil }
    return UInt32(exactly: (bootUnixMilliseconds + uptime) / 1000)
  }
}

/// What tells one device from another.
public struct NodeIdentity: Equatable, Sendable {
  /// The device's id.
  public var device: DeviceID
  /// The firmware's version.
  public var firmware: InlineBytes<24>
  /// The count of starts.
  public var boot: UInt32

  /// An identity by hand.
  public init(device: DeviceID, firmware: InlineBytes<24>, boot: UInt32) {
    self.device = device
    self.firmware = firmware
    self.boot = boot
  }
}

/// What the world says at one moment.
public struct NodeInputs: Equatable, Sendable {
  /// The motion sensor's level.
  public var isMotionHigh: Bool
  /// The switch's level.
  public var isSwitchHigh: Bool
  /// A measurement that has just finished, or failed.
  public var measurement: Measurement?
  /// The way to the gateway.
  public var link: Link

  /// Inputs by hand.
  public init(
    isMotionHigh: Bool = false, isSwitchHigh: Bool = false, measurement: Measurement? = nil, link: Link = Link()
  ) {
    self.isMotionHigh = isMotionHigh
    self.isSwitchHigh = isSwitchHigh
    self.measurement = measurement
    self.link = link
  }
}

/// The way to the gateway, as far as the device itself can see.
public struct Link: Equatable, Sendable {
  /// Wi-Fi is joined.
  public var isJoined = false
  /// dBm, while joined.
  public var rssi: Int8?
  /// The broker has accepted the connection.
  public var isConnected = false

  /// No link.
  public init() {}

  /// A link by hand.
  public init(isJoined: Bool, rssi: Int8?, isConnected: Bool) {
    self.isJoined = isJoined
    self.rssi = rssi
    self.isConnected = isConnected
  }
}

/// What the shell is to do now.
public struct NodeActions: Equatable, Sendable {
  /// Begin a measurement; its end comes back in `NodeInputs.measurement`.
  public var measure: Bool
  /// Fetch the configuration; its end comes back by `configurationArrived`, `…IsUnchanged` or `…Failed`.
  public var fetchConfiguration: Bool
  /// What the LED says.
  public var led: LEDState

  /// Actions by hand.
  public init(measure: Bool, fetchConfiguration: Bool, led: LEDState) {
    self.measure = measure
    self.fetchConfiguration = fetchConfiguration
    self.led = led
  }
}
