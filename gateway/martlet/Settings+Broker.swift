import MQTTClient

extension Settings.Broker {
  /// A connection of its own to the broker, without a session that outlives it.
  func options(clientID: String) -> MQTTOptions {
    var options = MQTTOptions(host: host, port: UInt16(port), clientID: clientID)
    options.username = user
    options.password = password
    options.version = version
    options.tls = tls
    return options
  }
}
