import GRDB
import GRDBSQLite
import GatewayCore
import Testing

@testable import Journal

/// What a commit costs, counted in steps of SQLite's machine: the same on every computer.
@Suite struct CommitCostTests {
  private let folder = TemporaryFolder()

  /// The steps of 50 commits of one entry each, after as many that prepare what is prepared once.
  private func steps(_ journal: Journal, _ entry: (Int64) -> Entry) throws -> Int64 {
    var before: Int64 = 0
    for number: Int64 in 1...100 {
      if number == 51 { before = journal.machineSteps() }
      let last = try journal.commit(batch([entry(number)])).lastID
      try journal.advance(sink: "only", to: last)
    }
    return journal.machineSteps() - before
  }

  private func journal(_ kept: Int64) throws -> Journal {
    var options = JournalOptions()
    options.keepDeliveredEntries = kept
    let journal = try Journal(path: folder.file, options: options)
    try journal.register(sink: "only")
    return journal
  }

  /// Of a hundred devices, each in order; with each that comes a delivered one goes.
  @Test func commitCostsTheSameHoweverManyEntriesAreKept() throws {
    var costs: [Int64] = []
    for kept: Int64 in [200, 20_000] {
      func at(_ number: Int64) -> Entry { entry(number / 100, device: "Device\(number % 100)") }
      let journal = try journal(kept)
      _ = try journal.commit(batch((0..<kept).map(at)))
      try journal.advance(sink: "only", to: kept)
      costs.append(try steps(journal) { at(kept + $0) })
      #expect(try journal.statistics().entries <= kept + 2)
      try journal.close()
      try meddle(folder.file, "DELETE FROM entry; DELETE FROM ledger_boot; DELETE FROM sink_cursor")
    }
    #expect(costs[1] < costs[0] * 3 / 2, "\(costs[0]) steps with 200 entries, \(costs[1]) with 20,000")
  }

  /// Each reading opens a gap more, or closes one in the middle.
  @Test func gapCostsTheSameHoweverManyTheBootHas() throws {
    var costs: [Int64] = []
    for gaps: Int64 in [200, 5000] {
      let device = "Device\(gaps)"
      let journal = try journal(1_000_000)
      _ = try journal.commit(batch((1...gaps).map { entry($0 * 2, device: device) }))
      costs.append(try steps(journal) { entry($0 % 2 == 0 ? (gaps + $0) * 2 : $0 + gaps, device: device) })
      try journal.close()
    }
    #expect(costs[1] < costs[0] * 3 / 2, "\(costs[0]) steps with 200 gaps, \(costs[1]) with 5,000")
  }
}

extension Journal {
  /// The steps that the statements of the writer have taken.
  fileprivate func machineSteps() -> Int64 {
    pool.writeWithoutTransaction { db in
      var sum: Int64 = 0
      var statement = sqlite3_next_stmt(db.sqliteConnection, nil)
      while let one = statement {
        sum += Int64(sqlite3_stmt_status(one, SQLITE_STMTSTATUS_VM_STEP, 0))
        statement = sqlite3_next_stmt(db.sqliteConnection, one)
      }
      return sum
    }
  }
}
