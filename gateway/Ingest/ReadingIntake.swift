import GatewayCore
import Logging
import Synchronization
import Telemetry

/// Takes readings that do not come over MQTT into the same store, and answers when they are durable.
///
/// ```swift
/// let intake = ReadingIntake(store: journal, committed: signal, metrics: metrics, logger: logger)
/// intake.start()
/// let outcome = await intake.take([payload])   // after the commit: .kept([.new])
/// intake.stop()
/// ```
///
/// One thread commits what has gathered while the commit before was under way, as ingest does: a thousand devices pay a few
/// syncs. The store serialises its writers, so the two never tear each other's work. A gateway with an intake has no
/// `LiveTail`: two threads could append to it in another order than they committed.
///
/// A message becomes what it would be on `<base>/<device_id>`, the id being the payload's own; version 1 and 2 alike.
public final class ReadingIntake: Sendable {
  /// The most readings that wait; beyond it the sender is asked to come back.
  public static let waitingLimit = 5000
  /// The most readings of one commit.
  static let batchLimit = 1000

  /// What became of one reading.
  public enum Fate: Sendable, Equatable {
    case new
    /// Known already: it is durable, as the sender wants it.
    case duplicate
    /// Kept as a dead letter.
    case refused(reason: String, detail: String)
    /// Its time would come from this gateway's clock, which is not set.
    case postponed
  }

  /// What became of a request.
  public enum Outcome: Sendable, Equatable {
    /// Everything is durable; a fate for each, in order.
    case kept([Fate])
    /// Too much waits: come back.
    case busy
    /// The store does not take it now; nothing of the request is kept.
    case unavailable(String)
  }

  private struct Request {
    var payloads: [[UInt8]]
    var answer: CheckedContinuation<Outcome, Never>
  }

  private struct State {
    var requests: [Request] = []
    var waiting = 0
    var isStopping = false
  }

  private let base: String
  private let store: any Store
  private let committed: CommitSignal
  private let metrics: GatewayMetrics
  private let logger: Logger
  private let onCommit: (@Sendable ([Row], [Bool]) -> Void)?
  private let clock: GatewayClock
  private let state = Mutex(State())
  private let bell = CommitSignal()
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  ///
  /// - Parameters:
  ///   - base: what stands before a device's id in topics.
  ///   - onCommit: gets the rows of each commit, and for each whether it was new.
  public init(
    base: String = "iots6", store: any Store, committed: CommitSignal, metrics: GatewayMetrics, logger: Logger,
    clock: GatewayClock = .system, onCommit: (@Sendable ([Row], [Bool]) -> Void)? = nil
  ) {
    self.base = base
    self.store = store
    self.committed = committed
    self.metrics = metrics
    self.logger = logger
    self.clock = clock
    self.onCommit = onCommit
  }

  /// Starts the thread; once.
  public func start() {
    thread.withLock {
      precondition($0 == nil, "an intake starts once")
      $0 = DedicatedThread(name: "intake") { [self] in run() }
    }
  }

  /// Commits what waits, and returns when the thread has ended. Blocks: not for a task's thread.
  public func stop() {
    state.withLock { $0.isStopping = true }
    bell.notify()
    thread.withLock { $0 }?.join()
  }

  /// Takes payloads; returns when they are durable, or cannot be taken.
  public func take(_ payloads: [[UInt8]]) async -> Outcome {
    await withCheckedContinuation { answer in
      let isTaken = state.withLock { state in
        guard !state.isStopping, state.waiting + payloads.count <= Self.waitingLimit else { return false }
        state.requests.append(Request(payloads: payloads, answer: answer))
        state.waiting += payloads.count
        return true
      }
      if isTaken { bell.notify() } else { answer.resume(returning: .busy) }
    }
  }

  private func run() {
    var bootClock = BootClock(store: store)
    while true {
      let seen = bell.count
      let (batch, isStopping) = state.withLock { state in (Self.next(&state), state.isStopping) }
      if batch.isEmpty {
        if isStopping { return }
        _ = bell.wait(beyond: seen, seconds: 60)
        continue
      }
      commit(batch, &bootClock)
    }
  }

  /// Whole requests, as many as a commit takes; one at least.
  private static func next(_ state: inout State) -> [Request] {
    var taken = 0
    var readings = 0
    for request in state.requests {
      if taken > 0, readings + request.payloads.count > batchLimit { break }
      taken += 1
      readings += request.payloads.count
    }
    let batch = Array(state.requests.prefix(taken))
    state.requests.removeFirst(taken)
    state.waiting -= readings
    return batch
  }

  private func commit(_ requests: [Request], _ bootClock: inout BootClock) {
    var batch = Batch()
    var rows: [Row] = []
    // A fate for each payload; `nil`: the commit will tell.
    var fates: [[Fate?]] = []
    metrics.received(requests.reduce(0) { $0 + $1.payloads.count })
    do throws(StoreError) {
      for request in requests {
        var own: [Fate?] = []
        for payload in request.payloads { own.append(try note(payload, &batch, &rows, &bootClock)) }
        fates.append(own)
      }
      batch.bootOffsets = bootClock.newOffsets
      let result = batch.isEmpty ? nil : try store.commit(batch)
      bootClock.confirm()
      tell(batch, rows, result)
      var isNew = (result?.isNew ?? []).makeIterator()
      for (request, own) in zip(requests, fates) {
        request.answer.resume(returning: .kept(own.map { $0 ?? (isNew.next() ?? false ? .new : .duplicate) }))
      }
    } catch {
      bootClock.discard()
      logger.warning("readings over HTTP are not taken: \(error)")
      for request in requests { request.answer.resume(returning: .unavailable(error.description)) }
    }
  }

  private func note(
    _ payload: [UInt8], _ batch: inout Batch, _ rows: inout [Row], _ bootClock: inout BootClock
  ) throws(StoreError) -> Fate? {
    let arrival = Profiles.Arrival(
      topic: "\(base)/\(Self.device(payload))", payload: Array(payload.prefix(Profiles.payloadLimit + 1)),
      length: payload.count, received: clock.wallMicroseconds())
    switch try Profiles.classify(arrival, base: base, clock: &bootClock) {
    case .accepted(let entry, let row, let reading):
      batch.entries.append(entry)
      rows.append(row)
      batch.losses += reading?.losses ?? []
      return nil
    case .refused(let letter, _):
      batch.deadLetters.append(letter)
      return .refused(reason: letter.reason, detail: letter.detail)
    case .postponed: return .postponed
    case .status, .log, .ignored:
      // The topic is a device's own: none of these can be.
      return .refused(reason: "unknown-topic", detail: arrival.topic)
    }
  }

  /// The id in the payload; `-` where it has none that can stand in a topic: the codec then says what is wrong.
  private static func device(_ payload: [UInt8]) -> String {
    guard let decoded = try? Payload.decode(payload.span) else { return "-" }
    let id = decoded.deviceID.withSpan { span in
      span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
    return id.isEmpty || id.contains("/") ? "-" : id
  }

  private func tell(_ batch: Batch, _ rows: [Row], _ result: CommitResult?) {
    for letter in batch.deadLetters { metrics.refused(reason: letter.reason) }
    guard let result, !rows.isEmpty else { return }
    let new = result.isNew.count { $0 }
    metrics.committed(new: new, duplicates: result.isNew.count - new)
    committed.notify()
    onCommit?(rows, result.isNew)
  }
}
