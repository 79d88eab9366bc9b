import GatewayCore
import Testing

@testable import Journal

@Suite struct LedgerTests {
  private let folder = TemporaryFolder()

  private func open(_ change: (inout JournalOptions) -> Void = { _ in }) throws -> Journal {
    var options = JournalOptions()
    change(&options)
    return try Journal(path: folder.file, options: options)
  }

  /// Every gap as `device/boot from-to outcome reason`, oldest first.
  private func told(_ journal: Journal) throws -> [String] {
    try journal.gaps(after: 0, limit: 100_000).gaps
      .sorted { ($0.device, $0.boot, $0.seqs.lowerBound) < ($1.device, $1.boot, $1.seqs.lowerBound) }
      .map { gap in
        let reason = gap.reason.map { " \($0)" } ?? ""
        return "\(gap.boot) \(gap.seqs.lowerBound)-\(gap.seqs.upperBound) \(gap.outcome.name)\(reason)"
      }
  }

  private func dropped(_ seqs: ClosedRange<Int64>, boot: Int64 = 17) -> Batch {
    var batch = Batch()
    batch.losses = [
      Loss(device: "Attic06", boot: boot, seqs: seqs, reason: "device: dropped", sparesArrived: true)
    ]
    return batch
  }

  @Test func numberBeyondTheExpectedOneOpensAGapAndALateOneClosesIt() throws {
    let journal = try open()
    _ = try journal.commit(batch([1, 2, 3, 7]))
    #expect(try told(journal) == ["17 4-6 open"])
    #expect(try journal.statistics().gaps.openReadings == 3)
    _ = try journal.commit(batch([5]))
    #expect(try told(journal) == ["17 4-4 open", "17 5-5 repaired", "17 6-6 open"])
    _ = try journal.commit(batch([8, 6, 4]))
    #expect(try told(journal) == ["17 4-6 repaired"])
    let counts = try journal.statistics().gaps
    #expect(counts.openGaps == 0)
    #expect(counts.openReadings == 0)
    #expect(counts.repairedReadings == 3)
  }

  /// Letters of a batch once went before its readings: then the boot began with the letter's number, and what was missing
  /// below it was never missed.
  @Test func letterOfTheSameBatchIsNotWhatABootBeginsWith() throws {
    let journal = try open()
    var first = batch([1, 4])
    first.deadLetters = [
      DeadLetter(
        received: 0, topic: "iots6/Attic06", reason: "impossible-time", detail: "", bytes: [],
        loss: Loss(
          device: "Attic06", boot: 17, seqs: 5...5, reason: "gateway: impossible-time", sparesArrived: false))
    ]
    _ = try journal.commit(first)
    #expect(try told(journal) == ["17 2-3 open", "17 5-5 lost gateway: impossible-time"])
  }

  @Test func orderInsideABatchDoesNotMatter() throws {
    let journal = try open()
    _ = try journal.commit(batch([4, 1, 3, 2]))
    #expect(try told(journal).isEmpty)
  }

  @Test func beginningOfABootUnderWayIsNotClaimed() throws {
    let journal = try open()
    _ = try journal.commit(batch([500, 501, 503]))
    #expect(try told(journal) == ["17 502-502 open"])
  }

  @Test func beginningOfALaterBootIsMissedByAJournalThatKnewTheDevice() throws {
    let journal = try open()
    _ = try journal.commit(batch(1...3))
    _ = try journal.commit(batch([entry(4, boot: 18)]))
    // Nothing is claimed of boot 17 after 3: it may have made no more.
    #expect(try told(journal) == ["18 1-3 open"])
    // A late boot of before, of which the journal never heard, is under way for all it knows.
    _ = try journal.commit(batch([entry(9, boot: 5)]))
    #expect(try told(journal) == ["18 1-3 open"])
  }

  @Test func versionOneHasNoNumbersAndNoGaps() throws {
    let journal = try open()
    _ = try journal.commit(batch([entry(5, boot: -1), entry(900, boot: -1)]))
    #expect(try told(journal).isEmpty)
  }

  @Test func droppedRangesAreLostButWhatArrivesAllTheSame() throws {
    let journal = try open()
    _ = try journal.commit(batch([1, 2, 6]))
    _ = try journal.commit(dropped(2...4))
    #expect(try told(journal) == ["17 3-4 lost device: dropped", "17 5-5 open"])
    _ = try journal.commit(dropped(2...4))
    _ = try journal.commit(batch([4, 5]))
    #expect(try told(journal) == ["17 3-3 lost device: dropped", "17 4-5 repaired"])
    #expect(try journal.statistics().gaps.lostReadings == ["device: dropped": 1])
  }

  @Test func droppedBeforeItsNeighboursArrivedIsNotOpenedLater() throws {
    let journal = try open()
    _ = try journal.commit(batch([1, 2]))
    // The device holds 3…5 and dropped 6…7.
    _ = try journal.commit(dropped(6...7))
    #expect(try told(journal) == ["17 6-7 lost device: dropped"])
    _ = try journal.commit(batch([3, 4, 5, 8]))
    #expect(try told(journal) == ["17 6-7 lost device: dropped"])
  }

  @Test func droppedReadingsOfABootNobodySawAreLost() throws {
    let journal = try open()
    _ = try journal.commit(dropped(7...9, boot: 16))
    #expect(try told(journal) == ["16 7-9 lost device: dropped"])
    _ = try journal.commit(batch([entry(8, boot: 16)]))
    #expect(
      try told(journal) == ["16 7-7 lost device: dropped", "16 8-8 repaired", "16 9-9 lost device: dropped"])
  }

  @Test func refusedReadingsAreLostWithTheHopThatRefused() throws {
    let journal = try open()
    func letter(_ seq: Int64, _ reason: String) -> DeadLetter {
      DeadLetter(
        received: 1, topic: "t", reason: "r", detail: "", bytes: [],
        loss: Loss(device: "Attic06", boot: 17, seqs: seq...seq, reason: reason, sparesArrived: false))
    }
    _ = try journal.commit(batch([1, 2]))
    var bad = Batch()
    bad.deadLetters = [letter(3, "gateway: impossible-time")]
    _ = try journal.commit(bad)
    _ = try journal.commit(batch([4]))
    try journal.bury([letter(2, "database: refused")])
    #expect(try told(journal) == ["17 2-2 lost database: refused", "17 3-3 lost gateway: impossible-time"])
    #expect(
      try journal.statistics().gaps.lostReadings == ["database: refused": 1, "gateway: impossible-time": 1])
  }

  @Test func entriesDroppedBeforeTheSinkHadThemAreLost() throws {
    let journal = try open {
      $0.maxEntries = 10
      $0.whenFull = .dropOldest
    }
    try journal.register(sink: "slow")
    _ = try journal.commit(batch(1...10))
    try journal.advance(sink: "slow", to: 2)
    // Two that the sink has may go, and two more must.
    _ = try journal.commit(batch(11...14))
    #expect(try told(journal) == ["17 3-4 lost gateway: journal full"])
  }

  @Test func journalAsTheStoreForgetsItsOldestWithoutCallingItALoss() throws {
    let journal = try open {
      $0.maxEntries = 10
      $0.whenFull = .dropOldest
    }
    _ = try journal.commit(batch(1...10))
    _ = try journal.commit(batch(11...14))
    #expect(try told(journal).isEmpty)
  }

  @Test func ledgerKnowsWhatIsNextAfterItsEntriesWereDeleted() throws {
    let first = try open { $0.keepDeliveredEntries = 0 }
    try first.register(sink: "db")
    _ = try first.commit(batch(1...10))
    try first.advance(sink: "db", to: 10)
    _ = try first.commit(batch([entry(1, device: "Garage02")]))
    #expect(try seqs(first) == [1])
    try first.close()
    let second = try open()
    _ = try second.commit(batch([11, 13]))
    #expect(try told(second) == ["17 12-12 open"])
    // A redelivery of what is long delivered is no arrival of anything missing.
    _ = try second.commit(batch([5]))
    #expect(try told(second) == ["17 12-12 open"])
  }

  @Test func gapThatAnotherGatewayFilledIsClosed() throws {
    let journal = try open()
    _ = try journal.commit(batch([1, 5]))
    let gaps = try journal.gaps(after: 0, limit: 10)
    var found = gaps.gaps[0]
    found.seqs = 2...3
    try journal.close([found])
    #expect(try told(journal) == ["17 2-3 repaired", "17 4-4 open"])
    #expect(try journal.gaps(after: gaps.revision, limit: 10).gaps.count == 2)
  }

  @Test func failedCommitLeavesTheLedgerAsItWas() throws {
    let journal = try open()
    _ = try journal.commit(batch(1...3))
    try meddle(
      folder.file,
      "CREATE TRIGGER boom BEFORE INSERT ON reading_gap BEGIN SELECT RAISE(ABORT, 'boom'); END")
    #expect(throws: StoreError.self) { try journal.commit(batch([9])) }
    try meddle(folder.file, "DROP TRIGGER boom")
    _ = try journal.commit(batch([5]))
    #expect(try told(journal) == ["17 4-4 open"])
    #expect(try journal.statistics().gaps.openReadings == 1)
  }

  @Test func journalFromBeforeTheLedgerStartsFromItsEntries() throws {
    let old = try open()
    _ = try old.commit(batch(1...5))
    try old.close()
    try meddle(
      folder.file,
      """
      DROP TABLE ledger_boot; DROP TABLE reading_gap;
      DELETE FROM grdb_migrations WHERE identifier = '0002_ledger';
      """)
    let journal = try open()
    _ = try journal.commit(batch([7]))
    #expect(try told(journal) == ["17 6-6 open"])
  }

  /// Against a model that remembers each number, over restarts and deletions.
  @Test(arguments: 0..<30)
  func anyOrderOfArrivalsDropsAndRestartsMatchesAModel(seed: UInt64) throws {
    var random = SplitMix(seed)
    var arrived: Set<Int64> = [1]
    var reported: Set<Int64> = []
    func options(_ options: inout JournalOptions) { options.keepDeliveredEntries = 0 }
    var journal = try open(options)
    try journal.register(sink: "db")
    _ = try journal.commit(batch([1]))
    for _ in 0..<60 {
      switch random.next() % 8 {
      case 0:
        if random.next() % 2 == 0 { try journal.close() }
        journal = try reopen(&journal, options)
      case 1:
        let start = Int64(random.next() % 80) + 1
        let range = start...start + Int64(random.next() % 4)
        _ = try journal.commit(dropped(range))
        reported.formUnion(range)
      case 2: try journal.advance(sink: "db", to: journal.statistics().lastID)
      case _:
        let seqs = (0...random.next() % 5).map { _ in Int64(random.next() % 80) + 1 }
        _ = try journal.commit(batch(seqs))
        arrived.formUnion(seqs)
      }
    }
    let highest = try #require(arrived.max())
    var fate: [Int64: Gap.Outcome] = [:]
    for gap in try journal.gaps(after: 0, limit: 10_000).gaps { for seq in gap.seqs { fate[seq] = gap.outcome } }
    for seq in Int64(1)...84 {
      if arrived.contains(seq) {
        #expect(fate[seq] == nil || fate[seq] == .repaired, "seed \(seed), \(seq)")
      } else if reported.contains(seq) {
        #expect(fate[seq] == .lost, "seed \(seed), \(seq)")
      } else {
        #expect(fate[seq] == (seq < highest ? .open : nil), "seed \(seed), \(seq)")
      }
    }
    let open = Int64((1...highest).filter { !arrived.contains($0) && !reported.contains($0) }.count)
    #expect(try journal.statistics().gaps.openReadings == open)
  }

  /// A restart, after a clean end or as after a kill: the next one opens what is on the disk.
  private func reopen(_ journal: inout Journal, _ change: (inout JournalOptions) -> Void) throws -> Journal {
    try? journal.close()
    let next = try open(change)
    try next.register(sink: "db")
    return next
  }
}
