import GatewayCore
import Synchronization

/// A store whose every commit waits at a gate until the test opens it, with the outcome the test chooses.
final class GateStore: Store {
  enum Outcome: Sendable {
    case commit
    case fail(StoreError.Code)
  }

  private struct State {
    var waiting: Batch?
    var arrivals = 0
    var outcome: Outcome?
    var committed: [Entry] = []
    var letters: [DeadLetter] = []
    var isOpen = false
  }

  private let state = Mutex(State())
  private let changed = CommitSignal()

  /// What has been committed.
  var committed: [Entry] { state.withLock { $0.committed } }
  var letters: [DeadLetter] { state.withLock { $0.letters } }

  /// The batch that stands at the gate as the `number`-th or later, when it has come (at most ten seconds).
  func arrival(_ number: Int = 1) -> Batch? {
    wait { $0.arrivals >= number ? $0.waiting : nil }
  }

  /// Waits until more than `count` entries are committed (at most ten seconds); gives how many.
  func commits(beyond count: Int) -> Int? {
    wait { $0.committed.count > count ? $0.committed.count : nil }
  }

  /// Lets the waiting commit go on.
  func open(_ outcome: Outcome = .commit) {
    state.withLock { $0.outcome = outcome }
    changed.notify()
  }

  /// Lets every commit pass from now on.
  func openForGood() {
    state.withLock { $0.isOpen = true }
    changed.notify()
  }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult {
    state.withLock {
      $0.waiting = batch
      $0.arrivals += 1
    }
    changed.notify()
    let outcome: Outcome? = wait { state in
      if state.isOpen { return .commit }
      defer { state.outcome = nil }
      return state.outcome
    }
    let (isNew, lastID) = state.withLock { state -> ([Bool], Int64) in
      state.waiting = nil
      guard case .commit = outcome else { return ([], 0) }
      state.letters += batch.deadLetters
      let isNew = batch.entries.map { entry in
        let isNew = !state.committed.contains {
          $0.device == entry.device && $0.boot == entry.boot && $0.seq == entry.seq
        }
        if isNew { state.committed.append(entry) }
        return isNew
      }
      return (isNew, Int64(state.committed.count))
    }
    changed.notify()
    switch outcome {
    case .commit: return CommitResult(isNew: isNew, lastID: lastID)
    case .fail(let code): throw StoreError(code, "as the test wished")
    case nil: throw StoreError(.io, "the test forgot this commit")
    }
  }

  private func wait<Value>(_ look: (inout State) -> Value?) -> Value? {
    while true {
      let seen = changed.count
      if let value = state.withLock({ look(&$0) }) { return value }
      if changed.wait(beyond: seen, seconds: 10) == seen { return nil }
    }
  }

  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] { [] }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func bury(_ letters: [DeadLetter]) throws(StoreError) {}
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }
  func statistics() throws(StoreError) -> StoreStatistics {
    StoreStatistics(entries: 0, lastID: 0, deadLetters: 0, bytes: 0, cursors: [:])
  }
}
