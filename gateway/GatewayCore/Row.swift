/// One reading as a row of `sensor_data`: SI units in fixed point, identity and time resolved.
///
/// A row is a pure function of its `Entry`: decoding it twice gives the same row.
public struct Row: Sendable, Equatable {
  /// Identity; see `Entry`.
  public var device: String
  /// The device's count of starts; −1 for version 1.
  public var boot: Int64
  /// The count within that boot; a hash for version 1.
  public var seq: Int64
  /// Microseconds since 1970 UTC.
  public var timestamp: Int64
  /// Where `timestamp` comes from.
  public var timeSource: TimeSource
  /// When the gateway received it, microseconds since 1970 UTC.
  public var received: Int64
  /// `heartbeat`, `motion`, `switch` or what an older device says.
  public var event: String?
  /// 0.01 °C.
  public var temperatureCentiCelsius: Int32?
  /// 0.01 %RH.
  public var humidityCentiPercent: Int32?
  /// Pa.
  public var pressurePascals: Int32?
  /// `true` while the motion sensor is high.
  public var motion: Bool?
  /// `true` while the switch input is high.
  public var switchClosed: Bool?
  /// The chip's name, such as `BME280`.
  public var sensorType: String?
  /// `ok`, or why values are null.
  public var quality: String?
  /// dBm.
  public var wifiRSSI: Int16?
  /// Milliseconds since the device's start.
  public var uptimeMilliseconds: Int64?
  /// The device's firmware.
  public var version: String?
  /// The shape its message came in.
  public var profile = Profile.martletVersion2
  /// A JSON object of what the payload carries beyond the columns, or `nil`.
  public var extra: String?

  /// A row with an identity and a time, and no values yet.
  public init(
    device: String, boot: Int64, seq: Int64, timestamp: Int64, timeSource: TimeSource, received: Int64
  ) {
    self.device = device
    self.boot = boot
    self.seq = seq
    self.timestamp = timestamp
    self.timeSource = timeSource
    self.received = received
  }
}
