import Logging
import Synchronization

/// Drives one sink from the store, at the sink's own pace, on a thread of its own.
///
/// ```swift
/// let runner = try SinkRunner(TimescaleSink(…), store: journal, rows: Profiles.row, committed: signal, …)
/// runner.start()
/// …
/// runner.stop(within: 10)   // after the ingest loop has stopped
/// ```
///
/// The sink's own cursor decides what is delivered, because it moves in the same transaction as the rows. The store
/// only hears of it (`advance`), to know what may be deleted.
///
/// - A cursor **beyond the store's last id** belongs to entries this store never had: the file was lost or an older copy
///   put back, and ids are given anew. Delivery then starts at 0; the far side's unique key drops what it has already.
/// - A cursor **of another journal** is for the sink to notice: it keeps the journal's id with its cursor, and answers 0
///   where the ids differ.
/// - Rows the far side **refuses** become dead letters before the store hears of the progress. A crash between the
///   sink's commit and that leaves the entry in the store, delivered and without a letter.
///
/// Faults are logged when they begin, change or end, not at every try.
public final class SinkRunner: @unchecked Sendable {
  /// The sink's name.
  public let name: String

  // Touched only by `init` and then by the runner's thread.
  private var sink: any Sink
  private var backoff: Backoff
  private var fault: Fault?
  /// Up to which revision the sink has the ledger, and when to look again. Lost with the process: then all is told anew.
  private var settled: Int64 = 0
  private var settleAt = 0.0
  private var logger: Logger

  private let store: any Store
  private let rows: @Sendable (Entry) -> Row
  private let committed: CommitSignal
  private let metrics: GatewayMetrics
  private let batchSize: Int
  private let clock: GatewayClock
  private let control = Mutex(Control())

  private struct Control {
    var thread: DedicatedThread?
    /// When to give up, once asked to stop; by `GatewayClock.monotonicSeconds`.
    var deadline: Double?
    var isDrained = false
  }

  private enum Fault: Error {
    case sink(SinkError)
    case store(StoreError)
  }

  /// Makes ready, and has the store keep what the sink has not got.
  ///
  /// - Parameters:
  ///   - rows: makes the row of an entry; must give the same row each time.
  ///   - committed: told after each commit to the store.
  ///   - batchSize: the most entries of one delivery.
  /// - Throws: what the store says to the registration.
  public init(
    _ sink: sending any Sink, store: any Store, rows: @escaping @Sendable (Entry) -> Row, committed: CommitSignal,
    metrics: GatewayMetrics, logger: Logger, batchSize: Int = 5000,
    backoff: Backoff = Backoff(firstSeconds: 0.25, limitSeconds: 30), clock: GatewayClock = .system
  ) throws(StoreError) {
    name = sink.name
    self.sink = sink
    self.store = store
    self.rows = rows
    self.committed = committed
    self.metrics = metrics
    self.logger = logger
    self.logger[metadataKey: "sink"] = "\(sink.name)"
    self.batchSize = batchSize
    self.backoff = backoff
    self.clock = clock
    try store.register(sink: name)
    metrics.sinkState(name, up: false)
  }

  /// Starts the thread; once.
  public func start() {
    control.withLock {
      precondition($0.thread == nil, "a sink runner starts once")
      $0.thread = DedicatedThread(name: "sink-\(name)") { self.run() }
    }
  }

  /// Delivers what is left, waits for the end, and lets go of the sink. Blocks: not for a task's thread.
  ///
  /// - Parameter seconds: how long to go on at most; a delivery under way is finished.
  /// - Returns: whether the sink has everything the store had.
  @discardableResult
  public func stop(within seconds: Double) -> Bool {
    let thread = control.withLock {
      $0.deadline = clock.monotonicSeconds() + seconds
      return $0.thread
    }
    committed.notify()
    thread?.join()
    return control.withLock { $0.isDrained }
  }

  // MARK: The thread

  private func run() {
    while true {
      do throws(Fault) {
        try deliver(from: try open())
        break
      } catch {
        report(error)
        sink.close()
        if !pause(wait(after: error)) { break }
      }
    }
    sink.close()
    metrics.sinkState(name, up: false)
  }

  private func open() throws(Fault) -> Int64 {
    let known: Int64
    do throws(SinkError) { known = try sink.open() } catch { throw .sink(error) }
    do throws(StoreError) {
      let last = try store.statistics().lastID
      var cursor = known
      if known > last {
        logger.warning(
          "the sink's cursor \(known) is beyond the journal's last entry \(last): the journal is new or an older copy; delivering from its beginning"
        )
        cursor = 0
      }
      try store.advance(sink: name, to: cursor)
      return cursor
    } catch {
      throw .store(error)
    }
  }

  /// Delivers until asked to stop and nothing is left, or the deadline passes.
  private func deliver(from start: Int64) throws(Fault) {
    var cursor = start
    while true {
      let seen = committed.count
      let entries: [Entry]
      do throws(StoreError) { entries = try store.entries(after: cursor, limit: batchSize) } catch {
        throw .store(error)
      }
      guard let last = entries.last else {
        recovered(at: cursor)
        try settle()
        if deadline != nil {
          control.withLock { $0.isDrained = true }
          return
        }
        // The limit only bounds what a lost notification would cost.
        _ = committed.wait(beyond: seen, seconds: min(5, Self.settleSeconds))
        continue
      }
      if let deadline, clock.monotonicSeconds() >= deadline { return }
      let delivery: Delivery
      do throws(SinkError) {
        delivery = try sink.deliver(entries.map(rows), upTo: last.id)
      } catch {
        throw .sink(error)
      }
      bury(delivery.refused, of: entries)
      cursor = last.id
      do throws(StoreError) { try store.advance(sink: name, to: cursor) } catch { throw .store(error) }
      metrics.delivered(sink: name, rows: delivery.written, duplicates: delivery.duplicates)
      recovered(at: cursor)
      // With a backlog the rows come first; without one there need be no moment without new ones.
      if entries.count < batchSize { try settle() }
    }
  }

  // MARK: The ledger

  /// How often the ledger is told while nothing else is to do.
  private static let settleSeconds = 2.0
  /// How many gaps at once.
  private static let settleLimit = 500
  /// A gap younger than this is not told yet: most close by themselves.
  private static let settleAge: Int64 = 5_000_000

  /// Tells the sink what changed in the ledger. After the rows, so that what has arrived is there when it looks.
  private func settle() throws(Fault) {
    let now = clock.monotonicSeconds()
    guard now >= settleAt else { return }
    settleAt = now + Self.settleSeconds
    let known: (gaps: [Gap], revision: Int64)
    do throws(StoreError) { known = try store.gaps(after: settled, limit: Self.settleLimit) } catch {
      throw .store(error)
    }
    let limit = clock.wallMicroseconds() - Self.settleAge
    // What is young is told at a later turn, with what stands around it: telling twice is harmless.
    let ripe = known.gaps.filter { $0.outcome != .open || $0.detected <= limit }
    let found: [Gap]
    do throws(SinkError) { found = try sink.settle(ripe) } catch { throw .sink(error) }
    do throws(StoreError) { try store.close(found) } catch { throw .store(error) }
    if ripe.count == known.gaps.count { settled = known.revision }
  }

  /// Keeps what was refused, however long the store takes: the sink's cursor has moved already, so that there is no way
  /// back to these rows.
  private func bury(_ refused: [(index: Int, reason: String)], of entries: [Entry]) {
    if refused.isEmpty { return }
    let letters = refused.map { refusal in
      let entry = entries[refusal.index]
      return DeadLetter(
        received: entry.received, topic: entry.device, reason: "refused-by-database", detail: refusal.reason,
        bytes: entry.bytes,
        loss: entry.boot < 0
          ? nil
          : Loss(
            device: entry.device, boot: entry.boot, seqs: entry.seq...entry.seq, reason: "database: refused",
            sparesArrived: false))
    }
    while true {
      do throws(StoreError) {
        try store.bury(letters)
        for letter in letters { metrics.refused(reason: letter.reason) }
        return
      } catch {
        report(.store(error))
        if pause(backoff.next()) { continue }
        logger.error("stopped before \(letters.count) refused rows could be kept as dead letters: \(error)")
        return
      }
    }
  }

  // MARK: Waiting and telling

  private var deadline: Double? { control.withLock { $0.deadline } }

  private func wait(after fault: Fault) -> Double {
    let wait = backoff.next()
    switch fault {
    case .sink(let error):
      switch error.code {
      // Only a person can mend these.
      case .refusedCredentials, .schema: return max(wait, backoff.limitSeconds / 2)
      case .unreachable, .busy: return wait
      }
    case .store: return wait
    }
  }

  /// Waits, unless the deadline of a stop passes; `false` says to end.
  private func pause(_ seconds: Double) -> Bool {
    let end = clock.monotonicSeconds() + seconds
    while true {
      // Counted before the deadline is looked at: a stop in between is then not slept over.
      let seen = committed.count
      let now = clock.monotonicSeconds()
      if let deadline, now >= deadline { return false }
      let left = min(end, deadline ?? end) - now
      if left <= 0 { return true }
      _ = committed.wait(beyond: seen, seconds: left)
    }
  }

  private func report(_ next: Fault) {
    metrics.sinkState(name, up: false)
    let isNews =
      switch (fault, next) {
      case (.sink(let old), .sink(let new)): old.code != new.code
      case (.store(let old), .store(let new)): old.code != new.code
      case (.sink, .store), (.store, .sink), (nil, _): true
      }
    fault = next
    guard isNews else { return }
    switch next {
    case .sink(let error): logger.warning("cannot deliver, will try again: \(error)")
    case .store(let error): logger.error("cannot deliver, will try again: \(error)")
    }
  }

  private func recovered(at cursor: Int64) {
    backoff.reset()
    metrics.sinkState(name, up: true)
    if fault == nil { return }
    fault = nil
    logger.info("delivering again, from entry \(cursor)")
  }
}
