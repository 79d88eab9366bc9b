/// One accepted message as the journal keeps it: who it is, when it happened, and the bytes it came as.
///
/// The identity is (device, boot, seq). A version-1 message has neither boot nor seq: its `boot` is −1 and its `seq` a
/// 63-bit hash of its exact bytes, so that one key serves both, here and in the database. So it is with what a payload
/// profile translated; there the hash is of topic, payload and, unless the message has a time of its own, the second it came.
///
/// `timestamp` and `timeSource` are fixed before the entry is committed and never change: a redelivery must meet the
/// same row, or the database's unique key could not catch it.
public struct Entry: Sendable, Equatable {
  /// The journal's own number, ascending from 1 without reuse; 0 until committed.
  public var id: Int64
  /// The device's id, at most 32 bytes.
  public var device: String
  /// The device's count of starts; −1 for version 1.
  public var boot: Int64
  /// The count within that boot; a hash for version 1.
  public var seq: Int64
  /// When the reading was taken, microseconds since 1970 UTC.
  public var timestamp: Int64
  /// Where `timestamp` comes from.
  public var timeSource: TimeSource
  /// When the gateway received it, microseconds since 1970 UTC.
  public var received: Int64
  /// How to read `bytes`.
  public var profile: Profile
  /// The payload exactly as it came; of a translated message its translation.
  public var bytes: [UInt8]
  /// The gateways it came through (`Relay.path`); `nil`: straight from the device.
  public var via: String?

  /// An entry that is not committed yet.
  public init(
    id: Int64 = 0, device: String, boot: Int64, seq: Int64, timestamp: Int64, timeSource: TimeSource, received: Int64,
    profile: Profile, bytes: [UInt8], via: String? = nil
  ) {
    self.id = id
    self.device = device
    self.boot = boot
    self.seq = seq
    self.timestamp = timestamp
    self.timeSource = timeSource
    self.received = received
    self.profile = profile
    self.bytes = bytes
    self.via = via
  }
}

/// Where a reading's time comes from, told in the database's `time_source`.
public enum TimeSource: UInt8, Sendable, Equatable, CaseIterable {
  /// The device's clock, which was set.
  case device
  /// The device's uptime plus the offset of that boot, which the gateway fixed once.
  case derived
  /// The moment the gateway received the first copy.
  case received

  /// The word in the database.
  public var name: String {
    switch self {
    case .device: "device"
    case .derived: "derived"
    case .received: "received"
    }
  }
}

/// The shape of a payload.
public enum Profile: UInt8, Sendable, Equatable, CaseIterable {
  /// The existing fleet: flat JSON, °F and inHg (`iots6-1`).
  case iots6Version1 = 1
  /// This project's device: SI units, boot and seq (`martlet-2`).
  case martletVersion2 = 2
  /// What a payload profile made of somebody else's message: SI units as in version 2, without boot and seq.
  case translated = 3
}
