import Telemetry

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
