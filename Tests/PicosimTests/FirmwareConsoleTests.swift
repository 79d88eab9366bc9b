import Foundation
import Testing

@testable import picosim

/// The console of a simulated MicroPython firmware: what became of its readings over restarts and power cuts.
struct FirmwareConsoleTests {
  @Test func aReportIsReadAndOtherLinesAreNot() {
    let line =
      "martlet info up 5 s: made 3 sent 4 acknowledged 2 unsent 1 dropped 0; heap free 5 low 6; longest pause 1 ms"
    #expect(
      FirmwareConsole.counts(in: line) == ["made": 3, "sent": 4, "acknowledged": 2, "unsent": 1, "dropped": 0])
    #expect(FirmwareConsole.counts(in: "martlet info Attic06, boot 1, version 1.0.0: made 3") == nil)
    #expect(FirmwareConsole.counts(in: "Traceback: made 3 sent 4") == nil)
  }

  @Test func whatIsInRAMAtAPowerCutIsLostAndAllElseCounts() throws {
    let flash = URL(filePath: NSTemporaryDirectory()).appending(path: "console-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: flash, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: flash) }
    let console = try FirmwareConsole(flash: flash)
    #expect(!console.look())
    try console.handle.write(
      contentsOf: Data("martlet info up 1 s: made 3 sent 3 acknowledged 1 unsent 2 dropped 0; heap\nmart".utf8))
    #expect(console.look())
    #expect(!console.isEmpty)
    console.losesMemory()
    console.begins()
    #expect(!console.look())
    try console.handle.write(
      contentsOf: Data("let info up 1 s: made 2 sent 2 acknowledged 2 unsent 0 dropped 1; heap\n".utf8))
    #expect(console.look())
    #expect(
      console.counts.values == ["made": 5, "sent": 5, "acknowledged": 3, "unsent": 0, "dropped": 1, "lost": 2])
    #expect(console.isEmpty)
    try FileManager.default.createDirectory(
      at: flash.appending(path: "state/outbox"), withIntermediateDirectories: true)
    try Data().write(to: flash.appending(path: "state/outbox/00000001.q"))
    #expect(!console.isEmpty)
  }

  @Test func aSeedAndANumberAreAlwaysTheSameScenario() {
    let (first, again) = (
      RandomScenario(seed: 7, number: 3, mean: 60_000), RandomScenario(seed: 7, number: 3, mean: 60_000)
    )
    #expect(first.scenario == again.scenario)
    #expect(first.seed == again.seed && first.faults == again.faults && first.milliseconds == again.milliseconds)
    #expect(first.seed != RandomScenario(seed: 7, number: 4, mean: 60_000).seed)
    #expect((30_000...90_000).contains(first.milliseconds))
  }
}
