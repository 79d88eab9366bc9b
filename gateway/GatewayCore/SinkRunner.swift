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
/// - A cursor that speaks of **entries this store never had**: the file was lost or an older copy put back, and ids are given
///   anew (`SinkPosition.verified`). Delivery then starts where the two parted; the far side's unique key drops what it has.
/// - After an outage **new readings come first** and the backlog behind them (`LiveFirst`).
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
  private let tail: LiveTail?
  private let metrics: GatewayMetrics
  private let batchSize: Int
  private let liveFirst: LiveFirst
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
  ///   - tail: the newest rows, before `committed` is told of them; without it all are read from the store.
  ///   - batchSize: the most entries of one delivery.
  ///   - liveFirst: how a backlog is brought in.
  ///   - isRequired: whether the store's bound waits for this sink.
  /// - Throws: what the store says to the registration.
  public init(
    _ sink: sending any Sink, store: any Store, rows: @escaping @Sendable (Entry) -> Row, committed: CommitSignal,
    tail: LiveTail? = nil, metrics: GatewayMetrics, logger: Logger, batchSize: Int = 5000,
    liveFirst: LiveFirst = LiveFirst(), isRequired: Bool = true,
    backoff: Backoff = Backoff(firstSeconds: 0.25, limitSeconds: 30), clock: GatewayClock = .system
  ) throws(StoreError) {
    name = sink.name
    self.sink = sink
    self.store = store
    self.rows = rows
    self.committed = committed
    self.tail = tail
    self.metrics = metrics
    self.logger = logger
    self.logger[metadataKey: "sink"] = "\(sink.name)"
    self.batchSize = batchSize
    self.liveFirst = liveFirst
    self.backoff = backoff
    self.clock = clock
    try store.register(sink: name, isRequired: isRequired)
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

  /// What the thread does, on the calling one, until `stop`: for whoever has threads of his own.
  public func run() {
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

  private func open() throws(Fault) -> SinkPosition {
    let known: SinkPosition
    do throws(SinkError) { known = try sink.open() } catch { throw .sink(error) }
    do throws(StoreError) {
      let position = known.verified(by: try store.sessions(), last: try store.statistics().lastID)
      if position.end < known.end {
        logger.warning(
          "the sink has entries up to \(known.end), of which this journal knows only those up to \(position.end): it is new or an older copy of the one that delivered them; delivering from entry \(position.upTo) again, the far side drops what it has"
        )
      }
      try store.advance(sink: name, to: position.upTo)
      return position
    } catch {
      throw .store(error)
    }
  }

  /// Delivers until asked to stop and nothing is left, or the deadline passes.
  private func deliver(from start: SinkPosition) throws(Fault) {
    var position = start
    // What lies beyond is new; what lies below and is not delivered is the backlog.
    var front = start.end
    var pace = BacklogPace(liveFirst, limit: batchSize)
    while true {
      let seen = committed.count
      var next = try read(after: front)
      if isBehind(next), position.ahead.count < LiveFirst.stretchLimit {
        front = try last()
        pace = BacklogPace(liveFirst, limit: batchSize)
        logger.notice("catching up: new readings first, behind them entries \(position.upTo + 1) to \(front)")
        next = try read(after: front)
      }
      if deadline.map({ clock.monotonicSeconds() >= $0 }) ?? false { return }
      if let last = next.ids.last {
        try deliver(next, after: front, through: last, &position)
        front = last
      }
      if position.upTo < front {
        let now = clock.monotonicSeconds()
        if now < pace.dueSeconds, deadline == nil {
          if next.ids.isEmpty { _ = committed.wait(beyond: seen, seconds: pace.dueSeconds - now) }
        } else {
          try deliverBacklog(below: front, &position, &pace)
        }
        continue
      }
      if next.ids.isEmpty {
        recovered(at: position.upTo)
        try settle()
        if deadline != nil {
          control.withLock { $0.isDrained = true }
          return
        }
        // The limit only bounds what a lost notification would cost.
        _ = committed.wait(beyond: seen, seconds: min(5, Self.settleSeconds))
      } else if next.ids.count < batchSize {
        // With a backlog the rows come first; without one there need be no moment without new ones.
        try settle()
      }
    }
  }

  /// Whether the sink is so far behind that new readings shall not wait for the old.
  private func isBehind(_ next: LiveTail.Rows) -> Bool {
    guard next.ids.count == batchSize, let oldest = next.rows.first else { return false }
    return Double(clock.wallMicroseconds() - oldest.received) > liveFirst.behindSeconds * 1_000_000
  }

  /// The next slice of what is missing below the front.
  private func deliverBacklog(
    below front: Int64, _ position: inout SinkPosition, _ pace: inout BacklogPace
  ) throws(Fault) {
    let begun = clock.monotonicSeconds()
    let after = position.upTo
    let end = position.holeEnd(below: front)
    let found = try read(after: after, limit: pace.slice)
    let slice = found.prefix(through: end)
    let isLast = slice.ids.count < found.ids.count || found.ids.count < pace.slice
    try deliver(slice, after: after, through: isLast ? end : slice.ids.last ?? end, &position)
    pace.went(slice.ids.count, from: begun, to: clock.monotonicSeconds())
    if position.upTo >= front { logger.notice("caught up: everything to entry \(position.upTo) is delivered") }
  }

  private func deliver(
    _ delivered: LiveTail.Rows, after: Int64, through: Int64, _ position: inout SinkPosition
  ) throws(Fault) {
    var next = position
    next.deliver(after: after, through: through)
    let delivery: Delivery
    do throws(SinkError) { delivery = try sink.deliver(delivered, to: next) } catch { throw .sink(error) }
    if !delivery.refused.isEmpty { metrics.sinkRefused(name, readings: delivery.refused.count) }
    bury(delivery.refused, of: delivered)
    position = next
    do throws(StoreError) { try store.advance(sink: name, to: position.upTo) } catch { throw .store(error) }
    metrics.delivered(sink: name, rows: delivery.written, duplicates: delivery.duplicates)
    let now = clock.wallMicroseconds()
    metrics.delivered(sink: name, latencies: delivered.rows.lazy.map { now - $0.received })
    recovered(at: position.end)
  }

  /// The next rows: from memory where they are young enough, otherwise from the store.
  private func read(after id: Int64, limit: Int? = nil) throws(Fault) -> LiveTail.Rows {
    if let live = tail?.rows(after: id, limit: limit ?? batchSize) { return live }
    do throws(StoreError) {
      let entries = try store.entries(after: id, limit: limit ?? batchSize)
      return LiveTail.Rows(rows: entries.map(rows), ids: entries.map(\.id), entries: entries)
    } catch {
      throw .store(error)
    }
  }

  private func last() throws(Fault) -> Int64 {
    do throws(StoreError) { return try store.statistics().lastID } catch { throw .store(error) }
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
  private func bury(_ refused: [(index: Int, reason: String)], of delivered: LiveTail.Rows) {
    if refused.isEmpty { return }
    while true {
      do throws(StoreError) {
        var letters: [DeadLetter] = []
        for refusal in refused {
          letters.append(try letter(delivered.rows[refusal.index], delivered.ids[refusal.index], refusal.reason))
        }
        try store.bury(letters)
        for letter in letters { metrics.refused(reason: letter.reason) }
        return
      } catch {
        report(.store(error))
        if pause(backoff.next()) { continue }
        logger.error("stopped before \(refused.count) refused rows could be kept as dead letters: \(error)")
        return
      }
    }
  }

  /// The bytes are in the store until it hears of the progress, unless it had to drop them.
  private func letter(_ row: Row, _ id: Int64, _ reason: String) throws(StoreError) -> DeadLetter {
    let entry = try store.entries(after: id - 1, limit: 1).first
    let loss = sink.refusal.loss.flatMap {
      row.boot < 0
        ? nil
        : Loss(device: row.device, boot: row.boot, seqs: row.seq...row.seq, reason: $0, sparesArrived: false)
    }
    return DeadLetter(
      received: row.received, topic: row.device, reason: sink.refusal.letter, detail: reason,
      bytes: entry?.id == id ? entry?.bytes ?? [] : [], loss: loss)
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
