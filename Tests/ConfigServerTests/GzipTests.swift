import CZlib
import HTTPTesting
import HTTPTypes
import Testing

@testable import ConfigServer

@Suite struct GzipTests {
  private static let long =
    #"{"device_global_config":{"note":""# + String(repeating: "the same again ", count: 200) + #""}}"#

  @Test func whoTakesGzipGetsTheSameBytesInFewer() async throws {
    let directory = try ConfigDirectory()
    try directory.write(Self.long)
    let client = try directory.client()
    let plain = try await client.get("/pico_iot_config.json")
    let gzip = try await client.get("/pico_iot_config.json", headers: [.acceptEncoding: "br;q=1.0, gzip;q=0.8"])
    #expect(gzip.headers[.contentEncoding] == "gzip")
    #expect(gzip.bytes.count < plain.bytes.count / 10)
    #expect(gzip.headers[.contentLength] == "\(gzip.bytes.count)")
    #expect(gzip.headers[.vary] == "Accept-Encoding")
    #expect(try inflated(gzip.bytes) == plain.bytes)
  }

  @Test func theTagOfTheCompressedBytesIsTheWeakOneAndIsKnownAgain() async throws {
    let directory = try ConfigDirectory()
    try directory.write(Self.long)
    let client = try directory.client()
    let plain = try #require(try await client.get("/pico_iot_config.json").headers[.eTag])
    let gzip = try await client.get("/pico_iot_config.json", headers: [.acceptEncoding: "gzip"]).headers[.eTag]
    #expect(gzip == "W/\(plain)")
    let again = try await client.get(
      "/pico_iot_config.json", headers: [.acceptEncoding: "gzip", .ifNoneMatch: "W/\(plain)"])
    #expect(again.status == .notModified)
  }

  @Test func whatIsShortIsNotCompressed() async throws {
    let directory = try ConfigDirectory()
    try directory.write("{}")
    let answer = try await directory.client().get("/pico_iot_config.json", headers: [.acceptEncoding: "gzip"])
    #expect(answer.text == "{}")
    #expect(answer.headers[.contentEncoding] == nil)
  }

  @Test(arguments: [
    ("gzip", true), ("GZIP", true), ("deflate, gzip", true), ("*", true), ("gzip;q=0.001", true), ("", false),
    ("br", false), ("gzip;q=0", false), ("gzip; q=0.0", false), ("*;q=0", false), ("*, gzip;q=0", false),
    ("xgzip", false),
  ])
  func theFieldIsReadAsTheStandardHasIt(field: String, takes: Bool) {
    #expect(ConfigServer.takesGzip(field) == takes)
  }

  private func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    var input = bytes
    var output = [UInt8](repeating: 0, count: 100_000)
    try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    let code = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    #expect(code == Z_STREAM_END)
    return Array(output.prefix(Int(stream.total_out)))
  }
}
