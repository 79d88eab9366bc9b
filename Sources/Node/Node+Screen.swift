import Display
import Sensors
import StatusLED
import Telemetry

extension Node {
  /// How long the board says that it starts, ms.
  static var bootScreenMilliseconds: UInt64 { 1500 }
  /// After how long without an acknowledgement, though something waits for one, the gateway counts as away, ms.
  static var gatewayPatienceMilliseconds: UInt64 { 30_000 }

  // What asks the outbox is mutating, so that it is read in place (see `Outbox.oldestUptimeMilliseconds`).

  /// What is true of the board now.
  mutating func ledConditions() -> LEDConditions {
    var conditions = LEDConditions()
    conditions.identify = uptimeMilliseconds < identifyUntil
    conditions.disabled = !configuration.isEnabled
    conditions.booting = uptimeMilliseconds < Self.bootScreenMilliseconds
    conditions.joiningWiFi = !link.isJoined
    conditions.fetchingConfiguration = !configurationFetch.hasEnded
    conditions.offline = !link.isConnected || !isGatewayThere()
    conditions.sensorFault = measurement.quality != .ok
    return conditions
  }

  /// Whether the gateway answers, or nothing waits for its answer.
  mutating func isGatewayThere() -> Bool {
    guard !outbox.isEmpty else { return true }
    // What an earlier life left waits since this one began.
    let oldest = outbox.oldestUptimeMilliseconds(ofBoot: identity.boot) ?? 0
    let since = max(oldest, acknowledgedAt ?? 0)
    return uptimeMilliseconds - min(since, uptimeMilliseconds) < Self.gatewayPatienceMilliseconds
  }

  /// What the display shows now; `Screen.draw(as:firmware:on:)` draws it.
  public mutating func screen() -> Screen {
    var screen = Screen(screenKind())
    screen.shift = BurnInCare.shift(at: uptimeMilliseconds, every: UInt32(configuration[.displayShiftPeriod]))
    switch screen.kind {
    case .boot, .disabled, .identify: return screen
    case .joining, .offline, .reading, .sensorFault: break
    }
    screen.measurement = measurement
    screen.unit = configuration.displayUnit
    screen.links = LinkMarks(
      wifi: link.isJoined, broker: link.isConnected,
      gateway: link.isConnected && acknowledgedAt != nil && isGatewayThere())
    screen.unsent = UInt32(outbox.count)
    if screen.kind == .reading {
      screen.motion = motion.isHigh.map { Level(isHigh: $0) } ?? .unknown
      screen.switchLevel = door.isHigh.map { Level(isHigh: $0) } ?? .unknown
    }
    return screen
  }

  private mutating func screenKind() -> Screen.Kind {
    switch ledConditions().state {
    case .identify: .identify
    case .booting: .boot
    case .disabled: .disabled
    case .joiningWiFi: wasJoined ? .offline : .joining
    case .offline: .offline
    // Nothing was ever found: the reading screen says so beside what there is.
    case .sensorFault: measurement.sensor == .none ? .reading : .sensorFault
    case .fetchingConfiguration, .online: .reading
    }
  }
}
