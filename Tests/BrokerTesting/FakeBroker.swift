import Glibc

/// A broker of a few lines on a raw socket: it sends what the test says and shows every packet that comes, so that the
/// order of packets on the wire can be asserted. MQTT 5 or 3.1.1, plain or TLS, one client.
public final class FakeBroker {
  /// A packet from the client.
  public struct Packet: Equatable {
    /// The upper four bits of the first byte: 1 CONNECT, 3 PUBLISH, 4 PUBACK, 8 SUBSCRIBE, 12 PINGREQ, 14 DISCONNECT.
    public var kind: UInt8
    /// What follows the fixed header.
    public var body: [UInt8]

    /// The packet identifier of a PUBACK or SUBSCRIBE.
    public var identifier: Int { Int(body[0]) << 8 | Int(body[1]) }
  }

  /// Nothing came within ten seconds, or something else than was due.
  public struct Silence: Error {}

  /// Where it listens, on 127.0.0.1.
  public let port: UInt16
  private let isVersion5: Bool
  private let certificates: Certificates?
  private var tls: TLSServer?
  private let listener: Int32
  private var client: Int32 = -1
  private var buffer: [UInt8] = []

  /// Listens on a free port.
  ///
  /// - Parameter certificates: for TLS.
  public init(isVersion5: Bool = true, certificates: Certificates? = nil) {
    self.isVersion5 = isVersion5
    self.certificates = certificates
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        Glibc.bind(listener, pointer, length) == 0 && Glibc.listen(listener, 4) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    precondition(bound, "no port on 127.0.0.1")
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit {
    hangUp()
    close(listener)
  }

  /// Lets the gateway in: CONNECT and its subscription are answered.
  public func accept(sessionPresent: Bool = false) throws {
    try wait(listener, seconds: 10)
    hangUp()
    client = Glibc.accept(listener, nil, nil)
    buffer = []
    if let certificates {
      guard let server = TLSServer(client, certificates) else { throw Silence() }
      tls = server
    }
    guard try next().kind == 1 else { throw Silence() }
    send(isVersion5 ? [0x20, 3, sessionPresent ? 1 : 0, 0, 0] : [0x20, 2, sessionPresent ? 1 : 0, 0])
    // With 3.1.1 the gateway subscribes to readings and status apart.
    for _ in 0..<(isVersion5 ? 1 : 2) {
      let subscribe = try next()
      guard subscribe.kind == 8 else { throw Silence() }
      let number = subscribe.body.prefix(2)
      send(isVersion5 ? [0x90, 4] + number + [0, 1] : [0x90, 3] + number + [1])
    }
  }

  /// Ends the connection without a word.
  public func hangUp() {
    tls = nil
    if client >= 0 { close(client) }
    client = -1
  }

  /// A QoS 1 PUBLISH.
  public static func publish(
    _ topic: String, _ payload: String, identifier: Int, isVersion5: Bool = true
  ) -> [UInt8] {
    let topic = Array(topic.utf8)
    let body =
      [UInt8(topic.count >> 8), UInt8(topic.count & 255)] + topic + [UInt8(identifier >> 8), UInt8(identifier & 255)]
      + (isVersion5 ? [0] : []) + Array(payload.utf8)
    var head: [UInt8] = [0x32]
    var length = body.count
    repeat {
      head.append(UInt8(length % 128) | (length >= 128 ? 0x80 : 0))
      length /= 128
    } while length > 0
    return head + body
  }

  /// Sends raw bytes to the client.
  public func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count =
        tls?.write(bytes[sent...])
        ?? bytes[sent...].withUnsafeBytes { Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      sent += count
    }
  }

  /// The next packet; pings are answered and left out.
  public func next() throws -> Packet {
    while true {
      if let packet = take() {
        if packet.kind != 12 { return packet }
        send([0xD0, 0])
        continue
      }
      try wait(client, seconds: 10)
      if !receive() { throw Silence() }
    }
  }

  /// Every packet that has left the client so far. On loopback a byte that was written is in this socket's buffer by the
  /// time the write returns, so nothing written before this call is missed.
  public func arrived() -> [Packet] {
    while receive(Int32(MSG_DONTWAIT)) {}
    var packets: [Packet] = []
    while let packet = take() { packets.append(packet) }
    return packets
  }

  /// Whether the client has closed the connection, after at most ten seconds.
  public func sawEnd() -> Bool {
    while (try? wait(client, seconds: 10)) != nil {
      if !receive() { return true }
    }
    return false
  }

  private func wait(_ descriptor: Int32, seconds: Int32) throws {
    if descriptor == client, tls?.hasBufferedInput == true { return }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, seconds * 1000) == 1 else { throw Silence() }
  }

  private func receive(_ flags: Int32 = 0) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count: Int
    if let tls {
      let modes = fcntl(client, F_GETFL)
      if flags & Int32(MSG_DONTWAIT) != 0 { _ = fcntl(client, F_SETFL, modes | O_NONBLOCK) }
      count = tls.read(&chunk)
      _ = fcntl(client, F_SETFL, modes)
    } else {
      count = recv(client, &chunk, chunk.count, flags)
    }
    if count > 0 { buffer += chunk.prefix(count) }
    return count > 0
  }

  private func take() -> Packet? {
    var length = 0
    var position = 1
    var shift = 0
    while true {
      guard position < buffer.count else { return nil }
      length |= Int(buffer[position] & 0x7F) << shift
      shift += 7
      position += 1
      if buffer[position - 1] & 0x80 == 0 { break }
    }
    guard buffer.count >= position + length else { return nil }
    let packet = Packet(kind: buffer[0] >> 4, body: Array(buffer[position..<(position + length)]))
    buffer.removeFirst(position + length)
    return packet
  }
}
