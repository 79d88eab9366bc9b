import Foundation
import HTTPTesting
import HTTPTypes
import Testing

@testable import ConfigServer

@Suite struct ReloadTests {
  let directory: ConfigDirectory

  init() throws {
    directory = try ConfigDirectory()
  }

  @Test func anEditIsServedWithTheNextRequest() async throws {
    try directory.write(#"{"device_global_config":{"a":1}}"#)
    let client = try directory.client()
    #expect(try await client.get("/v1/devices/X/config").text == #"{"a":1,"device_id":"X"}"#)
    try directory.write(#"{"device_global_config":{"a":2}}"#)
    #expect(try await client.get("/v1/devices/X/config").text == #"{"a":2,"device_id":"X"}"#)
  }

  @Test func aBrokenEditKeepsTheLastGoodAndIsLoggedOnceWithItsPlace() async throws {
    try directory.write(#"{"device_global_config":{"a":1}}"#)
    let client = try directory.client()
    try directory.write("{\"device_global_config\":\n  {\"a\": 2,}}")
    for _ in 0..<3 {
      #expect(try await client.get("/pico_iot_config.json").text == #"{"device_global_config":{"a":1}}"#)
    }
    let errors = directory.log.errors()
    #expect(errors.count == 1)
    #expect(
      errors.first?.contains("pico_iot_config.json:2:11: a key in double quotes is due here") == true, "\(errors)")
    try directory.write(#"{"device_global_config":{"a":3}}"#)
    #expect(try await client.get("/v1/devices/X/config").text == #"{"a":3,"device_id":"X"}"#)
  }

  @Test func aDocumentOfTheWrongShapeKeepsTheLastGood() async throws {
    try directory.write(#"{"device_list":[]}"#)
    let client = try directory.client()
    try directory.write(#"{"device_list":[{"device_id":"A"},{"device_id":"A"}]}"#)
    #expect(try await client.get("/pico_iot_config.json").text == #"{"device_list":[]}"#)
    #expect(directory.log.errors().first?.contains("device_list[1] names A a second time") == true)
  }

  @Test func aRemovedFileKeepsTheLastGoodAndIsLoggedOnce() async throws {
    try directory.write(#"{"device_list":[]}"#)
    let client = try directory.client()
    try FileManager.default.removeItem(atPath: directory.mainFile)
    for _ in 0..<3 { #expect(try await client.get("/pico_iot_config.json").status == .ok) }
    #expect(directory.log.errors().count == 1)
  }

  @Test func anotherDocumentThatIsBrokenIsAnErrorThatNamesThePlace() async throws {
    try directory.write("{}")
    try directory.write("{\"a\" 1}", to: "cooker_config.json")
    let client = try directory.client()
    for _ in 0..<2 {
      let answer = try await client.get("/cooker_config.json")
      #expect(answer.status == .internalServerError)
      #expect(answer.text.contains("line 1, column 6"), "\(answer.text)")
      #expect(!answer.text.contains(directory.url.path))
    }
    #expect(directory.log.errors().count == 1)
  }

  @Test func aMissingFileAtStartIsATypedErrorWithRemedy() throws {
    let error = #expect(throws: ConfigurationError.self) { try directory.source() }
    #expect(error?.code == .missing)
    #expect(error?.description.contains("No such file") == true)
    #expect(error?.description.contains("gateway/ConfigServer/example") == true)
  }

  @Test(arguments: [
    ("", ConfigurationError.Code.notJSON, "the document ends where a value is due"),
    ("[]", .wrongShape, "the document is an array, not an object"),
    (#"{"device_list":{}}"#, .wrongShape, "device_list is an object, not an array"),
    (#"{"device_list":[{}]}"#, .wrongShape, "device_list[0] lacks a device_id"),
    (#"{"device_list":[{"device_id":"a b"}]}"#, .wrongShape, "device_list[0]: device_id holds a character outside"),
    (#"{"system_global_config":7}"#, .wrongShape, "system_global_config is a number, not an object"),
  ])
  func aBrokenFileAtStartIsATypedErrorThatSaysWhat(text: String, code: ConfigurationError.Code, detail: String) throws {
    try directory.write(text)
    let error = #expect(throws: ConfigurationError.self) { try directory.source() }
    #expect(error?.code == code)
    #expect(error?.detail.contains(detail) == true, "\(String(describing: error))")
  }

  @Test func aDirectoryInPlaceOfTheFileIsNotAFile() throws {
    try FileManager.default.createDirectory(atPath: directory.mainFile, withIntermediateDirectories: false)
    let error = #expect(throws: ConfigurationError.self) { try directory.source() }
    #expect(error?.code == .unreadable)
  }

  @Test func theShippedExampleIsAFleet() async throws {
    let example = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../gateway/ConfigServer/example/pico_iot_config.json").standardizedFileURL
    try directory.write(try String(contentsOf: example, encoding: .utf8))
    let client = try directory.client()
    let garage = try await client.get("/v1/devices/Garage02/config").text
    #expect(garage.contains(#""heartbeat_publish_period":5000"#))
    #expect(garage.contains(#""motion_cooldown_wait_period":60000"#))
  }
}
