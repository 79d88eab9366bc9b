import GatewayCore
import Synchronization

/// A journal in memory: entries of `rows(…)`, a second apart, as old as the test wants them.
final class MemoryJournal: Store {
  private struct State {
    var entries: [Entry] = []
    var letters: [DeadLetter] = []
    var sessions = [StoreSession(id: "s1", first: 1)]
  }

  private let state = Mutex(State())

  /// Appends one entry for each seq.
  func add(_ seqs: ClosedRange<Int64>, received: Int64) {
    state.withLock { state in
      for seq in seqs {
        let id = Int64(state.entries.count) + 1
        state.entries.append(
          Entry(
            id: id, device: "Attic06", boot: 17, seq: seq, timestamp: 1_795_473_929_000_000 + seq * 1_000_000,
            timeSource: .device, received: received, profile: .martletVersion2, bytes: []))
      }
    }
  }

  /// As a copy made after `count` entries looks when it has been put back and opened.
  func putBack(_ count: Int, session: String) {
    state.withLock {
      $0.entries.removeLast($0.entries.count - count)
      $0.sessions.append(StoreSession(id: session, first: Int64(count) + 1))
    }
  }

  var letters: [DeadLetter] { state.withLock { $0.letters } }

  func sessions() throws(StoreError) -> [StoreSession] { state.withLock { $0.sessions } }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    state.withLock { Array($0.entries.dropFirst(Int(id)).prefix(limit)) }
  }
  func statistics() throws(StoreError) -> StoreStatistics {
    let count = state.withLock { Int64($0.entries.count) }
    return StoreStatistics(entries: count, lastID: count, deadLetters: 0, bytes: 0, cursors: [:])
  }
  func bury(_ letters: [DeadLetter]) throws(StoreError) { state.withLock { $0.letters += letters } }
  func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { letters }

  /// The row of an entry.
  static func row(_ entry: Entry) -> Row {
    Row(
      device: entry.device, boot: entry.boot, seq: entry.seq, timestamp: entry.timestamp,
      timeSource: entry.timeSource, received: entry.received)
  }
}
