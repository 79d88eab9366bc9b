import Glibc

/// What went wrong between the machine and its adapter.
enum ChipDaemonError: Error, Equatable {
  case system(String, errno: Int32)
  case protocolViolation(String)
}

/// One message of the vhost-user protocol (QEMU's docs/interop/vhost-user.rst) with the file descriptors that came along.
struct VhostUserMessage {
  var request: UInt32
  var flags: UInt32
  var payload: [UInt8]
  var descriptors: [Int32]

  /// A little-endian number in the payload.
  func number<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
    payload.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
  }
}

/// The socket to the machine.
final class VhostUserConnection {
  let socket: Int32

  private init(socket: Int32) {
    self.socket = socket
  }

  deinit {
    close(socket)
  }

  /// Listens at a path until a machine comes.
  static func accept(at path: String) throws(ChipDaemonError) -> VhostUserConnection {
    let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw .system("socket", errno: errno) }
    defer { close(listener) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      // A zero ends it.
      guard bytes.count < room.count else { return false }
      room.copyBytes(from: bytes)
      return true
    }
    guard fits else { throw .system(path, errno: ENAMETOOLONG) }
    unlink(path)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, listen(listener, 1) == 0 else { throw .system(path, errno: errno) }
    let socket = Glibc.accept(listener, nil, nil)
    guard socket >= 0 else { throw .system("accept", errno: errno) }
    return VhostUserConnection(socket: socket)
  }

  /// The next message, or `nil` when the machine is gone.
  func receive() throws(ChipDaemonError) -> VhostUserMessage? {
    var header = [UInt8](repeating: 0, count: 12)
    // One control message with up to eight descriptors.
    var control = [UInt8](repeating: 0, count: MemoryLayout<cmsghdr>.size + 8 * 4)
    var (count, controlCount) = (0, 0)
    header.withUnsafeMutableBytes { headerBytes in
      control.withUnsafeMutableBytes { controlBytes in
        var part = iovec(iov_base: headerBytes.baseAddress, iov_len: headerBytes.count)
        withUnsafeMutablePointer(to: &part) { parts in
          var message = msghdr()
          message.msg_iov = parts
          message.msg_iovlen = 1
          message.msg_control = controlBytes.baseAddress
          message.msg_controllen = controlBytes.count
          count = recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
          controlCount = Int(message.msg_controllen)
        }
      }
    }
    // A machine that powers off may reset the connection.
    if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
    guard count == header.count else { throw .protocolViolation("a header of \(count) bytes") }
    var message = VhostUserMessage(request: 0, flags: 0, payload: header, descriptors: [])
    message.request = message.number(at: 0)
    message.flags = message.number(at: 4)
    let length = Int(message.number(at: 8, as: UInt32.self))
    guard length <= 4096 else { throw .protocolViolation("a payload of \(length) bytes") }
    message.descriptors = Self.descriptors(in: control, count: controlCount)
    message.payload = [UInt8](repeating: 0, count: length)
    if length > 0 {
      guard recv(socket, &message.payload, length, Int32(MSG_WAITALL)) == length else {
        throw .protocolViolation("a payload cut short")
      }
    }
    return message
  }

  /// Answers a request.
  func reply(to request: UInt32, _ payload: [UInt8]) throws(ChipDaemonError) {
    // Version 1, and the bit that makes it a reply.
    let words: [UInt32] = [request, 0b101, UInt32(payload.count)]
    let bytes = words.flatMap { $0.bytes } + payload
    guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw .system("send", errno: errno)
    }
  }

  /// The descriptors in a control message: the kernel's `cmsghdr` (length with itself, level, type), then they.
  private static func descriptors(in control: [UInt8], count: Int) -> [Int32] {
    let head = MemoryLayout<cmsghdr>.size
    guard count >= head else { return [] }
    return control.withUnsafeBytes { bytes in
      let header = bytes.loadUnaligned(as: cmsghdr.self)
      guard header.cmsg_level == SOL_SOCKET, header.cmsg_type == Int32(SCM_RIGHTS) else { return [] }
      let length = min(Int(header.cmsg_len), count) - head
      return (0..<max(0, length / 4)).map { bytes.loadUnaligned(fromByteOffset: head + 4 * $0, as: Int32.self) }
    }
  }
}

extension FixedWidthInteger {
  /// Least significant first.
  var bytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
