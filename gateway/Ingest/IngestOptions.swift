import GatewayCore
import MQTTClient
import Profiles

/// Where the gateway listens and how much it takes at once.
public struct IngestOptions: Sendable {
  /// The gateway's name; the broker keeps its session under `martlet-<gatewayID>`, so it must stay the same.
  public var gatewayID: String
  /// What stands before the device's id in topics; may contain `/`, neither begins nor ends with it.
  public var baseTopic = "iots6"
  /// Whose messages are taken besides those under the base topic.
  public var profiles = ProfileSet()
  /// The name under which several gateways share the readings (MQTT 5.0, 4.8.2), each with a journal of its own; `nil`:
  /// this gateway gets all of them.
  public var shareName: String?
  /// The broker's name or address.
  public var host = "127.0.0.1"
  /// The broker's port.
  public var port: UInt16 = 1883
  /// The name to log in with, or `nil`.
  public var username: String?
  /// The secret that goes with `username`.
  public var password: String?
  /// The protocol; the session's expiry needs MQTT 5.
  public var version = MQTTVersion.v5
  /// TLS, or `nil` for none.
  public var tls: MQTTTLS?
  /// How long the broker keeps messages for a gateway that is away, in seconds: 7 days.
  public var sessionExpirySeconds: UInt32 = 7 * 86_400
  /// The silence after which the connection is given up, in seconds, at least 5.
  public var keepAliveSeconds: UInt16 = 60
  /// The most messages of one commit.
  public var batchMessages = 1000
  /// The payload bytes after which a commit is due.
  public var batchBytes = 4 << 20
  /// The waits between attempts to connect.
  public var backoff = Backoff(firstSeconds: 0.5, limitSeconds: 30)
  /// The waits between looks whether a full store has room again.
  public var patience = Backoff(firstSeconds: 0.25, limitSeconds: 5)

  /// Options of one gateway, everything else at its default.
  public init(gatewayID: String) {
    self.gatewayID = gatewayID
  }

  /// What to subscribe to, with QoS 1. With MQTT 5 everything under the base topic, so that a device that publishes to a
  /// wrong topic is told of and not overheard. MQTT 3.1.1 would send this gateway its own acknowledgements back, and what is
  /// shared cannot be kept from its sender either (3.8.3.1): there only the topics that are known. Who is online each
  /// gateway shows.
  var filters: [String] {
    if let shareName {
      let shared = "$share/\(shareName)/\(baseTopic)"
      return ["\(shared)/+", "\(baseTopic)/+/status", "\(shared)/+/log"]
    }
    return hasOwnEcho ? ["/+", "/+/status", "/+/log"].map { baseTopic + $0 } : ["\(baseTopic)/#"]
  }

  /// Whether the broker would send back what this gateway publishes under its filters.
  var hasOwnEcho: Bool { version != .v5 || shareName != nil }

  var mqtt: MQTTOptions {
    var options = MQTTOptions(host: host, port: port, clientID: "martlet-\(gatewayID)")
    options.cleanStart = false
    options.sessionExpirySeconds = sessionExpirySeconds
    options.keepAliveSeconds = keepAliveSeconds
    options.receiveMaximum = UInt16(clamping: max(batchMessages, 1))
    options.username = username
    options.password = password
    options.version = version
    options.tls = tls
    options.payloadLimit = Profiles.payloadLimit + 1
    return options
  }
}

/// Who else wants to know. Called on the ingest thread, after the acknowledgements have left: be quick.
public struct IngestHandlers: Sendable {
  /// Gets the rows of each commit, in the order of arrival, and for each whether it was new.
  public var committed: (@Sendable (_ rows: [Row], _ isNew: [Bool]) -> Void)?
  /// Gets what devices say of themselves.
  public var status: (@Sendable (DeviceStatus) -> Void)?

  /// Nobody, or those.
  public init(
    committed: (@Sendable (_ rows: [Row], _ isNew: [Bool]) -> Void)? = nil,
    status: (@Sendable (DeviceStatus) -> Void)? = nil
  ) {
    self.committed = committed
    self.status = status
  }
}

/// What a device's status topic says.
public struct DeviceStatus: Sendable, Equatable {
  /// The device's id, from the topic.
  public var device: String
  /// `false`: it said good-bye, or the broker published its last will.
  public var isOnline: Bool
  /// The device's count of starts, where it says.
  public var boot: Int64?
  /// The device's firmware, where it says.
  public var version: String?
  /// Microseconds since 1970 UTC.
  public var received: Int64
  /// Whether it is the broker's memory, not news.
  public var isRetained: Bool
}
