import EmbeddedCheck
import Foundation
import Testing

private func expectGolden(_ name: String, lines: Int, _ bytes: [UInt8]) throws {
  let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "golden/\(name).txt")
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try Data(bytes).write(to: golden) }
  let expected = try String(contentsOf: golden, encoding: .utf8)
  #expect(String(decoding: bytes, as: UTF8.self) == expected)
  #expect(expected.split(separator: "\n").count == lines)
}

/// The same golden file is compared with what the emulated Cortex-M0 publishes (scripts/embedded).
@Test func linuxPublishesTheGoldenPayloads() throws {
  var bytes: [UInt8] = []
  runEmbeddedCheck(seconds: 20) { bytes.append($0) }
  try expectGolden("payloads", lines: 5, bytes)
}

@Test func linuxAnswersWithTheGoldenDialogue() throws {
  var bytes: [UInt8] = []
  runEmbeddedDialogue { bytes.append($0) }
  try expectGolden("dialogue", lines: 8, bytes)
}
