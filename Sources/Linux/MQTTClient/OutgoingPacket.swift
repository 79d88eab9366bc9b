/// The packets this client sends, as bytes: MQTT 3.1.1 and 5.0, chapter 3 of either.
enum OutgoingPacket {
  /// The longest a packet can be after its fixed header, in bytes (2.2.3; 5.0: 1.5.5).
  static let longest = 268_435_455

  /// CONNECT (3.1).
  static func connect(_ options: MQTTOptions) -> [UInt8] {
    let isVersion5 = options.version == .v5
    var flags: UInt8 = options.cleanStart ? 0x02 : 0
    var body: [UInt8] = []
    body.appendText("MQTT")
    body.append(isVersion5 ? 5 : 4)
    if let will = options.will { flags |= 0x04 | will.qos << 3 | (will.isRetained ? 0x20 : 0) }
    if options.username != nil { flags |= 0x80 | (options.password == nil ? 0 : 0x40) }
    body.append(flags)
    body.appendNumber(options.keepAliveSeconds)
    if isVersion5 {
      var properties: [UInt8] = []
      if options.sessionExpirySeconds > 0 {
        properties.append(17)
        properties.appendNumber(UInt16(options.sessionExpirySeconds >> 16))
        properties.appendNumber(UInt16(truncatingIfNeeded: options.sessionExpirySeconds))
      }
      properties.append(33)
      properties.appendNumber(options.receiveMaximum)
      body.appendLength(properties.count)
      body += properties
    }
    body.appendText(options.clientID)
    if let will = options.will {
      if isVersion5 { body.append(0) }
      body.appendText(will.topic)
      body.appendNumber(UInt16(will.payload.count))
      body += will.payload
    }
    if let username = options.username {
      body.appendText(username)
      if let password = options.password { body.appendText(password) }
    }
    return packet(0x10, body)
  }

  /// PUBLISH (3.3).
  ///
  /// - Parameter number: with QoS 1.
  static func publish(
    topic: String, payload: borrowing Span<UInt8>, number: UInt16?, retain: Bool, isVersion5: Bool
  ) -> [UInt8] {
    let topicLength = topic.utf8.count
    let length = 2 + topicLength + (number == nil ? 0 : 2) + (isVersion5 ? 1 : 0) + payload.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(5 + length)
    bytes.append(0x30 | (number == nil ? 0 : 0x02) | (retain ? 0x01 : 0))
    bytes.appendLength(length)
    bytes.appendText(topic)
    if let number { bytes.appendNumber(number) }
    if isVersion5 { bytes.append(0) }
    payload.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// SUBSCRIBE (3.8) to one filter.
  static func subscribe(_ filter: String, qos: UInt8, noLocal: Bool, number: UInt16, isVersion5: Bool) -> [UInt8] {
    var body: [UInt8] = []
    body.appendNumber(number)
    if isVersion5 { body.append(0) }
    body.appendText(filter)
    body.append(qos | (noLocal ? 0x04 : 0))
    return packet(0x82, body)
  }

  /// PINGREQ (3.12).
  static let ping: [UInt8] = [0xC0, 0]
  /// DISCONNECT (3.14): the will is not to be published.
  static let disconnect: [UInt8] = [0xE0, 0]

  private static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes = [first]
    bytes.appendLength(body.count)
    return bytes + body
  }
}

extension [UInt8] {
  /// Two bytes, the high one first (1.5.2).
  fileprivate mutating func appendNumber(_ value: UInt16) {
    append(UInt8(value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  /// A text with its length before it (1.5.3; 5.0: 1.5.4).
  fileprivate mutating func appendText(_ text: String) {
    appendNumber(UInt16(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  /// Seven bits a byte, the low ones first (2.2.3; 5.0: 1.5.5).
  fileprivate mutating func appendLength(_ value: Int) {
    var left = value
    repeat {
      append(UInt8(left & 0x7F) | (left > 0x7F ? 0x80 : 0))
      left >>= 7
    } while left > 0
  }
}
