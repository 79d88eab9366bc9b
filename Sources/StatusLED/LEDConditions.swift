/// Everything that may be true of the board at one moment; `state` is the one that shows.
public struct LEDConditions: Equatable, Sendable {
  /// Somebody asked which board this is.
  public var identify = false
  /// The configuration says that this device publishes nothing.
  public var disabled = false
  /// Starting.
  public var booting = false
  /// Looking for Wi-Fi.
  public var joiningWiFi = false
  /// Wi-Fi is there, the configuration is not yet.
  public var fetchingConfiguration = false
  /// No broker, or no gateway behind it.
  public var offline = false
  /// No sensor, or it fails.
  public var sensorFault = false

  /// Nothing is true: all is well.
  public init() {}

  /// What the LED shows, by the priority of `LEDState`'s cases.
  public var state: LEDState {
    if identify { return .identify }
    if disabled { return .disabled }
    if booting { return .booting }
    if joiningWiFi { return .joiningWiFi }
    if fetchingConfiguration { return .fetchingConfiguration }
    if offline { return .offline }
    if sensorFault { return .sensorFault }
    return .online
  }
}
