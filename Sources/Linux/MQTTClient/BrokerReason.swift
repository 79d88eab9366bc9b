/// What a broker says with a number (MQTT 3.1.1, table 3.1; MQTT 5.0, 2.4), in words.
enum BrokerReason {
  static func words(_ reason: UInt8, _ version: MQTTVersion) -> String {
    let words: String? =
      switch version {
      case .v311: version311[reason]
      case .v5: version5[reason]
      }
    return "\(words ?? "a reason unknown here") (\(reason))"
  }

  private static let version311: [UInt8: String] = [
    1: "it does not speak MQTT 3.1.1", 2: "it does not accept the client's name", 3: "it is not available",
    4: "it does not know this user name and password", 5: "not authorised",
  ]

  private static let version5: [UInt8: String] = [
    0: "it ended the connection", 4: "it ended the connection and publishes the will", 128: "unspecified error",
    129: "malformed packet", 130: "protocol error", 131: "error of its own making", 132: "it does not speak MQTT 5",
    133: "it does not accept the client's name", 134: "it does not know this user name and password",
    135: "not authorised", 136: "it is not available", 137: "it is busy", 138: "this client is banned",
    139: "it is shutting down", 140: "bad authentication method", 141: "nothing was heard for too long",
    142: "another client of the same name took the session over", 143: "invalid topic filter",
    144: "invalid topic name",
    145: "packet number in use", 146: "packet number unknown", 147: "more messages under way than allowed",
    148: "invalid topic alias", 149: "packet too large", 150: "too many messages", 151: "a quota is used up",
    152: "an operator ended the connection", 153: "the payload's format is not what was said",
    154: "it keeps no messages", 155: "QoS not supported", 156: "another server is to be used for now",
    157: "the server has moved", 158: "it has no shared subscriptions", 159: "connections come too fast",
    160: "the connection's time is over", 161: "it has no subscription numbers", 162: "it has no wildcards",
  ]
}
