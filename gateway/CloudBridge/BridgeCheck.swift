import MQTTClient

/// Whether the far broker would take readings: for `martlet doctor`. Publishes nothing.
public enum BridgeCheck {
  /// What is wrong, and what to do.
  public struct Fault: Error, CustomStringConvertible {
    /// In one line.
    public let description: String
  }

  /// Connects under a name of its own, so that a running gateway keeps its connection, and asks for the rights that can be
  /// asked for.
  ///
  /// - Returns: what works.
  public static func look(_ options: BridgeOptions) throws(Fault) -> String {
    let address = "\(options.host):\(options.port)"
    let topic = options.topic.topic(base: options.baseTopic, device: "<device>", gateway: options.gatewayID)
    do throws(MQTTError) {
      var mqtt = options.mqtt
      // AWS IoT Core lets in only the client ids a policy names.
      if options.rules != .awsIoTCore { mqtt.clientID += "-doctor" }
      let client = try MQTTClient(mqtt)
      try client.connect()
      guard try client.awaitConnection(milliseconds: 5000) else {
        throw MQTTError(
          .unreachable, detail: "it takes the connection and says nothing; is it an MQTT broker?")
      }
      client.disconnect()
      var words = "\(address) accepts this gateway; readings go to \(topic)"
      if options.confirmation == .gateway { words += ", confirmed on \(options.acknowledgementTopic)" }
      return words
    } catch {
      let remedy =
        switch error.code {
        case .invalid: "check the files under bridge.tls"
        case .refused where error.reason == nil && options.tls != nil:
          "check bridge.tls.caFile, bridge.tls.serverName, bridge.tls.applicationProtocol and this gateway's own certificate"
        case .refused: "give bridge.user and bridge.password, or a certificate, that the broker knows"
        case .unreachable, .connectionLost, .notConnected, .protocolViolation, .exhausted:
          options.tls == nil
            ? "is bridge.host right, and does bridge.port speak MQTT without TLS?"
            : "is bridge.host right, does bridge.port speak TLS, and does it accept this certificate?"
        }
      throw Fault(description: "\(address): \(error); \(remedy)")
    }
  }
}
