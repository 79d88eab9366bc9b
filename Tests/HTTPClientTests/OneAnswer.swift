import Foundation
import Glibc

/// A server of a few lines on 127.0.0.1 that gives every connection one answer, byte for byte, and closes it.
final class OneAnswer: Sendable {
  /// Where it listens.
  let port: UInt16
  private let listener: Int32
  private let request = Request()

  /// What the last client asked.
  private final class Request: @unchecked Sendable {
    private let lock = NSLock()
    private var text = ""
    func set(_ text: String) { lock.withLock { self.text = text } }
    func get() -> String { lock.withLock { text } }
  }

  /// Listens on a free port.
  ///
  /// - Parameter answer: status line, headers and body; empty to close without a word.
  init(_ answer: String) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        Glibc.bind(listener, pointer, length) == 0 && listen(listener, 4) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    precondition(isListening, "no port on 127.0.0.1")
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [request] in Self.serve(listener, answer, request) }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// What the last client asked, head and all.
  var asked: String { request.get() }

  private static func serve(_ listener: Int32, _ answer: String, _ request: Request) {
    while true {
      let client = accept(listener, nil, nil)
      if client < 0 { break }
      var head: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 4096)
      while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
        let count = recv(client, &chunk, chunk.count, 0)
        if count <= 0 { break }
        head += chunk.prefix(count)
      }
      request.set(String(decoding: head, as: UTF8.self))
      let bytes = Array(answer.utf8)
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count <= 0 { break }
        sent += count
      }
      close(client)
    }
    close(listener)
  }
}
