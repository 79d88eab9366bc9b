extension PacketDecoder {
  /// What follows a packet's fixed header, read from its beginning to its end; it ends where the packet does.
  struct Body {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    /// Whether something was asked for beyond the end.
    private(set) var ranOut = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Bytes that are left.
    var count: Int { bytes.count - position }

    mutating func byte() throws(Malformed) -> UInt8 {
      try need(1)
      defer { position += 1 }
      return bytes[position]
    }

    /// Two bytes, the high one first.
    mutating func number() throws(Malformed) -> UInt16 {
      try need(2)
      defer { position += 2 }
      return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    /// A length of one to four bytes (MQTT 5.0, 1.5.5).
    mutating func length() throws(Malformed) -> Int {
      var value = 0
      for index in 0..<4 {
        let next = try byte()
        value |= Int(next & 0x7F) << (7 * index)
        if next & 0x80 == 0 { return value }
      }
      throw Malformed(detail: "a length of more than four bytes")
    }

    /// A text. What is not UTF-8 in it is replaced: such a topic is nobody's, and is told of as such.
    mutating func text(_ count: Int) throws(Malformed) -> String {
      try need(count)
      defer { position += count }
      return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    mutating func skip(_ count: Int) throws(Malformed) {
      try need(count)
      position += count
    }

    /// A copy of what is left, cut at `limit`.
    func rest(_ limit: Int) -> [UInt8] { Array(bytes[position..<position + min(count, limit)]) }

    private mutating func need(_ count: Int) throws(Malformed) {
      guard count <= self.count else {
        ranOut = true
        throw Malformed(detail: "a packet that ends too early")
      }
    }
  }
}

/// What the broker allows this client, from the properties of CONNACK (MQTT 5.0, 3.2.2.3).
struct BrokerLimits: Equatable {
  /// Messages of QoS 1 that may be under way to the broker unacknowledged.
  var receiveMaximum: UInt16 = 65_535
  /// The highest QoS the broker takes.
  var maximumQoS: UInt8 = 1
  /// Whether messages may be kept for later subscribers.
  var canRetain = true
  /// The longest packet the broker takes, in bytes.
  var maximumPacket = OutgoingPacket.longest + 5
  /// The silence the broker wants instead of what was asked for, in seconds.
  var keepAliveSeconds: UInt16?

  init() {}

  init(_ body: inout PacketDecoder.Body) throws(PacketDecoder.Malformed) {
    let length = try body.length()
    guard length <= body.count else {
      throw PacketDecoder.Malformed(detail: "properties that are longer than their packet")
    }
    let end = body.position + length
    while body.position < end {
      let property = try body.byte()
      switch property {
      case 33: receiveMaximum = max(1, try body.number())
      case 36: maximumQoS = try body.byte()
      case 37: canRetain = try body.byte() != 0
      case 39: maximumPacket = Int(try body.number()) << 16 | Int(try body.number())
      case 19: keepAliveSeconds = try body.number()
      // What changes nothing here: expiry of the session; how many aliases; what subscriptions may contain.
      case 17: try body.skip(4)
      case 34: try body.skip(2)
      case 40, 41, 42: try body.skip(1)
      // The name it gave; words for a person; where to answer; another server; how to log in.
      case 18, 31, 26, 28, 21, 22: try body.skip(Int(try body.number()))
      case 38:
        try body.skip(Int(try body.number()))
        try body.skip(Int(try body.number()))
      default: throw PacketDecoder.Malformed(detail: "the unknown property \(property)")
      }
    }
  }
}
