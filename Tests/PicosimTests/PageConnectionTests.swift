import Testing

@testable import picosim

@Suite struct PageConnectionTests {
  private func parse(_ text: String) throws(PageFault) -> (ReceivedRequest, used: Int)? {
    try PageConnection.parse(Array(text.utf8))
  }

  @Test func aRequestIsTakenWhenItIsWhole() throws {
    let text =
      "POST /do?x=1 HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:1\r\nContent-Length: 4\r\n\r\nabcdGET"
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count - 3 { #expect(try PageConnection.parse(Array(bytes.prefix(count))) == nil) }
    let (request, used) = try #require(try PageConnection.parse(bytes))
    #expect(request.request == PageRequest(method: "POST", path: "/do", body: Array("abcd".utf8)))
    #expect(request.host == "localhost:1" && request.origin == "http://localhost:1")
    #expect(used == bytes.count - 3)
  }

  @Test(arguments: [
    ("GET\r\n\r\n", 400), ("GET / SPDY/1\r\n\r\n", 400), ("GET x HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400), ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 413), ("GET /" + String(repeating: "x", count: 9000), 413),
  ])
  func whatIsNoRequestIsRefused(text: String, status: Int) {
    #expect {
      _ = try parse(text)
    } throws: { error in
      (error as? PageFault)?.status == status
    }
  }
}
