import Testing

@testable import HTTPClient

@Suite struct HTTPClientTests {
  private func get(_ server: OneAnswer, tag: String? = nil) throws -> HTTPResponse {
    try HTTPClient(timeoutMilliseconds: 10_000).get("http://127.0.0.1:\(server.port)/a.json", ifNoneMatch: tag)
  }

  @Test func answerIsStatusTagAndBody() throws {
    let server = OneAnswer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\netag:  \"v1\"\r\n\r\nhello")
    #expect(try get(server) == HTTPResponse(status: 200, entityTag: "\"v1\"", body: Array("hello".utf8)))
    #expect(server.asked.hasPrefix("GET /a.json HTTP/1.1\r\n"))
    #expect(!server.asked.contains("If-None-Match"))
  }

  @Test func heldTagIsAskedAboutAnd304HasNoBody() throws {
    let server = OneAnswer("HTTP/1.1 304 Not Modified\r\n\r\n")
    #expect(try get(server, tag: "\"v1\"") == HTTPResponse(status: 304, entityTag: nil, body: []))
    #expect(server.asked.contains("\r\nIf-None-Match: \"v1\"\r\n"))
  }

  @Test func nothingOfOneAnswerIsLeftInTheNext() throws {
    let servers = [
      OneAnswer("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\nhello"),
      OneAnswer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"),
    ]
    let client = try HTTPClient(timeoutMilliseconds: 10_000)
    _ = try client.get("http://127.0.0.1:\(servers[0].port)/", ifNoneMatch: "\"v0\"")
    #expect(
      try client.get("http://127.0.0.1:\(servers[1].port)/")
        == HTTPResponse(status: 404, entityTag: nil, body: Array("no".utf8)))
    #expect(!servers[1].asked.contains("If-None-Match"))
  }

  @Test func bodyOfAMebibyteIsTakenAndOneByteMoreIsNot() throws {
    let longest = String(repeating: "x", count: HTTPClient.maximumBodyBytes)
    let fitting = OneAnswer("HTTP/1.1 200 OK\r\n\r\n\(longest)")
    #expect(try get(fitting).body.count == 1 << 20)
    let excessive = OneAnswer("HTTP/1.1 200 OK\r\n\r\n\(longest)x")
    let url = "http://127.0.0.1:\(excessive.port)/a.json"
    #expect {
      try get(excessive)
    } throws: {
      "\($0)" == "GET \(url): longer than 1048576 bytes"
    }
  }

  @Test func closedPortASilentServerAndAnotherSchemeAreErrorsThatNameTheAddress() throws {
    let client = try HTTPClient(timeoutMilliseconds: 10_000)
    let silent = OneAnswer("")
    for url in ["http://127.0.0.1:1/", "http://127.0.0.1:\(silent.port)/", "file:///etc/hostname"] {
      #expect {
        try client.get(url)
      } throws: {
        let fault = $0 as? HTTPError
        return fault?.url == url && fault?.detail.isEmpty == false
      }
    }
  }
}
