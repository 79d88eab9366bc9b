import GatewayCore
import Glibc
import Testing

@testable import Journal

@Suite struct JournalFileTests {
  private let folder = TemporaryFolder()

  @Test func runningGatewaysJournalIsReadWithoutItsLock() throws {
    let journal = try Journal(path: folder.file)
    _ = try journal.commit(batch(1...7))
    let file = try JournalFile(path: folder.file, exclusively: false)
    #expect(try file.entries(after: 2, limit: 3).map(\.seq) == [3, 4, 5])
    _ = try journal.commit(batch(8...9))
    #expect(try file.entries(after: 7, limit: 10).map(\.seq) == [8, 9])
    #expect(try file.statistics().entries == 9)
    try file.close()
    #expect(try journal.commit(batch([entry(10)])).isNew == [true])
  }

  @Test func verifyAndCompactNeedTheLockAndSayWhoHasIt() throws {
    let journal = try Journal(path: folder.file)
    let error = #expect(throws: StoreError.self) { try JournalFile(path: folder.file, exclusively: true) }
    #expect(error?.code == .locked)
    #expect(error?.detail.contains("process \(getpid())") == true)
    try journal.close()
    try JournalFile(path: folder.file, exclusively: true).close()
  }

  @Test func fileThatIsNotThereIsNotMade() {
    let error = #expect(throws: StoreError.self) { try JournalFile(path: folder.file, exclusively: false) }
    #expect(error?.detail.contains("no such file") == true)
    #expect(access(folder.file, F_OK) != 0)
  }

  @Test func fileOfAnotherProgramIsNoJournal() throws {
    try meddle(folder.file, "CREATE TABLE recipe (name TEXT)")
    let error = #expect(throws: StoreError.self) { try JournalFile(path: folder.file, exclusively: true) }
    #expect(error?.code == .corrupt)
  }

  @Test func compactionGivesFreePagesBackAndKeepsEveryEntry() throws {
    let journal = try Journal(path: folder.file)
    _ = try journal.commit(batch(1...5000))
    try journal.close()
    try meddle(folder.file, "DELETE FROM entry WHERE id <= 4900")
    let file = try JournalFile(path: folder.file, exclusively: true)
    let size = try file.compact()
    try file.close()
    #expect(size.after < size.before / 5)
    let again = try Journal(path: folder.file)
    #expect(try seqs(again) == Array(4901...5000))
    #expect(try again.commit(batch([entry(5001)])).lastID == 5001)
  }

  @Test func compactionWithoutRoomIsRefusedBeforeItBegins() {
    let error = #expect(throws: StoreError.self) {
      try JournalFile.checkRoom(for: 100 << 20, in: "/tmp", free: 150 << 20)
    }
    #expect(error?.code == .diskFull)
    #expect(error?.detail.contains("207 MB") == true)
    #expect(throws: Never.self) { try JournalFile.checkRoom(for: 100 << 20, in: "/tmp", free: 220 << 20) }
  }

  @Test func damagedIndexIsFoundByTheCheck() throws {
    let journal = try Journal(path: folder.file)
    _ = try journal.commit(batch(1...50))
    try journal.close()
    // The index then lacks a row that the table has.
    try meddle(
      folder.file,
      """
      PRAGMA writable_schema = ON;
      CREATE INDEX entry_device ON entry (device, id);
      CREATE TABLE hidden AS SELECT rootpage, sql FROM sqlite_master WHERE name = 'entry_device';
      DELETE FROM sqlite_master WHERE name = 'entry_device';
      """)
    try meddle(folder.file, "DELETE FROM entry WHERE id = 7")
    try meddle(
      folder.file,
      """
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_master SELECT 'index', 'entry_device', 'entry', rootpage, sql FROM hidden;
      """)
    let file = try JournalFile(path: folder.file, exclusively: true)
    #expect(try !file.damage().isEmpty)
    try file.close()
  }

  @Test func entryThatCannotBeOneIsToldAndPassedOver() throws {
    let journal = try Journal(path: folder.file)
    _ = try journal.commit(batch(1...5))
    try journal.close()
    try meddle(folder.file, "UPDATE entry SET time_source = 77 WHERE id = 3")
    let file = try JournalFile(path: folder.file, exclusively: false)
    var damaged: [Int64] = []
    #expect(try file.entries(after: 0, limit: 10) { id, _ in damaged.append(id) }.map(\.seq) == [1, 2, 4, 5])
    #expect(damaged == [3])
    #expect(throws: StoreError.self) { try file.entries(after: 0, limit: 10) }
  }
}
