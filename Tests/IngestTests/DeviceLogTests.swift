import Testing

@testable import Ingest

@Suite struct DeviceLogTests {
  private func line(_ text: String) -> DeviceLogLine { DeviceLogLine(device: "Attic06", payload: Array(text.utf8)) }

  @Test func aLinesLevelIsItsOwnWord() {
    for level in ["error", "warning", "info", "debug"] {
      #expect(line(#"{"level":"\#(level)","uptime_ms":1,"message":"x"}"#).level.rawValue == level)
    }
    #expect(line(#"{"boot":16,"version":"1.0.0","reset":"power-on","links":[[0,"wifi",1]]}"#).level == .start)
    for text in [#"{"level":"loud"}"#, #"{"level":7}"#, "hello", #"{"level":"#, "[]", "{}"] {
      #expect(line(text).level == .other, "\(text)")
    }
  }

  @Test func aLineCannotBeginAnotherLineNorSteerATerminal() {
    #expect(line("a\nb\u{1B}[2Jc").text == "a b [2Jc")
  }

  @Test func aLongLineIsCutAndSaysSo() {
    let text = line(String(repeating: "x", count: 70_000)).text
    #expect(text.utf8.count < 600 && text.hasSuffix("…"))
  }

  @Test func logLinesAreNeverDeadLetters() throws {
    var clock = BootClock(store: OffsetStore())
    func verdict(_ payload: [UInt8]) throws -> Profiles.Verdict {
      try Profiles.classify(
        Profiles.Arrival(topic: "iots6/Attic06/log", payload: payload, length: payload.count, received: 0),
        base: "iots6", clock: &clock)
    }
    #expect(try verdict(Array("no JSON".utf8)) == .log(line("no JSON")))
    #expect(try verdict([0xFF]) == .log(DeviceLogLine(device: "Attic06", payload: [0xFF])))
    #expect(try verdict([]) == .ignored)
  }

  @Test func aFleetWithAFaultGetsFiveLinesASecondInAndTheRestIsCounted() {
    var budget = LogBudget()
    var (passed, leftOut) = (0, 0)
    for tick in 0..<100_000 {
      guard let left = budget.take(atSeconds: Double(tick) / 1000) else { continue }
      passed += 1
      leftOut += left
    }
    #expect((540...560).contains(passed))
    #expect(abs(passed + leftOut - 100_000) < 300)
    // A clock that steps back lets nothing in for it.
    #expect(budget.take(atSeconds: 0) == nil)
  }
}
