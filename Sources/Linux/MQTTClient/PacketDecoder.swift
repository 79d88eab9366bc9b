import Glibc

/// Cuts what the broker sends into packets: bytes go in as they come, packets come out. A value without a socket.
///
/// ```swift
/// var decoder = PacketDecoder(isVersion5: true, payloadLimit: 65_537)
/// _ = decoder.fill { room in recv(socket, room.baseAddress, room.count, 0) }
/// while let packet = try decoder.next() { … }
/// ```
///
/// **Bounded.** A packet of at most `wholeLimit` bytes is held whole. Of a longer PUBLISH (MQTT allows 256 MB) only the
/// topic and `payloadLimit` bytes of the payload are held, and the rest is counted and let go; nothing else may be
/// longer. So a connection holds at most about `2 * wholeLimit + payloadLimit` bytes, and 1 KB where little comes.
struct PacketDecoder {
  /// A packet that a client gets (MQTT 5.0 and 3.1.1, chapter 3).
  enum Packet: Equatable {
    case connectionAccepted(sessionPresent: Bool, BrokerLimits)
    case connectionRefused(reason: UInt8)
    /// `number` with QoS 1.
    case message(MQTTMessage, number: UInt16?)
    /// `reason` is 128 or above where the broker refuses the message (MQTT 5).
    case publishAcknowledged(number: UInt16, reason: UInt8 = 0)
    /// `granted` is `nil` where the broker refuses the subscription.
    case subscribeAcknowledged(number: UInt16, granted: UInt8?)
    case pingAnswered
    /// MQTT 5 only.
    case disconnected(reason: UInt8)
  }

  /// What came is not MQTT, or not what a broker may send.
  struct Malformed: Error, Equatable {
    var detail: String
  }

  /// The longest packet that is held whole, in bytes.
  static let wholeLimit = 131_072
  /// What a buffer grows to by itself where much comes at once.
  private static let roomyCapacity = 65_536

  private let isVersion5: Bool
  private let payloadLimit: Int
  private var bytes = [UInt8](repeating: 0, count: 1024)
  /// What has come and is not decoded.
  private var start = 0
  private var end = 0
  /// A PUBLISH that is too long to be held.
  private var giant: Giant?

  init(isVersion5: Bool, payloadLimit: Int) {
    self.isVersion5 = isVersion5
    self.payloadLimit = payloadLimit
  }

  // MARK: In

  /// Lets more bytes in. To be called when `next` has nothing more.
  ///
  /// - Parameter read: puts bytes into the room it gets and says how many; not more than 0 for none.
  /// - Returns: what `read` said, and whether it filled all the room.
  mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> (count: Int, isFull: Bool) {
    if start > 0 {
      let (from, to) = (start, end)
      // At most the beginning of one packet.
      bytes.withUnsafeMutableBytes { all in
        guard let base = all.baseAddress else { return }
        _ = memmove(base, base + from, to - from)
      }
      start = 0
      end = to - from
    }
    if end == 0, bytes.count > Self.roomyCapacity { bytes = [UInt8](repeating: 0, count: Self.roomyCapacity) }
    if end == bytes.count { grow() }
    let from = end
    let count = bytes.withUnsafeMutableBytes { read(UnsafeMutableRawBufferPointer(rebasing: $0[from...])) }
    let isFull = count == bytes.count - from
    if count > 0 { end += count }
    if isFull, bytes.count < Self.roomyCapacity { grow() }
    return (count, isFull)
  }

  /// Bytes that are held for what is not decoded.
  var capacity: Int { bytes.count }

  private mutating func grow() { bytes += [UInt8](repeating: 0, count: bytes.count) }

  // MARK: Out

  /// Whether `next` would give a packet, or an error, without another byte.
  var hasPacket: Bool {
    guard end > start else { return false }
    var copy = self
    do throws(Malformed) { return try copy.next() != nil } catch { return true }
  }

  /// The next packet, if it is there.
  ///
  /// - Throws: `Malformed`: nothing that follows can be trusted; the connection must end.
  mutating func next() throws(Malformed) -> Packet? {
    if giant != nil { return try goOnWithGiant() }
    guard let head = try head() else { return nil }
    guard head.total <= Self.wholeLimit else {
      guard head.kind == 3 else {
        throw Malformed(detail: "a packet of kind \(head.kind) with \(head.total) bytes")
      }
      start += head.total - head.length
      giant = try Giant(flags: head.flags, left: head.length)
      return try goOnWithGiant()
    }
    guard end - start >= head.total else { return nil }
    let from = start + head.total - head.length
    start += head.total
    return try whole(head, from..<start)
  }

  /// The fixed header (2.1; 5.0: 2.1.1).
  private struct Head {
    var kind: UInt8
    var flags: UInt8
    /// Bytes after the header.
    var length: Int
    /// Bytes with the header.
    var total: Int
  }

  private func head() throws(Malformed) -> Head? {
    var length = 0
    for index in 0..<4 {
      let at = start + 1 + index
      guard at < end else { return nil }
      length |= Int(bytes[at] & 0x7F) << (7 * index)
      if bytes[at] & 0x80 == 0 {
        let first = bytes[start]
        return Head(kind: first >> 4, flags: first & 0x0F, length: length, total: 2 + index + length)
      }
    }
    throw Malformed(detail: "a length of more than four bytes")
  }

  private func whole(_ head: Head, _ range: Range<Int>) throws(Malformed) -> Packet? {
    var failure: Malformed?
    let found = bytes.withUnsafeBytes { all -> Packet? in
      var body = Body(UnsafeRawBufferPointer(rebasing: all[range]))
      do throws(Malformed) { return try packet(head, &body) } catch {
        failure = error
        return nil
      }
    }
    if let failure { throw failure }
    return found
  }

  private func packet(_ head: Head, _ body: inout Body) throws(Malformed) -> Packet {
    if head.kind != 3, head.flags != 0 {
      throw Malformed(detail: "flags \(head.flags) on a packet of kind \(head.kind)")
    }
    switch head.kind {
    case 2:
      let flags = try body.byte()
      let reason = try body.byte()
      if reason != 0 { return .connectionRefused(reason: reason) }
      return .connectionAccepted(sessionPresent: flags & 1 != 0, isVersion5 ? try BrokerLimits(&body) : BrokerLimits())
    case 3: return try message(head, &body)
    case 4:
      let number = try body.number()
      // The reason may be left out where it is "success" (5.0: 3.4.2.1).
      return .publishAcknowledged(number: number, reason: isVersion5 && body.count > 0 ? try body.byte() : 0)
    case 9:
      let number = try body.number()
      if isVersion5 { try body.skip(try body.length()) }
      let code = try body.byte()
      return .subscribeAcknowledged(number: number, granted: code < 128 ? code : nil)
    case 13: return .pingAnswered
    case 14 where isVersion5: return .disconnected(reason: body.count == 0 ? 0 : try body.byte())
    default: throw Malformed(detail: "a packet of kind \(head.kind), which a broker does not send here")
    }
  }

  /// PUBLISH (3.3). Its properties tell this client nothing: aliases it has not allowed.
  private func message(_ head: Head, _ body: inout Body) throws(Malformed) -> Packet {
    let qos = try Self.qos(head.flags)
    let topic = try body.text(Int(try body.number()))
    let number: UInt16? = qos == 0 ? nil : try body.number()
    if isVersion5 { try body.skip(try body.length()) }
    let message = MQTTMessage(
      topic: topic, payload: body.rest(payloadLimit), length: body.count, qos: qos, isRetained: head.flags & 1 != 0)
    return .message(try Self.checked(message, number), number: number)
  }

  fileprivate static func qos(_ flags: UInt8) throws(Malformed) -> UInt8 {
    let qos = flags >> 1 & 3
    guard qos < 2 else { throw Malformed(detail: "a message of QoS \(qos), which nobody asked for") }
    return qos
  }

  private static func checked(_ message: MQTTMessage, _ number: UInt16?) throws(Malformed) -> MQTTMessage {
    if message.topic.isEmpty { throw Malformed(detail: "a message without a topic") }
    if number == 0 { throw Malformed(detail: "a message with the number 0") }
    return message
  }
}

// MARK: - Long messages

extension PacketDecoder {
  /// A PUBLISH that is longer than what is held whole, on its way.
  private struct Giant {
    enum Part {
      case head
      case properties(Int)
      case payload
    }

    let flags: UInt8
    let qos: UInt8
    /// Bytes of the packet that are still to come.
    var left: Int
    var part = Part.head
    var topic = ""
    var number: UInt16?
    var payload: [UInt8] = []
    var length = 0

    init(flags: UInt8, left: Int) throws(Malformed) {
      self.flags = flags
      self.left = left
      qos = try PacketDecoder.qos(flags)
    }
  }

  private mutating func goOnWithGiant() throws(Malformed) -> Packet? {
    guard var giant else { return nil }
    // Out of the property meanwhile, so that its payload is not copied with each piece.
    self.giant = nil
    let message = try goOn(&giant)
    if message == nil { self.giant = giant }
    return message
  }

  private mutating func goOn(_ giant: inout Giant) throws(Malformed) -> Packet? {
    if case .head = giant.part {
      guard try takeHead(&giant) else { return nil }
    }
    if case .properties(let count) = giant.part {
      let taken = min(count, end - start)
      start += taken
      giant.left -= taken
      guard taken == count else {
        giant.part = .properties(count - taken)
        return nil
      }
      giant.part = .payload
      giant.length = giant.left
    }
    let taken = min(giant.left, end - start)
    let kept = min(taken, payloadLimit - giant.payload.count)
    giant.payload += bytes[start..<start + kept]
    start += taken
    giant.left -= taken
    guard giant.left == 0 else { return nil }
    let message = MQTTMessage(
      topic: giant.topic, payload: giant.payload, length: giant.length, qos: giant.qos,
      isRetained: giant.flags & 1 != 0)
    return .message(try Self.checked(message, giant.number), number: giant.number)
  }

  /// Takes topic, number and the length of the properties, once all of them are there: 64 KB at most.
  ///
  /// - Returns: whether they were there.
  private mutating func takeHead(_ giant: inout Giant) throws(Malformed) -> Bool {
    let there = start..<min(end, start + giant.left)
    var isShort = false
    var failure: Malformed?
    let taken = bytes.withUnsafeBytes { all -> Int in
      var body = Body(UnsafeRawBufferPointer(rebasing: all[there]))
      do throws(Malformed) {
        giant.topic = try body.text(Int(try body.number()))
        giant.number = giant.qos == 0 ? nil : try body.number()
        giant.part = .properties(isVersion5 ? try body.length() : 0)
      } catch {
        // What ends too early may still be on its way.
        isShort = body.ranOut
        failure = error
      }
      return body.position
    }
    if let failure {
      if isShort, there.count < giant.left { return false }
      throw failure
    }
    start += taken
    giant.left -= taken
    if case .properties(let count) = giant.part, count > giant.left {
      throw Malformed(detail: "properties that are longer than their packet")
    }
    return true
  }
}
