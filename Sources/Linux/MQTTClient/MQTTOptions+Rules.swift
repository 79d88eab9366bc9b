/// What MQTT allows (chapters 1.5, 3.1 and 4.7 of 5.0 and 3.1.1), checked before anything is sent.
extension MQTTOptions {
  func check() throws(MQTTError) {
    func must(_ holds: Bool, _ detail: String) throws(MQTTError) {
      if !holds { throw MQTTError(.invalid, detail: detail) }
    }
    try must(
      !clientID.isEmpty || cleanStart, "a client without a name has no session to go on with: give it a name")
    for (name, text) in [("client's name", clientID), ("user name", username ?? ""), ("password", password ?? "")] {
      try must(text.utf8.count <= 65_535, "the \(name) is longer than 65,535 bytes")
    }
    try must(
      keepAliveSeconds == 0 || keepAliveSeconds >= 5,
      "a keep-alive of \(keepAliveSeconds) s; it must be 0 or at least 5")
    try must(receiveMaximum > 0 && sendMaximum > 0, "a window of 0 messages; it must be at least 1")
    if let will {
      if let fault = TopicRules.faultOfTopic(will.topic) {
        throw MQTTError(.invalid, detail: "the will's topic '\(will.topic)': \(fault)")
      }
      try must(will.qos < 3, "a will of QoS \(will.qos); it must be 0, 1 or 2")
      try must(will.payload.count <= 65_535, "a will of \(will.payload.count) bytes; it may have 65,535")
    }
  }
}

/// Where one can publish, and what one can subscribe to.
enum TopicRules {
  /// What is wrong with a topic, or `nil`.
  static func faultOfTopic(_ topic: String) -> String? {
    if let fault = faultOfText(topic) { return fault }
    return topic.utf8.contains(where: { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "+") })
      ? "+ and # are for subscriptions" : nil
  }

  /// What is wrong with a subscription's filter, or `nil`.
  static func faultOfFilter(_ filter: String) -> String? {
    if let fault = faultOfText(filter) { return fault }
    let levels = filter.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, level) in levels.enumerated() {
      if level.contains(UInt8(ascii: "#")), level.count > 1 || index + 1 < levels.count {
        return "# may only be the last level, by itself"
      }
      if level.contains(UInt8(ascii: "+")), level.count > 1 { return "+ may only be a level by itself" }
    }
    return nil
  }

  private static func faultOfText(_ text: String) -> String? {
    if text.isEmpty { return "it is empty" }
    if text.utf8.count > 65_535 { return "it is longer than 65,535 bytes" }
    return text.utf8.contains(0) ? "it contains a null character" : nil
  }
}
