import MQTTClient

/// The far broker, and how readings go there.
public struct BridgeOptions: Sendable {
  /// What a message on the far broker is.
  public enum Form: String, Sendable, Equatable, CaseIterable {
    /// The payload with what this gateway knows of it around it, for another gateway (protocol/relay.md).
    case relay
    /// The payload alone, byte for byte as the device sent it.
    case payload
  }

  /// Whose word moves the cursor.
  public enum Confirmation: String, Sendable, Equatable, CaseIterable {
    /// The far broker's PUBACK.
    case broker
    /// The far gateway's acknowledgement, after its commit: then the far broker may lose its memory, and nothing is lost.
    case gateway
  }

  /// This gateway's name, as it goes on the way.
  public var gatewayID: String
  /// What stands before the device's id in the near topics.
  public var baseTopic = "iots6"
  /// The far broker's name or address.
  public var host: String
  /// Its port.
  public var port: UInt16 = 1883
  /// The name this gateway's connection has there; `nil`: `martlet-<gatewayID>-bridge`.
  public var clientID: String?
  /// The name to log in with, or `nil`.
  public var username: String?
  /// The secret that goes with `username`.
  public var password: String?
  /// The protocol.
  public var version = MQTTVersion.v5
  /// TLS, or `nil` for none.
  public var tls: MQTTTLS?
  /// How topics are made.
  public var topic = TopicTemplate.same
  /// What a message is.
  public var form = Form.relay
  /// Whose word moves the cursor.
  public var confirmation = Confirmation.broker
  /// What the far broker takes.
  public var rules = BrokerRules.mqtt
  /// How many messages may be under way unconfirmed.
  public var window = 100
  /// A cap on payload and topic bytes a second, or `nil`.
  public var bytesPerSecond: Int?
  /// How long nothing may be confirmed while something is under way, before the connection is given up, in seconds.
  public var answerSeconds = 20.0
  /// The silence after which the connection is given up, in seconds, at least 5.
  public var keepAliveSeconds: UInt16 = 60

  /// Options for one far broker, everything else at its default.
  public init(gatewayID: String, host: String) {
    self.gatewayID = gatewayID
    self.host = host
  }

  /// The most entries of one delivery: with a cap about what a second allows, so that new readings and a stop do not wait
  /// behind the rest.
  public var batchSize: Int {
    let most = 500
    guard let bytesPerSecond else { return most }
    return max(1, min(most, bytesPerSecond / 400))
  }

  /// Where the far gateway acknowledges.
  var acknowledgementTopic: String {
    topic.topic(base: baseTopic, device: "\(gatewayID)/relay/ack", gateway: gatewayID)
  }

  var mqtt: MQTTOptions {
    var options = MQTTOptions(host: host, port: port, clientID: clientID ?? "martlet-\(gatewayID)-bridge")
    options.keepAliveSeconds = keepAliveSeconds
    options.sendMaximum = UInt16(clamping: window)
    options.username = username
    options.password = password
    options.version = version
    options.tls = tls
    return options
  }
}
