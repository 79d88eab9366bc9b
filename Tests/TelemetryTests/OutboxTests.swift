import Telemetry
import Testing

private func reading(_ seq: UInt32, _ event: EventKind = .heartbeat, boot: UInt32 = 1) -> Reading {
  Reading(
    boot: boot, seq: seq, event: event, measurement: .missing(.absent), motion: .low, switchLevel: .low,
    uptimeMilliseconds: UInt64(seq) * 1000)
}

extension Outbox {
  fileprivate var seqs: [UInt32] { (0..<count).map { self[$0].seq } }

  fileprivate mutating func take(_ now: UInt32, epoch: UInt32? = nil) -> Reading? {
    takeNext(now: now) { _, uptime in epoch.map { $0 + UInt32(uptime / 1000) } }
  }
}

@Suite struct OutboxTests {
  @Test func fullItDropsTheOldestHeartbeatAndNeverAnEventWhileOneRemains() {
    var outbox = Outbox<4>()
    outbox.append(reading(1, .motion))
    outbox.append(reading(2))
    outbox.append(reading(3, .switchChange))
    outbox.append(reading(4))
    outbox.append(reading(5))
    #expect(outbox.seqs == [1, 3, 4, 5])
    outbox.append(reading(6, .motion))
    outbox.append(reading(7, .motion))
    #expect(outbox.seqs == [1, 3, 6, 7])
    outbox.append(reading(8))  // a heartbeat does not push out an event
    #expect(outbox.seqs == [1, 3, 6, 7])
    outbox.append(reading(9, .motion))  // only events left: the oldest goes
    #expect(outbox.seqs == [3, 6, 7, 9])
    #expect(outbox.dropped.total == 5)
  }

  @Test func whatWasDroppedIsToldUntilAPayloadThatSaidItIsAcknowledged() {
    var outbox = Outbox<2>()
    for seq: UInt32 in 1...4 { outbox.append(reading(seq)) }
    #expect(outbox.dropped[0] == DroppedRange(boot: 1, first: 1, last: 2))
    _ = outbox.take(0)
    outbox.append(reading(5))  // seq 3 goes too: what was sent did not say so
    outbox.acknowledge(boot: 1, first: 4, last: 4)
    #expect(outbox.dropped[0] == DroppedRange(boot: 1, first: 1, last: 3))
    let sent = outbox.take(0)
    outbox.acknowledge(boot: 1, first: sent!.seq, last: sent!.seq)
    #expect(outbox.dropped.isEmpty)
  }

  @Test func whatWasDroppedAfterAPayloadWasSentIsToldOnWhenThatOneIsAcknowledged() {
    var outbox = Outbox<2>()
    for seq: UInt32 in 1...4 { outbox.append(reading(seq)) }
    #expect([outbox.take(0)?.seq, outbox.take(0)?.seq] == [3, 4])
    outbox.append(reading(5))  // seq 3 goes too: the payload of seq 4, which told of 1 and 2, did not say so
    outbox.acknowledge(boot: 1, first: 4, last: 4)
    #expect(outbox.dropped.count == 1)
    #expect(!outbox.dropped.isEmpty && outbox.dropped[0] == DroppedRange(boot: 1, first: 1, last: 3))
  }

  @Test func forgetsExactlyWhatIsNamed() {
    var outbox = Outbox<8>()
    for seq: UInt32 in 1...6 { outbox.append(reading(seq, boot: seq > 4 ? 2 : 1)) }
    #expect(outbox.acknowledge(boot: 1, first: 2, last: 5) == 3)
    #expect(outbox.seqs == [1, 5, 6])
    #expect(outbox.acknowledge(boot: 1, first: 2, last: 5) == 0)
  }

  @Test func aWindowIsUnderWayAndTheOldestIsSentAgainAfterTenSeconds() {
    var outbox = Outbox<32>()
    for seq: UInt32 in 1...20 { outbox.append(reading(seq)) }
    let start = UInt32.max - 3  // the tick wraps on the way
    for expected: UInt32 in 1...8 { #expect(outbox.take(start)?.seq == expected) }
    #expect(outbox.take(start) == nil)
    #expect(outbox.take(start &+ 9_999) == nil)
    #expect(outbox.take(start &+ 10_000)?.seq == 1)
    outbox.acknowledge(boot: 1, first: 1, last: 3)
    #expect(outbox.take(start &+ 10_000)?.seq == 4)
  }

  @Test func afterAReconnectEverythingIsSentAgainInOrder() {
    var outbox = Outbox<8>()
    for seq: UInt32 in 1...3 { outbox.append(reading(seq)) }
    _ = outbox.take(0)
    _ = outbox.take(0)
    outbox.connectionLost()
    #expect([outbox.take(1)?.seq, outbox.take(1)?.seq, outbox.take(1)?.seq] == [1, 2, 3])
  }

  @Test func theFirstSendingFixesTheTime() {
    var outbox = Outbox<4>()
    outbox.append(reading(1))
    outbox.append(reading(2))
    #expect(outbox.take(0)?.unixSeconds == nil)
    outbox.connectionLost()
    #expect(outbox.take(0, epoch: 1_000_000)?.unixSeconds == nil)
    #expect(outbox.take(0, epoch: 1_000_000)?.unixSeconds == 1_000_002)
    outbox.connectionLost()
    _ = outbox.take(0, epoch: 2_000_000)
    #expect(outbox.take(0, epoch: 2_000_000)?.unixSeconds == 1_000_002)
  }

  @Test func manyScatteredDropsStayWithinTheBoundAndNameEveryDrop() {
    var ranges = DroppedRanges()
    var random = SplitMix(seed: 7)
    var all: [UInt32] = []
    for _ in 0..<200 {
      let seq = UInt32(random.next() % 10_000)
      all.append(seq)
      ranges.insert(boot: 1, seq: seq)
      #expect(ranges.count <= DroppedRanges.bound)
    }
    for seq in all {
      #expect((0..<ranges.count).contains { ranges[$0].first <= seq && seq <= ranges[$0].last })
    }
  }
}

@Suite struct Numbers {
  @Test(
    arguments: [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 9, 0), (.max, 1, .max), (.min, 1, .min)]
      as [(Int64, Int64, Int64)])
  func roundsHalfAwayFromZero(numerator: Int64, denominator: Int64, result: Int64) {
    #expect(roundedDivision(numerator, by: denominator) == result)
  }

  @Test(
    arguments: [
      ("22.535", 2, 2254), ("-22.535", 2, -2254), ("22.5349", 2, 2253), ("0", 2, 0), ("-0.004", 2, 0),
      ("1e2", 2, 10_000),
      ("12345e-3", 2, 1235), ("9223372036854775807", 0, nil), ("1e400", 2, nil), ("1e-400", 2, 0),
      ("0.0000000000000000000000005", 2, 0), ("99999999999999999999", 0, nil),
    ] as [(String, Int, Int64?)])
  func readsFixedPoint(text: String, decimals: Int, value: Int64?) {
    let bytes = Array(text.utf8)
    let slice = JSONSlice(start: 0, end: bytes.count, hasEscapes: false)
    // 19 digits are more than the 18 that are kept: refused rather than rounded only where the unit is 1.
    if text == "9223372036854775807" {
      #expect(slice.integer(in: bytes.span) == nil)
    } else {
      #expect(slice.fixedPoint(decimals: decimals, in: bytes.span) == value)
    }
  }

  @Test(
    arguments: [
      ("2026-11-23T22:45:29Z", 1_795_473_929_000_000), ("1970-01-01 00:00:00", 0),
      ("2000-02-29T12:00:00.5+0530", 951_805_800_500_000),
      ("2026-11-23T22:45:29.1234567-08:00", 1_795_502_729_123_456), ("2026-11-23", nil), ("2026-13-01T00:00:00Z", nil),
      ("2100-02-28T23:59:59Z", 4_107_542_399_000_000), ("2100-02-29T00:00:00Z", nil),
      ("2000-02-30T00:00:00Z", nil), ("2026-02-29T00:00:00Z", nil), ("2026-04-31T00:00:00Z", nil),
      ("2026-11-23T24:00:00Z", nil), ("2026-11-23T22:45:29Zx", nil), ("1969-12-31T23:59:59Z", nil), ("", nil),
    ] as [(String, Int64?)])
  func readsISO8601(text: String, microseconds: Int64?) {
    #expect(Timestamp.parse(Array(text.utf8).span) == microseconds)
  }

  @Test func writesEveryDayOfFourCenturiesAsItReadsIt() {
    for day in stride(from: UInt32(0), to: UInt32.max / 86_400, by: 1) {
      var output = InlineBytes<32>()
      output.append(timestamp: day * 86_400 + 86_399)
      let bytes = (0..<output.count).map { output[$0] }
      #expect(Timestamp.parse(bytes.span) == Int64(day * 86_400 + 86_399) * 1_000_000)
    }
  }
}
