import ConfigModel
import Foundation
import HTTPTesting
import Hummingbird
import Logging
import Testing

@testable import ConfigServer

@Suite struct DirectorySourceTests {
  let directory: ConfigDirectory

  init() throws {
    directory = try ConfigDirectory()
    try FileManager.default.createDirectory(
      at: directory.url.appending(path: "devices"), withIntermediateDirectories: true)
    try directory.write("device_global_config:\n  heartbeat_publish_period: 5000\n", to: "fleet.yaml")
    try directory.write("name: Attic\nenabled: 1\n", to: "devices/Attic06.yaml")
  }

  private func source() throws -> DirectorySource {
    try DirectorySource(path: directory.url.path, logger: directory.logger)
  }

  @Test func theFilesAreOneDocument() throws {
    try directory.write(#"{"name":"Garage"}"#, to: "devices/Garage02.json")
    let source = try source()
    #expect(
      source.current().fleet.merged(for: "Attic06").canonical
        == #"{"device_id":"Attic06","enabled":1,"heartbeat_publish_period":5000,"name":"Attic"}"#)
    #expect(source.current().fleet.devices == ["Attic06", "Garage02"])
    #expect(source.document(named: "pico_iot_config") === source.current().whole)
    #expect(source.document(named: "fleet") == nil)
  }

  @Test func aChangeIsTakenInAndAnUnchangedDirectoryIsNot() throws {
    let source = try source()
    #expect(!source.refresh())
    try directory.write("name: Loft\n", to: "devices/Attic06.yaml")
    #expect(source.refresh())
    #expect(!source.refresh())
    try directory.write("name: Hall\n", to: "devices/Hallway12.yaml")
    #expect(source.refresh())
    try FileManager.default.removeItem(at: directory.url.appending(path: "devices/Attic06.yaml"))
    #expect(source.refresh())
    #expect(source.current().fleet.devices == ["Hallway12"])
  }

  @Test func aStateWithAFaultIsRefusedAsAWholeAndTheLastGoodStays() throws {
    let source = try source()
    let before = source.current()
    try directory.write("enabled: maybe\npayload_version: 3\n", to: "devices/Attic06.yaml")
    try directory.write("device_global_config: {heartbeat_publish_period: 9000}\n", to: "fleet.yaml")
    #expect(!source.refresh())
    #expect(!source.refresh())
    #expect(source.current() === before)
    let errors = directory.log.errors()
    #expect(errors.count == 3, "\(errors)")
    #expect(
      errors.first?.hasSuffix(
        "devices/Attic06.yaml: enabled: the string \"maybe\" is not right; it must be 0 or 1, or true or false")
        == true,
      "\(errors)")
    try directory.write("enabled: 1\n", to: "devices/Attic06.yaml")
    #expect(source.refresh())
    #expect(source.current().fleet.merged(for: "X").canonical.contains("9000"))
  }

  @Test(arguments: [
    ("fleet.yaml", "a: [", "fleet.yaml: line "), ("devices/B.yaml", "device_id: C", "it is not B, the file's name"),
    ("devices/B.yaml", "- 1", "it must be an object, the entry of one device"),
    ("devices/a b.yaml", "name: x", "it holds a character outside"),
    ("devices/Attic06.json", "{}", "Attic06 is there a second time"),
    ("fleet.json", "{}", "fleet.yaml and fleet.json are both there; keep one"),
  ])
  func aFaultAtTheStartNamesTheFile(file: String, text: String, words: String) throws {
    try directory.write(text, to: file)
    let error = #expect(throws: DirectorySource.Fault.self) { try source() }
    #expect(error?.description.contains(words) == true, "\(error.map(String.init(describing:)) ?? "")")
  }

  @Test func anEmptyDirectoryIsRefusedWithWhatBelongsInIt() throws {
    try FileManager.default.removeItem(at: directory.url.appending(path: "fleet.yaml"))
    let error = #expect(throws: DirectorySource.Fault.self) { try source() }
    #expect(error?.description.hasSuffix("there is no fleet.yaml, fleet.json or pico_iot_config.json in it") == true)
  }

  @Test func editorsFilesAreNotDevices() throws {
    try directory.write("name: x\n", to: "devices/.Attic06.yaml.swp.yaml")
    try directory.write("see the wiki\n", to: "devices/README.md")
    #expect(try source().current().fleet.devices == ["Attic06"])
  }
}
