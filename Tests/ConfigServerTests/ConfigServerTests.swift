import HTTPTesting
import HTTPTypes
import Testing

@testable import ConfigServer

private let fleet = """
  {
    "device_list": [{"device_id": "Attic06", "name": "Attic", "enabled": 1, "heartbeat_publish_period": 1000}],
    "device_global_config": {"heartbeat_publish_period": 5000, "check_config_file_period": 1, "big": 9007199254740993},
    "system_global_config": {"check_config_file_period": 60000, "price": 1.10},
    "iot_server_config": {"ignored": true}
  }

  """

@Suite struct ConfigServerTests {
  let directory: ConfigDirectory
  let client: RouterClient

  init() throws {
    directory = try ConfigDirectory()
    try directory.write(fleet)
    client = try directory.client()
  }

  @Test func wholeDocumentIsServedByteForByte() async throws {
    let answer = try await client.get("/pico_iot_config.json")
    #expect(answer.status == .ok)
    #expect(answer.text == fleet)
    #expect(answer.headers[.contentType] == "application/json")
    #expect(answer.headers[.contentLength] == "\(fleet.utf8.count)")
  }

  @Test func deviceEntryWinsOverSystemAndSystemOverDevicesInGeneral() async throws {
    let answer = try await client.get("/v1/devices/Attic06/config")
    #expect(
      answer.text
        == #"{"big":9007199254740993,"check_config_file_period":60000,"device_id":"Attic06","enabled":1,"heartbeat_publish_period":1000,"name":"Attic","price":1.10}"#
    )
  }

  @Test func unknownDeviceGetsTheDefaultsAndItsOwnID() async throws {
    let answer = try await client.get("/v1/devices/Spare15/config")
    #expect(answer.status == .ok)
    #expect(
      answer.text
        == #"{"big":9007199254740993,"check_config_file_period":60000,"device_id":"Spare15","heartbeat_publish_period":5000,"price":1.10}"#
    )
  }

  @Test(arguments: ["/pico_iot_config.json", "/v1/devices/Attic06/config"])
  func knownETagIsAnsweredWithoutTheDocument(path: String) async throws {
    let etag = try #require(try await client.get(path).headers[.eTag])
    for field in [etag, "W/\(etag)", "\"other\", \(etag)", "*"] {
      let again = try await client.get(path, headers: [.ifNoneMatch: field])
      #expect(again.status == .notModified, "If-None-Match: \(field)")
      #expect(again.bytes.isEmpty)
      #expect(again.headers[.eTag] == etag)
    }
    #expect(try await client.get(path, headers: [.ifNoneMatch: "\"other\""]).status == .ok)
  }

  @Test func aDevicesETagChangesOnlyWhenItsOwnConfigurationDoes() async throws {
    let attic = try await client.get("/v1/devices/Attic06/config").headers[.eTag]
    let spare = try await client.get("/v1/devices/Spare15/config").headers[.eTag]
    try directory.write(fleet.replacing("\"Attic\"", with: "\"Loft\""))
    #expect(try await client.get("/v1/devices/Attic06/config").headers[.eTag] != attic)
    #expect(try await client.get("/v1/devices/Spare15/config").headers[.eTag] == spare)
  }

  @Test func pingIsAnsweredPong() async throws {
    #expect(try await client.get("/ping").text == "pong")
  }

  @Test(arguments: ["/ping", "/pico_iot_config.json", "/v1/devices/Attic06/config"])
  func headHasTheLengthAndNoBody(path: String) async throws {
    let get = try await client.get(path)
    let head = try await client.head(path)
    #expect(head.status == .ok)
    #expect(head.bytes.isEmpty)
    #expect(head.headers[.contentLength] == "\(get.bytes.count)")
    #expect(head.headers[.eTag] == get.headers[.eTag])
  }

  @Test(arguments: [
    ("a%20b", "holds a character outside"), ("Attic06%2F..", "holds a character outside"), ("%00", "holds a character"),
    ("B%C3%BCro01", "holds a character"), (String(repeating: "x", count: 33), "has 33 bytes; at most 32"),
  ])
  func invalidDeviceIDIsRefusedWithTheReason(id: String, reason: String) async throws {
    let answer = try await client.get("/v1/devices/\(id)/config")
    #expect(answer.status == .badRequest)
    #expect(answer.text.contains(reason), "\(answer.text)")
    #expect(answer.text.hasPrefix(#"{"error":"#))
  }

  @Test func anyOtherDocumentOfTheDirectoryIsServed() async throws {
    #expect(try await client.get("/eiot_config.json").status == .notFound)
    try directory.write("{ \"a\": 1 }", to: "eiot_config.json")
    let answer = try await client.get("/eiot_config.json")
    #expect(answer.text == "{ \"a\": 1 }")
    #expect(answer.headers[.eTag] != nil)
  }

  @Test(arguments: [
    "/..%2Fsecret.json", "/%2e%2e%2fsecret.json", "/../secret.json", "/.secret.json", "/a%00b.json", "/.json",
  ])
  func nothingOutsideTheDirectoryIsServed(path: String) async throws {
    try directory.write("{}", to: ".secret.json")
    let answer = try await client.get(path)
    #expect(answer.status == .notFound)
  }
}
