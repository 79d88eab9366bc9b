import Glibc

/// A request with the headers that matter.
struct ReceivedRequest: Equatable {
  var request: PageRequest
  var host = ""
  var origin: String?
}

/// One browser connection (HTTP/1.1, RFC 9112): requests come in one after the other, answers go out in order.
final class PageConnection {
  /// The longest head of a request, and the longest body, in bytes.
  static let maximumHead = 8192
  static let maximumBody = 1024
  /// A stream that a browser does not read is cut when so much waits.
  static let maximumWaiting = 1 << 20

  /// Whether it is an event stream.
  private(set) var isStream = false
  private let descriptor: Int32
  private var incoming: [UInt8] = []
  private var outgoing: [UInt8] = []
  private var isClosing = false
  private var isBroken = false

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Whether nothing is left to be said.
  var isOver: Bool { isBroken || isClosing && outgoing.isEmpty }

  /// Whether something waits for the socket.
  var wantsWrite: Bool { !outgoing.isEmpty }

  /// Takes in what is there, and gives the requests that are whole.
  func receive() -> [ReceivedRequest] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        incoming += buffer[..<count]
        if incoming.count > Self.maximumHead + Self.maximumBody { break }
      } else {
        if count == 0 || errno != EAGAIN { isBroken = true }
        break
      }
    }
    var requests: [ReceivedRequest] = []
    while !isClosing, !isBroken {
      do throws(PageFault) {
        guard let (request, used) = try Self.parse(incoming) else { break }
        incoming.removeFirst(used)
        requests.append(request)
      } catch {
        send(.refusal(error.status, error.reason))
        isClosing = true
      }
    }
    return requests
  }

  /// Queues an answer and sends what the socket takes.
  func send(_ answer: PageAnswer) {
    switch answer {
    case .file(let type, let bytes): send(200, "Content-Type: \(type)\r\nContent-Length: \(bytes.count)\r\n", bytes)
    case .done: send(204, "", [])
    case .refusal(let status, let reason):
      let bytes = Array((reason + "\n").utf8)
      send(status, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(bytes.count)\r\n", bytes)
    case .events(let first):
      isStream = true
      send(200, "Content-Type: text/event-stream\r\n", [])
      send(event: first)
    }
  }

  /// Queues an event of one line and sends what the socket takes.
  func send(event: String) {
    guard outgoing.count < Self.maximumWaiting else {
      isBroken = true
      return
    }
    outgoing += Array("data: \(event)\n\n".utf8)
    flush()
  }

  /// Sends what the socket takes.
  func flush() {
    while !outgoing.isEmpty {
      let count = Glibc.send(descriptor, outgoing, outgoing.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else {
        if errno != EAGAIN { isBroken = true }
        return
      }
      outgoing.removeFirst(count)
    }
  }

  private func send(_ status: Int, _ headers: String, _ body: [UInt8]) {
    let names = [200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large"]
    let head =
      "HTTP/1.1 \(status) \(names[status] ?? "Refused")\r\n\(headers)Cache-Control: no-store\r\n"
      + "Content-Security-Policy: default-src 'self'; img-src 'self' data:; frame-ancestors 'none'\r\n"
      + "X-Content-Type-Options: nosniff\r\n\r\n"
    outgoing += Array(head.utf8) + body
    flush()
  }
}

/// Why a request is not taken.
struct PageFault: Error, Equatable {
  var status: Int
  var reason: String
}

extension PageConnection {
  /// The first request in some bytes and how many they are; `nil` while it is not whole.
  static func parse(_ bytes: [UInt8]) throws(PageFault) -> (ReceivedRequest, used: Int)? {
    guard let end = headEnd(bytes) else {
      if bytes.count > maximumHead { throw PageFault(status: 413, reason: "the head is too long") }
      return nil
    }
    var lines = String(decoding: bytes[..<end], as: UTF8.self).split(
      separator: "\r\n", omittingEmptySubsequences: false)
    let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
      throw PageFault(status: 400, reason: "not a request of HTTP/1.1")
    }
    let path = words[1].prefix { $0 != "?" }
    var received = ReceivedRequest(request: PageRequest(method: String(words[0]), path: String(path)))
    var length = 0
    for line in lines {
      let halves = line.split(separator: ":", maxSplits: 1)
      guard halves.count == 2 else { throw PageFault(status: 400, reason: "a header without a colon") }
      let value = halves[1].drop { $0 == " " }
      switch halves[0].lowercased() {
      case "host": received.host = String(value)
      case "origin": received.origin = String(value)
      case "content-length":
        guard let count = Int(value), count >= 0 else { throw PageFault(status: 400, reason: "a length that is none") }
        length = count
      case "transfer-encoding": throw PageFault(status: 400, reason: "a body needs its length")
      default: break
      }
    }
    guard length <= maximumBody else { throw PageFault(status: 413, reason: "the body is too long") }
    let start = end + 4
    guard bytes.count >= start + length else { return nil }
    received.request.body = Array(bytes[start..<start + length])
    return (received, start + length)
  }

  /// Where the empty line begins.
  private static func headEnd(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 0...bytes.count - 4 where bytes[index] == 13 {
      if bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 { return index }
    }
    return nil
  }
}
