import Synchronization

/// The newest committed rows, in memory: a sink that keeps up takes them from here, and need not read them back from the
/// store and decode them a second time.
///
/// ```swift
/// tail.append(rows, ids: ids)                          // the ingest thread, after the commit
/// if let live = tail.rows(after: cursor, limit: 5000) { … }   // a sink; `nil`: ask the store
/// ```
///
/// It only saves work: the store has every row, a sink's cursor means the same in both, and what the tail no longer
/// reaches is asked of the store. Rows are kept as the commits brought them, the oldest commit goes first.
public final class LiveTail: Sendable {
  /// Rows after a place, oldest first, never empty.
  public struct Rows: Sendable {
    /// The rows.
    public var rows: [Row]
    /// The store's number of each.
    public var ids: [Int64]
    /// What they were made of; empty where they come from memory.
    public var entries: [Entry] = []

    /// Rows, their numbers, and what they were made of.
    public init(rows: [Row], ids: [Int64], entries: [Entry] = []) {
      self.rows = rows
      self.ids = ids
      self.entries = entries
    }

    /// Those up to a number.
    func prefix(through id: Int64) -> Rows {
      let count = ids.firstIndex { $0 > id } ?? ids.count
      if count == ids.count { return self }
      return Rows(rows: Array(rows[..<count]), ids: Array(ids[..<count]), entries: Array(entries.prefix(count)))
    }
  }

  private struct State {
    var commits: [Rows] = []
    var count = 0
    /// Every row after this number is here.
    var reach: Int64 = .max
  }

  private let state = Mutex(State())
  private let limit: Int

  /// An empty tail.
  ///
  /// - Parameter limit: how many rows are kept; a row takes about 250 bytes.
  public init(limit: Int = 6000) {
    self.limit = limit
  }

  /// Takes in the new rows of a commit, in the order of their numbers.
  public func append(_ rows: [Row], ids: [Int64]) {
    precondition(rows.count == ids.count, "a number for each row")
    guard let first = ids.first else { return }
    state.withLock { state in
      if state.commits.isEmpty { state.reach = first - 1 }
      state.commits.append(Rows(rows: rows, ids: ids))
      state.count += rows.count
      var gone = 0
      while state.count > limit, gone < state.commits.count {
        state.count -= state.commits[gone].rows.count
        state.reach = state.commits[gone].ids.last ?? state.reach
        gone += 1
      }
      state.commits.removeFirst(gone)
    }
  }

  /// Lets go of everything: the store has dropped rows that no sink had.
  public func clear() {
    state.withLock { $0 = State() }
  }

  /// The rows after a number, at most `limit`; `nil` where there are none or the tail does not reach that far back.
  public func rows(after id: Int64, limit: Int) -> Rows? {
    state.withLock { state in
      guard id >= state.reach, let newest = state.commits.last?.ids.last, newest > id else { return nil }
      // What a sink has not got yet is usually the last few commits.
      var start = state.commits.count - 1
      while start > 0, let before = state.commits[start - 1].ids.last, before > id { start -= 1 }
      var found = Self.part(of: state.commits[start], after: id)
      for commit in state.commits[(start + 1)...] {
        if found.rows.count >= limit { break }
        found.rows += commit.rows
        found.ids += commit.ids
      }
      let excess = found.rows.count - limit
      if excess > 0 {
        found.rows.removeLast(excess)
        found.ids.removeLast(excess)
      }
      return found
    }
  }

  private static func part(of commit: Rows, after id: Int64) -> Rows {
    guard let first = commit.ids.firstIndex(where: { $0 > id }), first > 0 else { return commit }
    return Rows(rows: Array(commit.rows[first...]), ids: Array(commit.ids[first...]))
  }
}
