import Display
import Fans
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
  /// Which reading `takePayload` gave last.
  public internal(set) var taken: ReadingIdentity?
  /// Whether the wall time is known.
  public internal(set) var clock = ClockState.unset
  /// Grows when the status message says something new: publish it again then.
  public internal(set) var statusEdition: UInt32 = 0
  /// Whether no readings are made: for a shell that is about to end, and lets the outbox empty first. Everything else goes on.
  public var isQuiet = false
  /// What goes on in this life, for the next one to tell; keep it when `NodeActions.storeFlightRecord` says so.
  public internal(set) var flight: FlightRecord

  var motion: MotionSensor
  var door: SwitchSensor
  var link = Link()
  var wasJoined = false
  var wasGatewayThere = false
  var isStarted = false
  var lastNow: UInt32 = 0
  var uptimeMilliseconds: UInt64 = 0
  /// UTC in ms since 1970 at uptime 0; `nil` while the clock was never set.
  var bootUnixMilliseconds: UInt64?

  /// Uptime at which the measurement under way began, ms; `nil` when none is.
  var measuringSince: UInt64?
  /// Uptime at which the next measurement is due, ms.
  var measurementDue: UInt64 = 0
  /// Uptime of the last measurement, ms; `nil` before the first.
  var measuredAt: UInt64?
  /// Uptime at which the next heartbeat is due, ms; the first one waits for the first measurement.
  var heartbeatDue: UInt64 = 0
  /// Uptime at which the pins are looked at next, ms.
  var motionDue: UInt64 = 0
  var doorDue: UInt64 = 0
  /// Uptime at which somebody was last seen, by a motion, a switch or a command, ms.
  var seenAt: UInt64 = 0
  var configurationFetch = ConfigurationFetch()
  var trial: ConfigurationTrial
  var refusedKeys = RefusedKeys()
  /// Uptime of the last acknowledgement, ms.
  var acknowledgedAt: UInt64?
  /// Uptime until which LED and display say which board this is, ms.
  var identifyUntil: UInt64 = 0
  var commands = CommandQueue()
  var isRestartWanted = false
  var isStoringConfiguration = false
  var isStoringFlightRecord = false
  var lines = Log()
  /// The record of the last life, where there is one.
  var previousFlight: FlightRecord
  var hasPreviousFlight: Bool
  var isFlightTold = false
  var pwmFan = FanState()
  var stepFans = FanState()
  /// What the fans get; `nil` where none are configured.
  var fanDutyPercent: UInt8?
  var fansActive: UInt8?

  /// A device that has just started.
  ///
  /// - Parameters:
  ///   - configuration: what it works by until it is told better, such as the last good one from flash (`restore`).
  ///   - cause: why it started.
  ///   - previous: the record of its last life.
  public init(
    identity: NodeIdentity, configuration: NodeConfiguration = NodeConfiguration(), cause: ResetCause = .unknown,
    previous: FlightRecord? = nil
  ) {
    self.identity = identity
    self.configuration = configuration
    motion = MotionSensor(cooldownMilliseconds: configuration.motionCooldownMilliseconds)
    door = SwitchSensor(debounceMilliseconds: UInt32(configuration[.switchDebounce]))
    trial = ConfigurationTrial(
      lastGood: TaggedConfiguration(configuration: configuration, tag: InlineBytes<64>()))
    flight = FlightRecord(boot: identity.boot, cause: cause)
    previousFlight = previous ?? FlightRecord(boot: 0, cause: .unknown)
    // Not `!= nil`, which would compare two records.
    if case .some = previous { hasPreviousFlight = true } else { hasPreviousFlight = false }
  }

  /// Goes on to `now`.
  ///
  /// - Parameters:
  ///   - now: a millisecond tick that may wrap; two calls are less than 24 days apart.
  ///   - inputs: what the pins, the sensor and the link say at this moment.
  /// - Returns: what the shell is to do.
  public mutating func step(now: UInt32, _ inputs: NodeInputs) -> NodeActions {
    let elapsed = isStarted ? now &- lastNow : 0
    uptimeMilliseconds += UInt64(elapsed)
    isStarted = true
    lastNow = now
    follow(inputs.link)
    if link.isJoined, trial.advance(milliseconds: elapsed, nextSeq: made + 1) { runActiveConfiguration() }
    take(inputs.measurement)
    let measure = measureWhenDue()
    watchInputs(now: now, inputs)
    heartbeatWhenDue()
    driveFans(now: now)
    let led = ledConditions().state
    defer {
      isStoringConfiguration = false
      isStoringFlightRecord = false
      isRestartWanted = false
    }
    return NodeActions(
      measure: measure, fetchConfiguration: configurationFetch.begin(at: uptimeMilliseconds, isJoined: link.isJoined),
      led: led,
      isDisplayDim: BurnInCare.isDim(
        idleMilliseconds: uptimeMilliseconds - seenAt, after: UInt32(configuration[.displayDimPeriod])),
      fanDutyPercent: fanDutyPercent, fansActive: fansActive, storeConfiguration: isStoringConfiguration,
      storeFlightRecord: isStoringFlightRecord, restart: isRestartWanted)
  }

  private mutating func follow(_ link: Link) {
    let seconds = UInt32(truncatingIfNeeded: uptimeMilliseconds / 1000)
    // Once an hour the record of this life is kept as it is: a board that dies leaves at most so much untold.
    if seconds / 3600 != flight.uptimeSeconds / 3600 { isStoringFlightRecord = true }
    flight.uptimeSeconds = seconds
    if link.isJoined != self.link.isJoined { note(.wifi, isUp: link.isJoined) }
    if link.isConnected != self.link.isConnected { note(.broker, isUp: link.isConnected) }
    self.link = link
    if link.isJoined { wasJoined = true }
    let isThere = link.isConnected && acknowledgedAt != nil && isGatewayThere()
    if isThere != wasGatewayThere { note(.gateway, isUp: isThere) }
    wasGatewayThere = isThere
  }

  private mutating func note(_ link: FlightRecord.Link, isUp: Bool) {
    flight.note(link, isUp: isUp)
    log(.info, isUp ? "link up: " : "link down: ", link.name)
  }

  private mutating func take(_ finished: Measurement?) {
    if let finished {
      tellSensorChange(to: finished)
      measurement = finished
      measuredAt = uptimeMilliseconds
      measuringSince = nil
      guard commands.isWaiting() else { return }
      emit(.heartbeat)
      answerReads(made)
    } else if let measuringSince, uptimeMilliseconds - measuringSince >= Self.measuringPatienceMilliseconds {
      take(.missing(.stuck, measurement.sensor))
    } else if let measuredAt, measurement.quality == .ok,
      uptimeMilliseconds - measuredAt > 2 * UInt64(configuration.measurementPeriodMilliseconds) + 1000
    {
      // Yesterday's value is not shown as today's.
      let stuck = Measurement.missing(.stuck, measurement.sensor)
      tellSensorChange(to: stuck)
      measurement = stuck
    }
  }

  /// No chip takes that long; a measurement that does is given up and begun again, in ms.
  static var measuringPatienceMilliseconds: UInt64 { 10_000 }

  private mutating func tellSensorChange(to next: Measurement) {
    guard next.quality != measurement.quality, measuredAt != nil || next.quality != .ok else { return }
    if next.quality == .ok { log(.info, "sensor is back") } else { log(.warning, "sensor: ", next.quality.name) }
  }

  private mutating func measureWhenDue() -> Bool {
    guard measuringSince == nil, uptimeMilliseconds >= measurementDue else { return false }
    measuringSince = uptimeMilliseconds
    measurementDue = uptimeMilliseconds + UInt64(configuration.measurementPeriodMilliseconds)
    return true
  }

  private mutating func watchInputs(now: UInt32, _ inputs: NodeInputs) {
    if uptimeMilliseconds >= motionDue {
      motionDue = uptimeMilliseconds + UInt64(configuration[.motionCheckPeriod])
      let wasStuck = motion.isStuck
      let event = motion.update(now: now, isHigh: inputs.isMotionHigh)
      if motion.isStuck, !wasStuck { log(.warning, "motion sensor: ", Quality.stuck.name) }
      // Somebody who goes on moving keeps the display bright, events or not; a pin that hangs does not.
      if inputs.isMotionHigh, !motion.isStuck { seenAt = uptimeMilliseconds }
      if let event { emit(.motion, suppressed: event.suppressed) }
    }
    if uptimeMilliseconds >= doorDue {
      doorDue = uptimeMilliseconds + UInt64(configuration[.switchCheckPeriod])
      if door.update(now: now, isHigh: inputs.isSwitchHigh) != nil {
        seenAt = uptimeMilliseconds
        emit(.switchChange)
      }
    }
  }

  private mutating func heartbeatWhenDue() {
    guard measuredAt != nil, uptimeMilliseconds >= heartbeatDue else { return }
    let period = UInt64(configuration.heartbeatPeriodMilliseconds)
    // The rhythm stays, but beats that a long pause swallowed are not made up for.
    heartbeatDue += period
    if heartbeatDue <= uptimeMilliseconds { heartbeatDue = uptimeMilliseconds + period }
    emit(.heartbeat)
  }

  private mutating func driveFans(now: UInt32) {
    let temperature = measurement.temperatureCentiCelsius
    fanDutyPercent =
      configuration[.pwmEnabled] == 1
      ? PWMFan.duty(configuration.pwmFan, temperatureCentiCelsius: temperature, now: now, &pwmFan) : nil
    if fanDutyPercent == nil { pwmFan = FanState() }
    fansActive =
      configuration[.stepEnabled] == 1
      ? StepFans.count(configuration.stepFans, temperatureCentiCelsius: temperature, now: now, &stepFans) : nil
    if fansActive == nil { stepFans = FanState() }
  }

  private mutating func emit(_ event: EventKind, suppressed: UInt16 = 0) {
    guard configuration.isEnabled, !isQuiet else { return }
    made += 1
    let told = outbox.dropped.total
    outbox.append(
      Reading(
        boot: identity.boot, seq: made, event: event, measurement: measurement,
        motion: motion.isHigh.map { Level(isHigh: $0) } ?? .unknown,
        switchLevel: door.isHigh.map { Level(isHigh: $0) } ?? .unknown,
        wifiRSSI: link.rssi, uptimeMilliseconds: uptimeMilliseconds,
        unixSeconds: unixSeconds(at: uptimeMilliseconds), suppressed: suppressed, fanDutyPercent: fanDutyPercent,
        fansActive: fansActive))
    if outbox.dropped.total > told { log(.warning, "readings dropped", value: Int32(clamping: outbox.dropped.total)) }
  }

  // Mutating, so that the node is not copied for it (see `Outbox.oldestUptimeMilliseconds`).
  mutating func unixSeconds(at uptime: UInt64) -> UInt32? {
    guard let bootUnixMilliseconds else { return nil }
    return UInt32(exactly: (bootUnixMilliseconds + uptime) / 1000)
  }

  /// Notes something for the remote log; an error also for the flight record.
  mutating func log(
    _ level: LogLevel, _ text: StaticString, _ detail: StaticString = "", value: Int32? = nil
  ) {
    if level == .error {
      flight.error.removeAll()
      flight.error.append(text)
      flight.error.append(detail)
      isStoringFlightRecord = true
    }
    guard level.rawValue <= configuration.logLevel.rawValue else { return }
    lines.append(
      Log.Line(level: level, text: text, detail: detail, value: value, uptimeMilliseconds: uptimeMilliseconds))
  }
}

/// Whether a device knows what time it is.
public enum ClockState: UInt8, Equatable, Sendable {
  /// Never set since the boot: readings carry no time.
  case unset
  /// Set once.
  case set
  /// Set again, to another time: readings made before keep the time they were given.
  case stepped
}
