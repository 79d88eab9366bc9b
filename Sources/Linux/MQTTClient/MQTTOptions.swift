/// How a client introduces itself to the broker, and what it lets the broker do.
public struct MQTTOptions: Sendable {
  /// The broker's name or address.
  public var host: String
  /// The broker's port, 1 … 65,535.
  public var port: UInt16
  /// The client's name; the broker keeps a session under it.
  public var clientID: String
  /// `true`: an older session is forgotten. `false`: it goes on, with what was queued for it.
  public var cleanStart = true
  /// How long the broker keeps the session after the connection ended, in seconds (MQTT 5 only; 3.1.1 sessions that do
  /// not start clean have no end).
  public var sessionExpirySeconds: UInt32 = 0
  /// The silence after which either side gives the other up, in seconds, at least 5; 0 turns it off.
  public var keepAliveSeconds: UInt16 = 60
  /// How many messages of QoS 1 the broker may have under way to this client unacknowledged (MQTT 5).
  ///
  /// It bounds a commit batch: with 20 a batch would be 20 messages.
  public var receiveMaximum: UInt16 = 1000
  /// How many messages of QoS 1 this client may have under way unacknowledged; more wait in the client.
  public var sendMaximum: UInt16 = 20
  /// The name to log in with, or `nil`.
  public var username: String?
  /// The secret that goes with `username`.
  public var password: String?
  /// The protocol on the wire.
  public var version = MQTTVersion.v5
  /// TLS, or `nil` for none.
  public var tls: MQTTTLS?
  /// What the broker publishes when this client goes without a word.
  public var will: MQTTWill?
  /// A payload is handed over cut at this many bytes; `MQTTMessage.length` tells how long it was.
  public var payloadLimit = 65_537

  /// Options for one broker, everything else at its default.
  public init(host: String = "127.0.0.1", port: UInt16 = 1883, clientID: String) {
    self.host = host
    self.port = port
    self.clientID = clientID
  }
}

/// The protocol versions the client speaks.
public enum MQTTVersion: Sendable, Equatable, CaseIterable {
  /// MQTT 3.1.1.
  case v311
  /// MQTT 5.0.
  case v5
}

/// A last will.
public struct MQTTWill: Sendable, Equatable {
  /// Where.
  public var topic: String
  /// What.
  public var payload: [UInt8]
  /// 0 … 2.
  public var qos: UInt8
  /// Whether the broker keeps it for later subscribers.
  public var isRetained: Bool

  /// What is published where.
  public init(topic: String, payload: [UInt8], qos: UInt8 = 1, isRetained: Bool = true) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
  }
}

/// A message from the broker.
public struct MQTTMessage: Sendable, Equatable {
  /// Where it was published.
  public var topic: String
  /// At most `MQTTOptions.payloadLimit` bytes.
  public var payload: [UInt8]
  /// How long the payload was, in bytes.
  public var length: Int
  /// 0 or 1.
  public var qos: UInt8
  /// Whether the broker kept it from before the subscription.
  public var isRetained: Bool

  /// A whole message.
  public init(topic: String, payload: [UInt8], length: Int? = nil, qos: UInt8 = 1, isRetained: Bool = false) {
    self.topic = topic
    self.payload = payload
    self.length = length ?? payload.count
    self.qos = qos
    self.isRetained = isRetained
  }
}
