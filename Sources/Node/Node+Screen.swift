import Display
import Sensors
import StatusLED
import Telemetry

extension Node {
  /// How long the board says that it starts, ms.
  static var bootScreenMilliseconds: UInt64 { 1500 }
  /// After how long without an acknowledgement, though something waits for one, the gateway counts as away, ms.
  static var gatewayPatienceMilliseconds: UInt64 { 30_000 }

  /// What is true of the board now.
  var ledConditions: LEDConditions {
    var conditions = LEDConditions()
    conditions.identify = uptimeMilliseconds < identifyUntil
    conditions.disabled = !configuration.isEnabled
    conditions.booting = uptimeMilliseconds < Self.bootScreenMilliseconds
    conditions.joiningWiFi = !link.isJoined
    conditions.fetchingConfiguration = !configurationFetch.hasEnded
    conditions.offline = !link.isConnected || !isGatewayThere
    conditions.sensorFault = measurement.quality != .ok
    return conditions
  }

  /// Whether the gateway answers, or nothing waits for its answer.
  var isGatewayThere: Bool {
    guard !outbox.isEmpty else { return true }
    let oldest = outbox[0].uptimeMilliseconds
    let since = max(oldest, acknowledgedAt ?? 0)
    return uptimeMilliseconds - min(since, uptimeMilliseconds) < Self.gatewayPatienceMilliseconds
  }

  /// What the display shows now.
  public var screen: Screen {
    let device = Text(identity.device)
    let links = LinkMarks(
      wifi: link.isJoined, broker: link.isConnected,
      gateway: link.isConnected && acknowledgedAt != nil && isGatewayThere)
    switch ledConditions.state {
    case .booting:
      return .boot(BootScreen(deviceID: device, version: Text(identity.firmware), step: Text("starting")))
    case .disabled:
      return .disabled(deviceID: device)
    case .sensorFault where measurement.sensor != .none:
      return .sensorFault(
        SensorFaultScreen(
          deviceID: device, sensor: Text(measurement.sensor.name), reason: Text(measurement.quality.name), links: links)
      )
    case .offline, .joiningWiFi:
      return .offline(
        OfflineScreen(
          deviceID: device, temperatureCentiCelsius: measurement.temperatureCentiCelsius, links: links,
          unsent: UInt32(outbox.count)))
    case .identify, .fetchingConfiguration, .sensorFault, .online:
      return .reading(readingScreen(device, links))
    }
  }

  private func readingScreen(_ device: Text, _ links: LinkMarks) -> ReadingScreen {
    var screen = ReadingScreen()
    screen.deviceID = device
    screen.temperatureCentiCelsius = measurement.temperatureCentiCelsius
    screen.humidityCentiPercent = measurement.humidityCentiPercent
    screen.pressurePascals = measurement.pressurePascals
    if measurement.quality != .ok { screen.reason = Text(measurement.quality.name) }
    screen.motion = motion.isHigh
    screen.isSwitchHigh = door.isHigh
    screen.links = links
    screen.unsent = UInt32(outbox.count)
    return screen
  }
}

extension Text {
  /// The text in some bytes, as far as it fits a line.
  fileprivate init<let capacity: Int>(_ bytes: InlineBytes<capacity>) {
    self.init()
    for index in 0..<bytes.count { append(bytes[index]) }
  }
}
