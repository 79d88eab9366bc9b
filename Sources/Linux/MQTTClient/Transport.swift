import Glibc

/// A TCP connection to a broker, with TLS around it or without, that never blocks once it is open.
///
/// One `recv` takes what the socket holds, one `send` gives what is queued: with many small packets under way the
/// kernel's share of a message is a hundredth of what a call for each packet costs.
final class Transport {
  /// Why it is of no more use.
  enum Fault: Error {
    /// `errno`.
    case system(Int32)
    /// `getaddrinfo`'s code.
    case name(Int32)
    /// The other side ended it.
    case ended
    case tls(TLSContext.Fault)
    /// No answer from any address in this time.
    case timedOut
  }

  /// What `receive` left in the socket.
  enum Rest {
    case maybeMore
    case nothing
  }

  let descriptor: Int32
  private let tls: TLSConnection?
  /// With TLS: encrypted, and not taken by the socket yet.
  private var encrypted = SendQueue()
  private var scratch: [UInt8] = []

  /// A record of TLS, at most (RFC 8446, 5.1), and some.
  private static let scratchCapacity = 32_768

  /// Connects.
  ///
  /// - Parameter patience: how long to wait for TCP's answer, in milliseconds, over all addresses of the name; `nil`
  ///   returns at once, and the first `send` or `receive` that fails tells.
  init(host: String, port: UInt16, context: TLSContext?, patience: Int32?) throws(Fault) {
    let addresses = try Addresses(host, port)
    var last = Fault.system(EADDRNOTAVAIL)
    var found: Int32?
    for address in addresses where found == nil {
      do throws(Fault) { found = try Self.connect(address, patience: patience) } catch { last = error }
    }
    guard let found else { throw last }
    descriptor = found
    guard let context else {
      tls = nil
      return
    }
    do throws(TLSContext.Fault) {
      let connection = try TLSConnection(context)
      tls = connection
      // The first words of the handshake are this side's.
      try connection.shakeHands()
    } catch {
      close(found)
      throw .tls(error)
    }
    scratch = [UInt8](repeating: 0, count: Self.scratchCapacity)
  }

  deinit { close(descriptor) }

  /// Ends it for both sides; the descriptor stays taken until this object is gone, so that nobody's poll mistakes
  /// another's for it.
  func end() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Whether TLS has words of its own to send, or some that are encrypted already.
  var hasOwnOutput: Bool { !encrypted.isEmpty || tls?.hasOutgoing == true }

  /// Whether what is queued may go: with TLS not before keys are agreed on.
  var takesData: Bool { tls?.isEstablished ?? true }

  // MARK: Reading

  /// Lets what the socket holds into the decoder, without waiting.
  func receive(into decoder: inout PacketDecoder) throws(Fault) -> Rest {
    guard let tls else { return try receivePlain(into: &decoder) }
    let room = scratch.count
    let count = scratch.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    guard try isSome(count, cause: errno) else { return .nothing }
    scratch.withUnsafeBytes { tls.take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    do throws(TLSContext.Fault) {
      if !tls.isEstablished { try tls.shakeHands() }
      var isEnded = false
      var fault: TLSContext.Fault?
      var isDry = !tls.isEstablished
      while !isDry {
        _ = decoder.fill { room in
          do throws(TLSContext.Fault) {
            switch try tls.read(into: room) {
            case .bytes(let count): return count
            case .wantsInput: isDry = true
            case .ended: (isDry, isEnded) = (true, true)
            }
          } catch { (isDry, fault) = (true, error) }
          return 0
        }
      }
      if let fault { throw fault }
      // What came before the end is in the decoder: the end is told when it is asked for again.
      if isEnded { end() }
    } catch {
      // The other side shall hear why.
      _ = try? sendEncrypted()
      throw .tls(error)
    }
    return count == room ? .maybeMore : .nothing
  }

  private func receivePlain(into decoder: inout PacketDecoder) throws(Fault) -> Rest {
    var cause: Int32 = 0
    let (count, isFull) = decoder.fill { room in
      let count = recv(descriptor, room.baseAddress, room.count, 0)
      cause = errno
      return count
    }
    return try isSome(count, cause: cause) && isFull ? .maybeMore : .nothing
  }

  /// Whether something came; nothing is no fault, the end is one.
  private func isSome(_ count: Int, cause: Int32) throws(Fault) -> Bool {
    if count > 0 { return true }
    if count == 0 { throw .ended }
    if cause == EAGAIN || cause == EINTR { return false }
    throw .system(cause)
  }

  // MARK: Writing

  /// Sends what is queued, as far as the socket takes it.
  func send(_ queue: inout SendQueue) throws(Fault) {
    guard let tls else {
      return try queue.send { (bytes) throws(Fault) in try sendPlain(bytes) }
    }
    if tls.isEstablished, !queue.isEmpty {
      do throws(TLSContext.Fault) {
        try queue.send { (bytes) throws(TLSContext.Fault) in
          if case .bytes(let count) = try tls.write(bytes) { count } else { 0 }
        }
      } catch { throw .tls(error) }
    }
    try sendEncrypted()
  }

  private func sendEncrypted() throws(Fault) {
    while let tls, tls.hasOutgoing {
      let count = scratch.withUnsafeMutableBytes { tls.takeOutgoing(into: $0) }
      encrypted.append(Array(scratch[..<count]))
    }
    if !encrypted.isEmpty {
      try encrypted.send { (bytes) throws(Fault) in try sendPlain(bytes) }
    }
  }

  private func sendPlain(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int {
    var sent = 0
    while sent < bytes.count {
      let count = Glibc.send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      if count < 0 {
        let cause = errno
        if cause == EINTR { continue }
        if cause == EAGAIN { break }
        throw .system(cause)
      }
      sent += count
    }
    return sent
  }

  // MARK: Connecting

  private static func connect(_ address: addrinfo, patience: Int32?) throws(Fault) -> Int32 {
    let kind = address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.ai_family, kind, address.ai_protocol)
    guard descriptor >= 0 else { throw .system(errno) }
    do throws(Fault) {
      // A packet goes when it is written: what belongs together is written together.
      var yes: Int32 = 1
      _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
      if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
        guard errno == EINPROGRESS else { throw .system(errno) }
        if let patience { try awaitAnswer(descriptor, milliseconds: patience) }
      }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func awaitAnswer(_ descriptor: Int32, milliseconds: Int32) throws(Fault) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, milliseconds) > 0 else { throw .timedOut }
    var cause: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &cause, &length)
    if cause != 0 { throw .system(cause) }
  }
}

/// The addresses of a name, in the order the system prefers.
private final class Addresses: Sequence {
  private let first: UnsafeMutablePointer<addrinfo>?

  init(_ host: String, _ port: UInt16) throws(Transport.Fault) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0 else { throw .name(code) }
    first = found
  }

  deinit { freeaddrinfo(first) }

  func makeIterator() -> AnyIterator<addrinfo> {
    var next = first
    return AnyIterator {
      // The list lives as long as this does.
      withExtendedLifetime(self) {
        defer { next = next?.pointee.ai_next }
        return next?.pointee
      }
    }
  }
}
