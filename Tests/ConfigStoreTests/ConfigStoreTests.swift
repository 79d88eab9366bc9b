import ConfigModel
import Foundation
import GRDB
import Testing

@testable import ConfigStore

private let first = #"{"device_list":[{"device_id":"A","enabled":1}],"own":{"kept":1.10}}"#
private let second = #"{"device_list":[{"device_id":"A","enabled":0}],"own":{"kept":1.10}}"#

@Suite struct ConfigStoreTests {
  let folder: StoreFolder
  var store: ConfigStore { folder.store }

  init() throws { folder = try StoreFolder() }

  @Test func eachSaveIsAVersionWithAuthorTimeAndNote() throws {
    #expect(try store.newest() == nil)
    _ = try store.save(
      try JSONValue(parsing: Array(first.utf8)), author: "Ada", note: "the beginning", at: 1_700_000_000_000_000)
    let saved = try folder.save(second, by: "Grace", at: 1_700_000_001_000_000)
    #expect(saved.version.number == 2)
    #expect(
      try store.history(limit: 10) == [
        ConfigVersionSummary(number: 2, saved: 1_700_000_001_000_000, author: "Grace", note: ""),
        ConfigVersionSummary(number: 1, saved: 1_700_000_000_000_000, author: "Ada", note: "the beginning"),
      ])
    #expect(try store.history(limit: 1, before: 2).map(\.number) == [1])
    #expect(try store.version(1).document.compact == first)
    #expect(try folder.again().newest() == saved.version)
  }

  @Test func theDifferenceOfAnyTwoVersionsIsTold() throws {
    try folder.save(first)
    try folder.save(second)
    #expect(try store.changes(from: 1, to: 2).map(\.description) == ["device_list[A].enabled: 1 -> 0"])
    #expect(try store.changes(from: 2, to: 1).map(\.description) == ["device_list[A].enabled: 0 -> 1"])
    let error = #expect(throws: ConfigStoreError.self) { try store.changes(from: 1, to: 7) }
    #expect(error?.detail == "there is no version 7; the newest is 2")
  }

  @Test func rollBackIsANewVersionAndLosesNothing() throws {
    try folder.save(first)
    try folder.save(second)
    let back = try store.rollBack(to: 1, author: "Ada", note: "", at: 3)
    #expect(back.version.number == 3)
    #expect(back.version.note == "back to version 1")
    #expect(back.version.document.compact == first)
    #expect(try store.version(2).document.compact == second)
  }

  @Test func whatSaysTheSameIsNoNewVersion() throws {
    try folder.save(first)
    let again = try folder.save(#"{"own":{"kept":1.10},"device_list":[{"enabled":1,"device_id":"A"}]}"#)
    #expect(!again.isNew)
    #expect(try store.newestNumber() == 1)
  }

  @Test func aDocumentWithFaultsIsRefusedWithEveryPlace() throws {
    try folder.save(first)
    let error = #expect(throws: ConfigStoreError.self) {
      try folder.save(#"{"device_list":[{"device_id":"A","enabled":7},{"device_id":"A"}]}"#)
    }
    #expect(
      error?.description == """
        the configuration has 2 faults and is not taken:
          device_list[0].enabled: 7 is not right; it must be 0 or 1, or true or false
          device_list[1].device_id: A is there a second time; the first is device_list[0]
        """)
    #expect(try store.newest()?.document.compact == first)
  }

  @Test func whoSavesAfterSomebodyElseIsToldWhatChanged() throws {
    try folder.save(first)
    try folder.save(second, by: "Grace", expecting: 1)
    let error = #expect(throws: ConfigStoreError.self) { try folder.save(first, expecting: 1) }
    guard case .conflict(let newest, let changes)? = error?.code else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(newest == 2)
    #expect(changes.map(\.description) == ["device_list[A].enabled: 1 -> 0"])
    #expect(error?.detail.contains("Grace saved version 2 meanwhile") == true)
    #expect(try store.newestNumber() == 2)
  }

  @Test func twoProcessesThatSaveAtOnceBothLand() async throws {
    try folder.save(first)
    let stores = try [folder.again(), folder.again()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (writer, store) in stores.enumerated() {
        group.addTask {
          for count in 0..<20 {
            _ = try store.set(
              try ConfigPath("own.w\(writer)"), to: .number("\(count)"), author: "w\(writer)", note: "", at: 1)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.newestNumber() == 41)
    #expect(try store.newest()?.document["own"]?.canonical == #"{"kept":1.10,"w0":19,"w1":19}"#)
  }

  @Test func onePlaceIsSetAndRemoved() throws {
    try folder.save(first)
    let path = try ConfigPath("device_list[B].heartbeat_publish_period")
    let saved = try store.set(path, to: .number("2000"), author: "Ada", note: "", at: 1)
    #expect(
      saved.version.document["device_list"]?.compact
        == #"[{"device_id":"A","enabled":1},{"device_id":"B","heartbeat_publish_period":2000}]"#)
    let error = #expect(throws: ConfigStoreError.self) {
      try store.set(try ConfigPath("nothing.here"), to: nil, author: "Ada", note: "", at: 1)
    }
    #expect(error?.detail == "nothing.here: there is nothing to remove")
  }

  @Test(arguments: [("", ""), ("a\nb", ""), ("Ada", "x\u{1B}[2J"), (String(repeating: "x", count: 65), "")])
  func authorAndNoteThatCannotBeKeptAreRefused(author: String, note: String) throws {
    #expect(throws: ConfigStoreError.self) {
      try store.save(.object([]), author: author, note: note, at: 1)
    }
  }

  @Test func aFileThatIsNoStoreIsLeftAlone() throws {
    let file = folder.url.appending(path: "other").path
    try Data("hello, this is no database, and it is long enough to be looked at as one".utf8).write(
      to: URL(filePath: file))
    #expect(throws: ConfigStoreError.self) { try ConfigStore(path: file) }
    #expect(throws: ConfigStoreError.self) { try ConfigStore(path: file + "-missing", make: false) }
    #expect(!FileManager.default.fileExists(atPath: file + "-missing"))
  }

  @Test func theOldestVersionsGo() throws {
    try folder.save(first)
    try store.writing { db in try db.execute(sql: "UPDATE sqlite_sequence SET seq = 10000") }
    try folder.save(second)
    #expect(try store.history(limit: 10).map(\.number) == [10_001])
  }
}
