import Testing

@testable import MQTTClient

/// What a broker, or whatever sits at its port, may send in whatever pieces.
struct PacketDecoderTests {
  typealias Packet = PacketDecoder.Packet

  /// Everything that comes out when `bytes` come in, in pieces of the given sizes again and again.
  private func packets(
    _ bytes: [UInt8], pieces: [Int] = [.max], version: MQTTVersion = .v5, payloadLimit: Int = 65_537
  ) throws(PacketDecoder.Malformed) -> [Packet] {
    var decoder = PacketDecoder(isVersion5: version == .v5, payloadLimit: payloadLimit)
    var found: [Packet] = []
    var from = 0
    var turn = 0
    while from < bytes.count {
      from +=
        decoder.fill { room in
          let count = min(room.count, pieces[turn % pieces.count], bytes.count - from)
          room.copyBytes(from: bytes[from..<from + count])
          return count
        }.count
      turn += 1
      while true {
        let isThere = decoder.hasPacket
        let packet = try decoder.next()
        #expect(isThere == (packet != nil))
        guard let packet else { break }
        found.append(packet)
      }
      #expect(decoder.capacity <= 2 * PacketDecoder.wholeLimit)
    }
    return found
  }

  private func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] { [first] + length(body.count) + body }

  private func length(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var left = value
    repeat {
      bytes.append(UInt8(left % 128) | (left >= 128 ? 0x80 : 0))
      left /= 128
    } while left > 0
    return bytes
  }

  private func text(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }

  /// A CONNACK with every property it may have (MQTT 5.0, 3.2.2.3).
  private var connack: [UInt8] {
    var properties: [UInt8] = [17, 0, 0, 0, 60, 33, 0, 7, 36, 1, 37, 0, 39, 0, 1, 0, 0, 34, 0, 9, 40, 1, 41, 1, 42, 1]
    properties += [19, 0, 30]
    for property: UInt8 in [18, 31, 26, 28, 21, 22] { properties += [property] + text("x") }
    properties += [38] + text("a") + text("b")
    return packet(0x20, [1, 0] + length(properties.count) + properties)
  }

  private var limits: BrokerLimits {
    var limits = BrokerLimits()
    limits.receiveMaximum = 7
    limits.canRetain = false
    limits.maximumPacket = 65_536
    limits.keepAliveSeconds = 30
    return limits
  }

  /// One of each kind, with properties and without.
  private var everything: (bytes: [UInt8], packets: [Packet]) {
    let subscribed = packet(0x90, [0, 3, 0, 1]) + packet(0x90, [0, 4] + [4, 31] + text("x") + [135])
    let messages =
      packet(0x32, text("a/b") + [1, 2] + [0] + Array("hello".utf8))
      + packet(0x31, text("a") + [7, 38] + text("b") + text("c") + Array("kept".utf8)) + packet(0x30, text("e") + [0])
    let published = packet(0x40, [0, 5]) + packet(0x40, [255, 255, 16, 0])
    let bytes = connack + subscribed + messages + published + [0xD0, 0] + packet(0xE0, [142, 0]) + [0xE0, 0]
    return (
      bytes,
      [
        .connectionAccepted(sessionPresent: true, limits), .subscribeAcknowledged(number: 3, granted: 1),
        .subscribeAcknowledged(number: 4, granted: nil),
        .message(MQTTMessage(topic: "a/b", payload: Array("hello".utf8)), number: 258),
        .message(MQTTMessage(topic: "a", payload: Array("kept".utf8), qos: 0, isRetained: true), number: nil),
        .message(MQTTMessage(topic: "e", payload: [], qos: 0), number: nil),
        .publishAcknowledged(number: 5), .publishAcknowledged(number: 65_535, reason: 16), .pingAnswered,
        .disconnected(reason: 142), .disconnected(reason: 0),
      ]
    )
  }

  @Test func eachPacketIsUnderstood() throws {
    #expect(try packets(everything.bytes) == everything.packets)
    #expect(try packets(packet(0x20, [0, 135, 0])) == [.connectionRefused(reason: 135)])
    #expect(
      try packets(
        packet(0x20, [0, 0]) + packet(0x90, [0, 3, 128]) + packet(0x32, text("a") + [0, 9] + [7]), version: .v311)
        == [
          .connectionAccepted(sessionPresent: false, BrokerLimits()), .subscribeAcknowledged(number: 3, granted: nil),
          .message(MQTTMessage(topic: "a", payload: [7]), number: 9),
        ])
  }

  @Test(arguments: [[1], [2], [3, 1, 7], [40, 1], [1000]])
  func anyPiecesGiveTheSamePackets(_ pieces: [Int]) throws {
    let many = (0..<200).flatMap { _ in everything.bytes }
    #expect(try packets(many, pieces: pieces) == (0..<200).flatMap { _ in everything.packets })
  }

  /// 65,535 bytes of topic and of properties, 300,000 of payload: more than is held whole.
  @Test(arguments: [[Int.max], [1000], [1, 4096, 30_000]], MQTTVersion.allCases)
  func longMessageIsHandedOverCutAndWhatFollowsIsNotLost(_ pieces: [Int], _ version: MQTTVersion) throws {
    let topic = String(repeating: "t", count: 65_535)
    let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    let properties: [UInt8] = version == .v5 ? length(200_000) + [UInt8](repeating: 38, count: 200_000) : []
    let long = packet(0x32, [255, 255] + Array(topic.utf8) + [0, 9] + properties + payload)
    let next = packet(0x32, text("a") + [0, 10] + (version == .v5 ? [0] : []) + [7])
    let found = try packets(long + next + next, pieces: pieces, version: version, payloadLimit: 1000)
    let whole = MQTTMessage(topic: topic, payload: Array(payload[..<1000]), length: 300_000)
    let short = MQTTMessage(topic: "a", payload: [7])
    #expect(found == [.message(whole, number: 9), .message(short, number: 10), .message(short, number: 10)])
  }

  @Test func whatIsNotMQTTIsRefusedWithItsFault() {
    let giant = length(200_000)
    let faults: [(String, [UInt8])] = [
      ("more than four bytes", [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]),
      ("does not send here", [0xC0, 0]), ("does not send here", packet(0x50, [0, 1])),
      ("does not send here", packet(0x00, [0])),
      ("flags 2", packet(0x42, [0, 1])), ("QoS 2", packet(0x34, text("a") + [0, 1, 0])),
      ("QoS 3", packet(0x36, text("a") + [0, 1, 0])), ("without a topic", packet(0x30, [0, 0, 0])),
      ("the number 0", packet(0x32, text("a") + [0, 0, 0])), ("ends too early", packet(0x32, text("a") + [0])),
      ("ends too early", packet(0x30, [0, 5, 97])), ("ends too early", packet(0x30, text("a") + [9, 1])),
      ("ends too early", packet(0x40, [0])), ("ends too early", packet(0x90, [0, 1, 0])),
      ("longer than their packet", packet(0x20, [0, 0, 5, 33, 0])), ("ends too early", packet(0x20, [0, 0, 2, 33, 0])),
      ("unknown property 99", packet(0x20, [0, 0, 1, 99])), ("ends too early", packet(0x20, [0])),
      ("kind 4", [0x40] + giant), ("QoS 2", [0x34] + giant),
      ("longer than their packet", [0x30] + giant + text("a") + length(200_001)),
      ("more than four bytes", [0x30] + giant + text("a") + [0x80, 0x80, 0x80, 0x80]),
    ]
    for (words, bytes) in faults {
      let fault = #expect(throws: PacketDecoder.Malformed.self, "\(words): \(bytes.prefix(12))") { try packets(bytes) }
      #expect(fault?.detail.contains(words) == true, "\(fault?.detail ?? "nothing"), and not: \(words)")
    }
    #expect(throws: PacketDecoder.Malformed.self) { try packets([0xE0, 0], version: .v311) }
  }

  /// Noise, and good packets with a few bytes changed: a fault or packets, never an end of the process, and never more
  /// memory than the bound.
  @Test(arguments: 0..<8) func anyBytesHaveAnAnswer(_ seed: UInt64) {
    var random = Noise(state: seed)
    var refused = 0
    for round in 0..<400 {
      var bytes: [UInt8]
      if round % 2 == 0 {
        bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in .random(in: 0...255, using: &random) }
      } else {
        bytes = everything.bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        }
      }
      do throws(PacketDecoder.Malformed) {
        _ = try packets(
          bytes, pieces: [.random(in: 1...40, using: &random)], version: round % 3 == 0 ? .v311 : .v5, payloadLimit: 50)
      } catch { refused += 1 }
    }
    #expect(refused > 100)
  }

  /// Numbers that are the same again for the same seed; the high half, which is the better one (Knuth's MMIX).
  private struct Noise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      func step() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 32
      }
      return step() << 32 | step()
    }
  }
}
