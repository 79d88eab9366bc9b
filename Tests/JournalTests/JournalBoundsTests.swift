import GatewayCore
import Journal
import Testing

@Suite struct JournalBoundsTests {
  private let folder = TemporaryFolder()

  private func open(_ change: (inout JournalOptions) -> Void) throws -> Journal {
    var options = JournalOptions()
    change(&options)
    let journal = try Journal(path: folder.file, options: options)
    try journal.register(sink: "slow")
    try journal.register(sink: "fast")
    return journal
  }

  @Test func onlyWhatEverySinkHasIsDeleted() throws {
    let journal = try open { $0.keepDeliveredEntries = 0 }
    _ = try journal.commit(batch(1...10))
    try journal.advance(sink: "fast", to: 10)
    _ = try journal.commit(batch([entry(11)]))
    #expect(try seqs(journal) == Array(1...11))
    try journal.advance(sink: "slow", to: 4)
    _ = try journal.commit(batch([entry(12)]))
    #expect(try seqs(journal) == Array(5...12))
    #expect(try journal.statistics().entries == 8)
  }

  @Test func deliveredEntriesStayForTheTimeOfRetention() throws {
    let journal = try open { $0.keepDeliveredSeconds = 100 }
    _ = try journal.commit(batch(1...10))
    for sink in ["slow", "fast"] { try journal.advance(sink: sink, to: 10) }
    _ = try journal.commit(batch([entry(100)]))
    #expect(try seqs(journal) == Array(1...10) + [100])
    // Received 105 seconds after noon: what is older than second 5 goes.
    _ = try journal.commit(batch([entry(105)]))
    #expect(try seqs(journal) == Array(5...10) + [100, 105])
  }

  @Test func withoutAnySinkNothingCountsAsDelivered() throws {
    var options = JournalOptions()
    options.keepDeliveredEntries = 0
    let journal = try Journal(path: folder.file, options: options)
    _ = try journal.commit(batch(1...3))
    _ = try journal.commit(batch([entry(4)]))
    #expect(try seqs(journal) == [1, 2, 3, 4])
  }

  @Test func aSinkThatIsNotRequiredNeverFillsTheJournal() throws {
    var options = JournalOptions()
    options.maxEntries = 10
    let journal = try Journal(path: folder.file, options: options)
    try journal.register(sink: "db")
    try journal.register(sink: "cloud", isRequired: false)
    _ = try journal.commit(batch(1...10))
    // Neither has anything: the required one holds the door.
    #expect(throws: StoreError.self) { try journal.commit(batch([entry(11)])) }
    try journal.advance(sink: "db", to: 10)
    try journal.advance(sink: "cloud", to: 2)
    _ = try journal.commit(batch(11...16))
    #expect(try seqs(journal) == Array(7...16))
    #expect(try journal.statistics().missed == ["cloud": 4])
    // It is in the database: nothing is lost.
    #expect(try journal.statistics().gaps.lostReadings.isEmpty)
  }

  @Test func whereNoSinkIsRequiredTheBoundWinsAndTheLedgerTells() throws {
    var options = JournalOptions()
    options.maxEntries = 10
    let journal = try Journal(path: folder.file, options: options)
    try journal.register(sink: "cloud", isRequired: false)
    _ = try journal.commit(batch(1...10))
    try journal.advance(sink: "cloud", to: 2)
    _ = try journal.commit(batch(11...16))
    #expect(try seqs(journal) == Array(7...16))
    #expect(try journal.statistics().missed == ["cloud": 4])
    #expect(try journal.statistics().gaps.lostReadings == ["gateway: journal full": 4])
  }

  @Test func cursorsAreKeptWithoutACommitOfReadings() throws {
    let cursor = {
      let journal = try Journal(path: self.folder.file)
      defer { try? journal.close() }
      return try journal.statistics().cursors["db"]
    }
    do {
      let journal = try Journal(path: folder.file)
      _ = try journal.commit(batch(1...3))
      try journal.advance(sink: "db", to: 3)
      try journal.saveCursors()
      // Let go of as a kill does: without `close`, which would save.
    }
    #expect(try cursor() == 3)
  }

  @Test func fullJournalRefusesUntilASinkCatchesUp() throws {
    let journal = try open { $0.maxEntries = 10 }
    _ = try journal.commit(batch(1...10))
    let error = #expect(throws: StoreError.self) { try journal.commit(batch([entry(11)])) }
    #expect(error?.code == .full)
    #expect(try seqs(journal) == Array(1...10))
    for sink in ["slow", "fast"] { try journal.advance(sink: sink, to: 3) }
    // Within the time of retention, but room counts more.
    #expect(try journal.commit(batch(11...13)).isNew == [true, true, true])
    #expect(try seqs(journal) == Array(4...13))
    #expect(try journal.statistics().entries == 10)
  }

  @Test func fullJournalKeepsWhatItCouldDelete() throws {
    let journal = try open { $0.maxEntries = 10 }
    _ = try journal.commit(batch(1...10))
    for sink in ["slow", "fast"] { try journal.advance(sink: sink, to: 2) }
    #expect(throws: StoreError.self) { try journal.commit(batch(11...15)) }
    #expect(try journal.statistics().entries == 8)
    #expect(try seqs(journal) == Array(3...10))
  }

  @Test func bytesAreBoundedToo() throws {
    let journal = try open { $0.maxBytes = 200_000 }
    var accepted: Int64 = 0
    let error = #expect(throws: StoreError.self) {
      for seq in Int64(1)...10_000 {
        var large = entry(seq)
        large.bytes = [UInt8](repeating: 7, count: 1000)
        _ = try journal.commit(batch([large]))
        accepted = seq
      }
    }
    #expect(error?.code == .full)
    #expect((80...200).contains(accepted))
  }

  @Test func dropOldestLetsUndeliveredEntriesGoAndCountsThem() throws {
    let journal = try open {
      $0.maxEntries = 10
      $0.whenFull = .dropOldest
    }
    _ = try journal.commit(batch(1...10))
    _ = try journal.commit(batch(11...14))
    #expect(try seqs(journal) == Array(5...14))
    #expect(journal.lostEntries == 4)
  }

  @Test func oneCommitDeletesABoundedNumber() throws {
    let journal = try open { $0.keepDeliveredEntries = 0 }
    _ = try journal.commit(batch(1...9000))
    for sink in ["slow", "fast"] { try journal.advance(sink: sink, to: 9000) }
    _ = try journal.commit(batch([entry(9001)]))
    #expect(try journal.statistics().entries == 5001)
    _ = try journal.commit(batch([entry(9002)]))
    #expect(try journal.statistics().entries == 1002)
  }

  @Test func bootOffsetsAreBounded() throws {
    let journal = try open { $0.maxBootOffsets = 2 }
    for boot in Int64(1)...3 {
      var batch = Batch()
      batch.bootOffsets = [BootOffset(device: "Attic06", boot: boot, epoch: boot)]
      _ = try journal.commit(batch)
    }
    #expect(try journal.bootOffset(device: "Attic06", boot: 1) == nil)
    #expect(try journal.bootOffset(device: "Attic06", boot: 3) == 3)
  }

  @Test func cursorMayGoBackWhenTheSinkLostRows() throws {
    let journal = try open { $0.keepDeliveredEntries = 0 }
    try journal.advance(sink: "fast", to: 5)
    try journal.advance(sink: "slow", to: 5)
    try journal.advance(sink: "slow", to: 2)
    _ = try journal.commit(batch(1...5))
    _ = try journal.commit(batch([entry(6)]))
    #expect(try seqs(journal) == [3, 4, 5, 6])
    #expect(try journal.statistics().cursors == ["fast": 5, "slow": 2])
  }
}
