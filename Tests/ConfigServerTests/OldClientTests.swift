import Foundation
import HTTPTesting
import Hummingbird
import Logging
import Testing

@testable import ConfigServer

/// MicroPython's `requests` speaks HTTP/1.0, reads to the end of the connection, and raises on chunks.
@Suite struct OldClientTests {
  @Test(arguments: [
    "GET /pico_iot_config.json HTTP/1.0\r\n\r\n",
    "GET /pico_iot_config.json HTTP/1.0\r\nHost: 192.168.1.2\r\nConnection: close\r\n\r\n",
    "GET /v1/devices/Attic06/config HTTP/1.0\r\n\r\n",
    "GET /pico_iot_config.json HTTP/1.1\r\nHost: 192.168.1.2\r\n\r\n",
  ])
  func http10WithoutHostIsAnsweredWithALengthAndTheEnd(request: String) async throws {
    let directory = try ConfigDirectory()
    try directory.write(#"{"device_id":"Attic06"}"#)
    let router = Router()
    ConfigServer(source: try directory.source()).addRoutes(to: router)
    let path = directory.url.appending(path: "s").path
    let (running, started) = AsyncStream.makeStream(of: Void.self)
    let application = Application(
      router: router, server: ConfigServer.transport,
      configuration: ApplicationConfiguration(address: .unixDomainSocket(path: path)),
      onServerRunning: { _ in started.yield() }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.run() }
      for await _ in running { break }
      let answer = try await ask(path, request)
      let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
      #expect(answer.hasPrefix("HTTP/1."), "\(answer)")
      #expect(answer.contains(" 200 OK\r\n"))
      #expect(
        parts[0].lowercased().contains("\r\ncontent-length: 23\r\n")
          || parts[0].lowercased().hasSuffix("content-length: 23"))
      #expect(!parts[0].lowercased().contains("transfer-encoding"))
      #expect(parts.last == #"{"device_id":"Attic06"}"#)
      group.cancelAll()
    }
  }
}

/// Sends the bytes and reads until the far side closes, on a thread that may block.
private func ask(_ path: String, _ request: String) async throws -> String {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
      let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      // A server that does not close would hang the test: the deadline makes it fail instead.
      var deadline = timeval(tv_sec: 60, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &deadline, socklen_t(MemoryLayout<timeval>.size))
      guard connected == 0, write(descriptor, request, request.utf8.count) == request.utf8.count else {
        continuation.resume(throwing: POSIXError(.ECONNREFUSED))
        return
      }
      var answer: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 { return continuation.resume(throwing: POSIXError(.ETIMEDOUT)) }
        if count == 0 { return continuation.resume(returning: String(decoding: answer, as: UTF8.self)) }
        answer += buffer[..<count]
      }
    }
  }
}
