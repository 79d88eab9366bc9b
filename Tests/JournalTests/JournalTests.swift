import GatewayCore
import Glibc
import Journal
import Testing

@Suite struct JournalTests {
  private let folder = TemporaryFolder()

  private func open(_ change: (inout JournalOptions) -> Void = { _ in }) throws -> Journal {
    var options = JournalOptions()
    change(&options)
    return try Journal(path: folder.file, options: options)
  }

  @Test func committedEntriesComeBackInOrderWithEverythingTheyHad() throws {
    let journal = try open()
    var odd = entry(2, device: "Küche", boot: -1)
    odd.timeSource = .received
    odd.profile = .iots6Version1
    odd.bytes = []
    let result = try journal.commit(batch([entry(1), odd]))
    #expect(result == CommitResult(isNew: [true, true], lastID: 2, newIDs: [1, 2]))
    var first = entry(1)
    first.id = 1
    odd.id = 2
    #expect(try journal.entries(after: 0, limit: 10) == [first, odd])
    #expect(try journal.entries(after: 1, limit: 10) == [odd])
    #expect(try journal.entries(after: 0, limit: 1) == [first])
  }

  @Test func secondCopyIsADuplicateEvenInsideOneBatch() throws {
    let journal = try open()
    #expect(try journal.commit(batch([entry(1), entry(2), entry(1)])).isNew == [true, true, false])
    var late = entry(2)
    late.timestamp += 5
    late.bytes = [1]
    let result = try journal.commit(batch([late, entry(3)]))
    #expect(result.isNew == [false, true])
    #expect(try journal.entries(after: 0, limit: 10).last?.id == result.lastID)
    #expect(try journal.entries(after: 1, limit: 1).first?.bytes == entry(2).bytes)
    #expect(try journal.statistics().entries == 3)
  }

  @Test func sameSeqOfAnotherBootOrDeviceIsAnotherReading() throws {
    let journal = try open()
    let twins = [entry(1), entry(1, boot: 18), entry(1, device: "Garage02")]
    #expect(try journal.commit(batch(twins)).isNew == [true, true, true])
  }

  @Test func failedCommitLeavesNothingOfItsBatch() throws {
    let journal = try open()
    _ = try journal.commit(batch(1...3))
    try meddle(
      folder.file,
      "CREATE TRIGGER boom BEFORE INSERT ON entry WHEN new.seq = 6 BEGIN SELECT RAISE(ABORT, 'boom'); END")
    var bad = batch(4...8)
    bad.deadLetters = [DeadLetter(received: 1, topic: "t", reason: "not-json", detail: "", bytes: [])]
    bad.bootOffsets = [BootOffset(device: "Attic06", boot: 17, epoch: 5)]
    let error = #expect(throws: StoreError.self) { try journal.commit(bad) }
    #expect(error?.code == .io)
    #expect(error?.detail.contains("boom") == true)
    #expect(try seqs(journal) == [1, 2, 3])
    #expect(try journal.deadLetters(limit: 10).isEmpty)
    #expect(try journal.bootOffset(device: "Attic06", boot: 17) == nil)
    #expect(try journal.statistics().entries == 3)
    try meddle(folder.file, "DROP TRIGGER boom")
    #expect(
      try journal.commit(bad)
        == CommitResult(isNew: [true, true, true, true, true], lastID: 8, newIDs: [4, 5, 6, 7, 8]))
  }

  @Test func restartKeepsRowsNameAndNumbering() throws {
    let first = try open()
    _ = try first.commit(batch(1...5))
    try first.advance(sink: "timescale", to: 4)
    let name = first.id
    try first.close()
    let second = try open()
    #expect(name.utf8.count == 32)
    #expect(second.id == name)
    #expect(try seqs(second) == [1, 2, 3, 4, 5])
    let statistics = try second.statistics()
    #expect(statistics.entries == 5)
    #expect(statistics.lastID == 5)
    #expect(statistics.cursors == ["timescale": 4])
    #expect(statistics.bytes > 0)
    #expect(try second.commit(batch([entry(5), entry(6)])).isNew == [false, true])
  }

  @Test func idsAreNotGivenTwiceAfterEverythingWasDeleted() throws {
    let first = try open()
    _ = try first.commit(batch(1...5))
    try first.close()
    try meddle(folder.file, "DELETE FROM entry")
    let second = try open()
    #expect(try second.statistics().lastID == 5)
    #expect(try second.commit(batch([entry(9)])).lastID == 6)
  }

  @Test func firstOffsetOfABootStays() throws {
    let journal = try open()
    var batch = Batch()
    batch.bootOffsets = [
      BootOffset(device: "Attic06", boot: 17, epoch: 5), BootOffset(device: "Attic06", boot: 17, epoch: 6),
    ]
    _ = try journal.commit(batch)
    #expect(try journal.bootOffset(device: "Attic06", boot: 17) == 5)
    #expect(try journal.bootOffset(device: "Attic06", boot: 18) == nil)
  }

  @Test func devicesAndTheirLastEntriesAreFound() throws {
    let journal = try open()
    #expect(try journal.devices().isEmpty)
    _ = try journal.commit(batch((1...4).flatMap { [entry($0), entry($0, device: "Garage02", boot: 9 - $0)] }))
    #expect(try journal.devices() == ["Attic06", "Garage02"])
    #expect(try journal.latest(device: "Garage02", limit: 2).map(\.seq) == [3, 4])
    #expect(try journal.latest(device: "Nobody", limit: 2).isEmpty)
  }

  @Test func newestDeadLettersAreKept() throws {
    let journal = try open { $0.maxDeadLetters = 3 }
    let letters = (1...4).map {
      DeadLetter(received: $0, topic: "iots6/x", reason: "not-json", detail: "at byte 1", bytes: [1, 2, 3], length: 9)
    }
    var batch = Batch()
    batch.deadLetters = letters
    _ = try journal.commit(batch)
    try journal.bury([DeadLetter(received: 5, topic: "y", reason: "refused-by-database", detail: "d", bytes: [])])
    let kept = try journal.deadLetters(limit: 10)
    #expect(kept.map(\.received) == [5, 4, 3])
    var expected = letters[3]
    expected.id = 4
    #expect(kept[1] == expected)
    #expect(try journal.statistics().deadLetters == 3)
  }

  @Test func secondGatewayOnTheSameFileIsToldWhy() throws {
    let first = try open()
    let error = #expect(throws: StoreError.self) { try open() }
    #expect(error?.code == .locked)
    #expect(error?.detail.contains("process \(getpid())") == true)
    try first.close()
  }

  @Test func fileThatIsNoJournalIsCorrupt() throws {
    let file = fopen(folder.file, "w")
    let text = String(repeating: "no database at all ", count: 100)
    _ = text.withCString { fwrite($0, 1, strlen($0), file) }
    fclose(file)
    #expect(throws: StoreError.self) { try open() }
    do { _ = try open() } catch let error as StoreError { #expect(error.code == .corrupt) }
  }

  @Test func damagedPageIsFoundAtOpen() throws {
    let journal = try open()
    _ = try journal.commit(batch(1...2000))
    try journal.close()
    let file = Glibc.open(folder.file, O_RDWR)
    let noise = [UInt8](repeating: 0xA5, count: 4096)
    for page in 8..<12 { _ = pwrite(file, noise, noise.count, off_t(page * 4096)) }
    Glibc.close(file)
    let error = #expect(throws: StoreError.self) { try open() }
    #expect(error?.code == .corrupt)
  }
}
