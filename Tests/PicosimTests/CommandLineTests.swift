import ArgumentParser
import Foundation
import Testing

@testable import picosim

@Suite struct CommandLineTests {
  @Test(arguments: [
    ("90", 90_000), ("90s", 90_000), ("500ms", 500), ("1.5s", 1500), ("5m", 300_000), ("12h", 43_200_000),
    ("7d", 604_800_000),
  ])
  func aTimeHasAUnitOrIsSeconds(text: String, milliseconds: UInt64) {
    #expect(TimeSpan(argument: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: ["", "s", "5 s", "-5s", "5y", "1e9d", "99999d", "..5s"]) func otherTimesAreRefused(text: String) {
    #expect(TimeSpan(argument: text) == nil)
  }

  @Test func speedIsAFactorOrMax() {
    #expect(Speed(argument: "max") == .max)
    #expect(Speed(argument: "100") == .factor(100))
    for text in ["0", "-1", "fast", "1e9", "nan"] { #expect(Speed(argument: text) == nil, "\(text)") }
  }

  @Test(arguments: [
    (["--speed", "max"], "a broker does not run faster"), (["--count", "0"], "1 to 100000 boards"),
    (["--for", "10ms"], "at least 1 second"), (["--heartbeat", "10ms"], "--heartbeat: 1s to 24h"),
    (["--config", "localhost:5000"], "--config: an address"), (["--password-file", "/dev/null"], "goes with --user"),
    (["--user", "a", "--password-file", "/dev/null"], "cannot read a password from /dev/null"),
  ])
  func whatCannotBeIsRefusedWithTheReason(arguments: [String], reason: String) {
    #expect {
      _ = try Run.parse(arguments)
    } throws: { error in
      Run.message(for: error).contains(reason)
    }
  }

  @Test func countsOfPartsAddUpAndKeepATrouble() {
    let parts = [
      Counts(line: "made=3 sent=4 acknowledged=2 unsent=1 trouble=cannot connect: refused=1"),
      Counts(line: "picosim: boards=5 made=10 sent=10 acknowledged=10 unsent=0 dropped=2"),
    ]
    let sum = Counts(parts)
    #expect(sum.line == "made=13 sent=14 acknowledged=12 unsent=1 trouble=cannot connect: refused=1")
    #expect(sum.summary == "made=13 sent=14 acknowledged=12 unsent=1 dropped=2")
  }

  @Test func linesMayComeInAnyPieces() {
    let reader = LineReader()
    for byte in Data("made=1 sent=2\nmade=7".utf8) { reader.take(Data([byte])) }
    #expect(reader.counts.values == ["made": 1, "sent": 2])
    reader.take(Data("0\n".utf8))
    #expect(reader.counts.values["made"] == 70)
  }
}
