import GatewayCore
import Journal
import Testing

@testable import Ingest

/// Clocks that are absent, wrong, or step: the device's and the gateway's.
@Suite struct TimeRuleTests {
  private let folder = JournalFolder()
  private let day: Int64 = 86_400_000_000

  private func verdict(
    _ text: String, _ clock: inout BootClock, received: Int64 = noon
  ) throws -> Profiles.Verdict {
    let bytes = Array(text.utf8)
    return try Profiles.classify(
      Profiles.Arrival(topic: "iots6/Attic06", payload: bytes, length: bytes.count, received: received), base: "iots6",
      clock: &clock)
  }

  private func accepted(_ text: String, _ clock: inout BootClock, received: Int64 = noon) throws -> Entry? {
    guard case .accepted(let entry, _, _) = try verdict(text, &clock, received: received) else { return nil }
    return entry
  }

  private func commit(_ entries: [Entry], _ clock: inout BootClock, to journal: Journal) throws -> [Bool] {
    var batch = Batch()
    batch.entries = entries
    batch.bootOffsets = clock.newOffsets
    let isNew = try journal.commit(batch).isNew
    clock.confirm()
    return isNew
  }

  /// The gateway is restarted with a clock that is hours off; the device sends the same reading again.
  @Test func redeliveryAfterARestartHasItsOldTimeAndIsNoSecondReading() throws {
    let text = payload(seq: 5, timestamp: nil, uptime: 5000)
    let before = try Journal(path: folder.file)
    var clock = BootClock(store: before)
    let first = try #require(try accepted(text, &clock))
    #expect(first.timeSource == .derived)
    #expect(try commit([first], &clock, to: before) == [true])
    try before.close()
    let after = try Journal(path: folder.file)
    var restarted = BootClock(store: after)
    let again = try #require(try accepted(text, &restarted, received: noon + 5 * 3_600_000_000))
    #expect(again.timestamp == first.timestamp && restarted.newOffsets.isEmpty)
    #expect(try commit([again], &restarted, to: after) == [false])
    let next = try #require(
      try accepted(payload(seq: 6, timestamp: nil, uptime: 6000), &restarted, received: noon - 3_600_000_000))
    #expect(next.timestamp == first.timestamp + 1_000_000)
  }

  @Test func clockOfTheDeviceMayStepWithinReasonAndIsBelieved() throws {
    var clock = BootClock(store: OffsetStore())
    for time in ["2026-11-24T07:00:00Z", "2026-11-24T06:00:00Z", "2024-01-01T00:00:00Z", "2026-11-25T07:59:59Z"] {
      #expect(try accepted(payload(timestamp: time), &clock)?.timeSource == .device)
    }
    for time in ["1970-01-01T00:00:00Z", "2023-12-31T23:59:59Z", "2026-11-25T08:00:01Z", "2099-01-01T00:00:00Z"] {
      guard case .refused(let letter, let reading) = try verdict(payload(timestamp: time), &clock) else {
        Issue.record("\(time) was taken")
        continue
      }
      // Acknowledged by name, so that the device does not send it for ever, and a loss in the ledger.
      #expect(letter.reason == "impossible-time" && letter.loss != nil && reading?.seq == 1)
    }
  }

  @Test func gatewayClockThatStepsBackMakesNoGoodTimeImpossible() throws {
    var clock = BootClock(store: OffsetStore())
    #expect(try accepted(payload(), &clock) != nil)
    #expect(try accepted(payload(seq: 2), &clock, received: noon - 400 * day)?.timestamp == noon - 2_000_000)
    // Also when it comes up wrong: the journal knows that it was later once.
    let journal = try Journal(path: folder.file)
    _ = try commit([try #require(try accepted(payload(), &clock))], &clock, to: journal)
    var restarted = BootClock(store: journal)
    #expect(try accepted(payload(seq: 2), &restarted, received: noon - 400 * day) != nil)
  }

  /// A gateway without a battery for its clock, before NTP.
  @Test func gatewayWithoutAClockTakesWhatHasATimeAndLetsTheRestWait() throws {
    var clock = BootClock(store: OffsetStore(["Attic06/18": noon - 7_000_000]))
    let unset: Int64 = 12_000_000
    #expect(try accepted(payload(), &clock, received: unset)?.timeSource == .device)
    let waiting = payload(seq: 2, timestamp: nil, uptime: 5000)
    #expect(try verdict(waiting, &clock, received: unset) == .postponed)
    #expect(clock.newOffsets.isEmpty)
    // The beginning of this boot is known, so no clock is needed.
    #expect(
      try accepted(payload(boot: 18, seq: 2, timestamp: nil, uptime: 5000), &clock, received: unset)?.timestamp
        == noon - 2_000_000)
    #expect(try accepted(waiting, &clock)?.timestamp == noon)
    // Version 1 has no acknowledgement to withhold: kept, and told why.
    guard case .refused(let letter, nil) = try verdict(#"{"temperature":70}"#, &clock, received: unset) else {
      Issue.record("taken")
      return
    }
    #expect(letter.reason == "impossible-time" && letter.detail.contains("clock is not set"))
  }

  @Test func uptimeThatCannotBeIsQuarantined() throws {
    var clock = BootClock(store: OffsetStore())
    _ = try accepted(payload(timestamp: nil, uptime: 5000), &clock)
    guard case .refused(let letter, _) = try verdict(payload(seq: 2, timestamp: nil, uptime: 1 << 40), &clock) else {
      Issue.record("taken")
      return
    }
    #expect(letter.reason == "impossible-time" && letter.detail.hasPrefix("derived"))
  }

  @Test func reusedBootIsKeptAsADeadLetterAndARedeliveryIsNot() throws {
    let journal = try Journal(path: folder.file)
    var clock = BootClock(store: journal)
    let first = try #require(try accepted(payload(), &clock))
    let again = try #require(try accepted(String(payload().dropLast() + #","dropped":[[7,8]]}"#), &clock))
    let other = try #require(try accepted(payload(timestamp: "2026-11-24T07:59:59Z"), &clock))
    #expect(try commit([first, again, other], &clock, to: journal) == [true, false, false])
    let letters = try journal.deadLetters(limit: 10)
    #expect(letters.map(\.reason) == ["reused-identity"])
    #expect(letters.first?.bytes == other.bytes && letters.first?.detail.contains("boot 17, seq 1") == true)
  }
}
