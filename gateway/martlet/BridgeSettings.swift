import CloudBridge
import MQTTClient

/// The `bridge` section: another broker that every reading is passed on to. Without `bridge.host` there is none.
struct BridgeSettings: Sendable {
  var options: BridgeOptions
  /// Whether a full journal waits for the far side, as it does for a database.
  var isRequired = false

  /// - Parameters:
  ///   - gatewayID: set later, with the base topic, when they are known.
  /// - Returns: `nil` without a far broker.
  static func read(_ reader: SettingsReader) throws -> BridgeSettings? {
    guard let host = try reader.text("bridge.host") else {
      if let key = try Self.keys.first(where: { try reader.text($0) != nil }) {
        throw SettingsError(description: "\(key) is set and bridge.host is not: name the far broker there")
      }
      return nil
    }
    var settings = BridgeSettings(options: BridgeOptions(gatewayID: "", host: host))
    settings.options.username = try reader.text("bridge.user")
    settings.options.password = try reader.text("bridge.password")
    settings.options.clientID = try reader.text("bridge.clientID")
    settings.options.version = try reader.version("bridge.version")
    settings.options.tls = try reader.tls("bridge.tls")
    settings.options.rules = try reader.choice("bridge.rules", BrokerRules.self) ?? .mqtt
    settings.options.form = try reader.choice("bridge.form", BridgeOptions.Form.self) ?? .relay
    settings.options.confirmation = try reader.choice("bridge.confirm", BridgeOptions.Confirmation.self) ?? .broker
    settings.options.window = try reader.number("bridge.window", 1...1000) ?? settings.options.window
    settings.options.bytesPerSecond = try reader.number("bridge.bytesPerSecond", 100...1_000_000_000)
    settings.options.answerSeconds =
      try reader.number("bridge.answerSeconds", 1...600).map(Double.init) ?? settings.options.answerSeconds
    settings.isRequired = try reader.flag("bridge.required") ?? false
    if let text = try reader.text("bridge.topic") {
      do throws(TopicTemplate.Fault) { settings.options.topic = try TopicTemplate(text) } catch {
        throw SettingsError(description: "bridge.topic: \(error)")
      }
    }
    let standard = settings.options.tls == nil ? 1883 : settings.options.rules == .awsIoTCore ? 443 : 8883
    settings.options.port = UInt16(try reader.number("bridge.port", 1...65_535) ?? standard)
    try settings.finish()
    return settings
  }

  private static let keys = [
    "port", "user", "password", "clientID", "version", "topic", "form", "confirm", "rules", "window", "bytesPerSecond",
    "answerSeconds", "required", "tls.enabled", "tls.caFile", "tls.certificateFile", "tls.keyFile",
  ].map { "bridge.\($0)" }

  /// What goes together, and what does not.
  private mutating func finish() throws {
    if options.rules == .awsIoTCore {
      guard options.tls != nil else {
        throw SettingsError(
          description:
            "bridge.rules: aws-iot-core speaks TLS only; give bridge.tls.certificateFile and bridge.tls.keyFile")
      }
      // AWS IoT Core, "Device communication protocols": MQTT on 443 needs this protocol's name in the handshake.
      if options.port == 443, options.tls?.applicationProtocol == nil {
        options.tls?.applicationProtocol = "x-amzn-mqtt-ca"
      }
    }
    if options.confirmation == .gateway {
      guard options.form == .relay, options.topic.endsWithDevice else {
        throw SettingsError(
          description: "bridge.confirm: gateway needs bridge.form relay and a bridge.topic that ends with /{device}, "
            + "for only then another martlet gateway can take the readings")
      }
    }
  }

  /// With the names that other sections hold.
  ///
  /// - Throws: where readings would come straight back.
  mutating func belong(to gatewayID: String, _ broker: Settings.Broker) throws {
    options.gatewayID = gatewayID
    options.baseTopic = broker.baseTopic
    let topic = options.topic.topic(base: broker.baseTopic, device: "x", gateway: gatewayID)
    if options.host == broker.host, Int(options.port) == broker.port, topic.hasPrefix(broker.baseTopic + "/") {
      throw SettingsError(
        description: "bridge.host: \(options.host):\(options.port) is the broker this gateway itself listens to, and "
          + "bridge.topic leads under its own base topic \(broker.baseTopic): every reading would come back; "
          + "name another broker, or a topic elsewhere")
    }
  }
}
