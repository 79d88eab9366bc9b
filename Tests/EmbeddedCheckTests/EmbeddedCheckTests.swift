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

/// What a device writes that lives in memory of its own and has just started.
private func written(_ run: (EmbeddedCheck, (UInt8) -> Void) -> Void) -> [UInt8] {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: EmbeddedCheck.byteCount, alignment: 8)
  defer { memory.deallocate() }
  var bytes: [UInt8] = []
  var checksum: UInt32 = 0
  withUnsafeMutablePointer(to: &checksum) { checksum in
    run(EmbeddedCheck(in: memory, checksum: checksum)) { bytes.append($0) }
  }
  return bytes
}

/// The same golden file is compared with what the emulated Cortex-M0 publishes (scripts/embedded).
@Test func linuxPublishesTheGoldenPayloads() throws {
  try expectGolden("payloads", lines: 5, written { check, put in check.live(seconds: 20, put: put) })
}

@Test func linuxAnswersWithTheGoldenDialogue() throws {
  try expectGolden("dialogue", lines: 8, written { check, put in check.ask(put: put) })
}
