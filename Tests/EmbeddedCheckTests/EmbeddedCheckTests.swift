import EmbeddedCheck
import Foundation
import Testing

/// The same golden file is compared with what the emulated Cortex-M0 publishes (scripts/embedded).
@Test func linuxPublishesTheGoldenPayloads() throws {
  var bytes: [UInt8] = []
  runEmbeddedCheck(seconds: 20) { bytes.append($0) }
  let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "golden/payloads.txt")
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try Data(bytes).write(to: golden) }
  let expected = try String(contentsOf: golden, encoding: .utf8)
  #expect(String(decoding: bytes, as: UTF8.self) == expected)
  #expect(expected.split(separator: "\n").count == 5)
}
