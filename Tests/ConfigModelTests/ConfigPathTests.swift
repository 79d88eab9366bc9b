import Testing

@testable import ConfigModel

@Suite struct ConfigPathTests {
  @Test(arguments: [
    ".", "device_list", "device_list[0].mqtt_config.port", "device_list[Attic06].name",
    #"iot_server_config["a b"].c"#, "a.b.c",
  ])
  func aPathReadsAsItIsWritten(text: String) throws {
    #expect(try ConfigPath(text).description == text)
  }

  @Test(arguments: [
    (".a", "it begins with a point"), ("a..b", "a key is missing"), ("a[0", "a ] is missing"),
    ("a[0]b", "after a ] a point is due"),
    ("a[b c]", "in brackets stands a number, a device's id, or a key in quotes"),
  ])
  func whatIsNoPathIsRefusedWithTheReason(text: String, reason: String) {
    #expect(throws: ConfigPath.SyntaxError(text: text, reason: reason)) { try ConfigPath(text) }
  }

  @Test func aDeviceIsNamedByItsIDAndAddedWhereItIsNot() throws {
    var document = JSONValue.object([])
    let path = try ConfigPath("device_list[Attic06].mqtt_config.port")
    #expect(document[path] == nil)
    var isSet = document.set(path, to: .number("1"))
    #expect(isSet)
    #expect(document.canonical == #"{"device_list":[{"device_id":"Attic06","mqtt_config":{"port":1}}]}"#)
    #expect(document[path] == .number("1"))
    isSet = document.set(try ConfigPath("device_list[Attic06]"), to: nil)
    #expect(isSet)
    #expect(document.canonical == #"{"device_list":[]}"#)
  }

  @Test(arguments: ["a.b", "c[0]", "c[Attic06].d[1]", "nothing"])
  func whatIsNotThereCannotBeRemoved(path: String) throws {
    let whole = try JSONValue(parsing: Array(#"{"a":1,"c":[]}"#.utf8))
    var document = whole
    let isRemoved = document.set(try ConfigPath(path), to: nil)
    #expect(!isRemoved)
    #expect(document == whole)
  }
}
