import GatewayCore
import Glibc
import Testing

@testable import Journal

/// A file damaged behind SQLite's back, at random places drawn from a seed.
@Suite struct JournalDamageTests {
  private let folder = TemporaryFolder()
  private let now: Int64 = 1_795_473_929_000_000

  /// Whether an entry is one that the test committed, with everything it had.
  private func isSound(_ found: Entry) -> Bool {
    var original = entry(found.seq)
    original.id = found.id
    return found == original
  }

  private func open() throws -> (journal: Journal, setAside: JournalSetAside?) {
    try Journal.opening(path: folder.file, now: now, isSound: isSound)
  }

  /// A journal with 2,000 entries, closed; `logged` of them are only in the log, as a killed gateway leaves it.
  private func make(logged: Bool) throws {
    let journal = try Journal(path: folder.file)
    for start in stride(from: Int64(1), through: 2000, by: 100) { _ = try journal.commit(batch(start..<start + 100)) }
    if logged {
      let copies = try ["", "-wal"].map { try Bytes.read(folder.file + $0) }
      try journal.close()
      for (suffix, copy) in zip(["", "-wal"], copies) { try Bytes.write(copy, to: folder.file + suffix) }
    } else {
      try journal.close()
    }
  }

  @Test(arguments: 0..<24)
  func journalDamagedAtRandomPlacesIsSetAsideAndWhatIsSoundGoesOn(seed: UInt64) throws {
    var random = SplitMix(seed)
    try make(logged: false)
    var bytes = try Bytes.read(folder.file)
    for _ in 0..<(1 + random.next() % 6) {
      let start = Int(random.next() % UInt64(bytes.count))
      let length = 1 + Int(random.next() % 3000)
      for index in start..<min(start + length, bytes.count) { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
    }
    try Bytes.write(bytes, to: folder.file)

    let (journal, setAside) = try open()
    let kept = try journal.entries(after: 0, limit: 10_000)
    #expect(Set(kept.map(\.seq)).count == kept.count)
    if let setAside {
      #expect(setAside.path == folder.file + ".corrupt-20261123T224529Z")
      #expect(try Bytes.read(setAside.path).count > 0)
      #expect(kept.count == setAside.recovered)
      #expect(kept.allSatisfy(isSound))
      let letter = try journal.deadLetters(limit: 1).first
      #expect(letter?.reason == "journal-corrupt")
      unlink(setAside.path)
    }
    // The service goes on.
    #expect(try journal.commit(batch([entry(5000)])).isNew == [true])
    try journal.close()
    #expect(try open().setAside == nil)
  }

  @Test func damageInOnePageCostsThatPageOnly() throws {
    try make(logged: false)
    var bytes = try Bytes.read(folder.file)
    let page = 30 * 4096
    for index in page..<page + 4096 { bytes[index] = 0xA5 }
    try Bytes.write(bytes, to: folder.file)
    let (journal, setAside) = try open()
    let aside = try #require(setAside)
    defer { unlink(aside.path) }
    #expect(aside.recovered > 1900)
    #expect(aside.recovered + aside.unreadable == 2000)
    #expect(try journal.statistics().entries == Int64(aside.recovered))
  }

  @Test(arguments: 0..<12)
  func truncatedLogKeepsTheCommitsBeforeTheCut(seed: UInt64) throws {
    var random = SplitMix(seed)
    try make(logged: true)
    let log = try Bytes.read(folder.file + "-wal")
    try Bytes.write(Array(log.prefix(Int(random.next() % UInt64(log.count)))), to: folder.file + "-wal")
    let (journal, setAside) = try open()
    if let setAside { for suffix in ["", "-wal"] { unlink(setAside.path + suffix) } }
    // Whole commits, from the first on: none is torn.
    let kept = try seqs(journal)
    #expect(kept == Array(1..<Int64(kept.count + 1)))
    #expect(kept.count % 100 == 0)
    #expect(try journal.commit(batch([entry(5000)])).isNew == [true])
  }

  @Test func newJournalHasAnotherNameSoThatNoOldCursorFits() throws {
    try make(logged: false)
    let old = try Journal(path: folder.file)
    let name = old.id
    try old.close()
    var bytes = try Bytes.read(folder.file)
    for index in 100..<4096 { bytes[index] = 0xA5 }
    try Bytes.write(bytes, to: folder.file)
    let (journal, setAside) = try open()
    defer { setAside.map { _ = unlink($0.path) } }
    #expect(setAside != nil)
    #expect(journal.id != name)
  }

  @Test func damageMetInUseEndsInASetAsideAtTheNextStart() throws {
    try make(logged: false)
    // What the gateway leaves behind when SQLite meets damage that the check at the start does not see.
    try Bytes.write([], to: Journal.marker(folder.file))
    let (journal, setAside) = try open()
    defer { setAside.map { _ = unlink($0.path) } }
    #expect(setAside?.recovered == 2000)
    #expect(access(Journal.marker(folder.file), F_OK) != 0)
    #expect(try journal.statistics().entries == 2000)
  }
}

/// Sebastiano Vigna's splitmix64: a seed gives the same damage everywhere.
struct SplitMix {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Whole files.
enum Bytes {
  struct Unreadable: Error { var path: String }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw Unreadable(path: path) }
    return bytes
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "w") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw Unreadable(path: path) }
  }
}
