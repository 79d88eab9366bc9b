import Foundation
import GatewayCore
import Journal
import Testing

@Suite struct SessionTests {
  @Test func eachOpeningIsASessionFromItsFirstIDOn() throws {
    let folder = TemporaryFolder()
    let first = try Journal(path: folder.file)
    _ = try first.commit(batch(1...5))
    try first.close()
    let second = try Journal(path: folder.file)
    let sessions = try second.sessions()
    #expect(sessions.map(\.first) == [1, 6])
    #expect(Set(sessions.map(\.id)).count == 2)
  }

  /// A copy made after three entries is put back when a sink has five, and grows beyond those.
  @Test func copyPutBackIsToldFromTheJournalItWasMadeOf() throws {
    let folder = TemporaryFolder()
    let original = try Journal(path: folder.file)
    _ = try original.commit(batch(1...3))
    try original.close()
    let copy = try Data(contentsOf: URL(fileURLWithPath: folder.file))
    let later = try Journal(path: folder.file)
    _ = try later.commit(batch(4...5))
    let position = SinkPosition(upTo: 5, session: try later.sessions().last?.id)
    #expect(position.verified(by: try later.sessions(), last: 5) == position)
    try later.close()
    try copy.write(to: URL(fileURLWithPath: folder.file))
    let restored = try Journal(path: folder.file)
    _ = try restored.commit(batch(104...110))
    let last = try restored.statistics().lastID
    #expect(last == 10)
    #expect(position.verified(by: try restored.sessions(), last: last).upTo == 0)
  }
}
