import Synchronization

/// The gateway's counters and gauges, kept by the threads that do the work and read by `/metrics` and the pages.
///
/// ```swift
/// let metrics = GatewayMetrics()
/// metrics.received(12)
/// metrics.committed(new: 11, duplicates: 1)
/// metrics.snapshot.committed  // 11
/// ```
///
/// Every method is safe from any thread and takes one short lock; call it once a batch, not once a reading, where that
/// is easy. Counters start at 0 with the process. Names of reasons and sinks are bounded: beyond
/// `labelLimit` of a kind, further ones are counted together as `other`, so hostile input cannot grow memory.
public final class GatewayMetrics: Sendable {
  /// How many different reasons, and how many different sinks, are told apart.
  public static let labelLimit = 64

  private let state = Mutex(MetricsSnapshot())

  /// Counters at 0, nothing connected.
  public init() {}

  /// Counts messages that came from the broker, whatever becomes of them.
  public func received(_ n: Int) {
    state.withLock { $0.received += n }
  }

  /// Counts what one journal commit made durable, and what was there already.
  public func committed(new: Int, duplicates: Int) {
    state.withLock {
      $0.committed += new
      $0.duplicates += duplicates
    }
  }

  /// Counts readings whose durability was told to their device.
  public func acknowledged(_ n: Int) {
    state.withLock { $0.acknowledged += n }
  }

  /// Counts one message that became a dead letter, under the short code of `DeadLetter.reason`.
  public func refused(reason: String) {
    state.withLock { $0.refused[Self.bounded(reason, in: $0.refused), default: 0] += 1 }
  }

  /// Counts one relayed reading that had been here before.
  public func looped() {
    state.withLock { $0.looped += 1 }
  }

  /// Counts one message on a device's log topic, by the level it gave itself.
  public func deviceLogged(level: String) {
    state.withLock { $0.deviceLogLines[Self.bounded(level, in: $0.deviceLogLines), default: 0] += 1 }
  }

  /// Counts what one delivery wrote, and what the far side had already.
  public func delivered(sink: String, rows: Int, duplicates: Int) {
    state.withLock {
      let name = Self.bounded(sink, in: $0.sinks)
      $0.sinks[name, default: SinkMetrics()].rows += rows
      $0.sinks[name, default: SinkMetrics()].duplicates += duplicates
    }
  }

  /// Counts messages handed to a far broker, again or for the first time, and the bytes of their topics and payloads.
  public func sent(sink: String, messages: Int, bytes: Int) {
    state.withLock {
      let name = Self.bounded(sink, in: $0.sinks)
      $0.sinks[name, default: SinkMetrics()].sent += messages
      $0.sinks[name, default: SinkMetrics()].sentBytes += bytes
    }
  }

  /// Counts readings a far side refused for what they are.
  public func sinkRefused(_ sink: String, readings: Int) {
    state.withLock { $0.sinks[Self.bounded(sink, in: $0.sinks), default: SinkMetrics()].refused += readings }
  }

  /// Tells whether a sink is reachable. The first call also tells that the sink is configured.
  public func sinkState(_ sink: String, up: Bool) {
    state.withLock { $0.sinks[Self.bounded(sink, in: $0.sinks), default: SinkMetrics()].isUp = up }
  }

  /// Tells whether the broker connection stands.
  public func brokerState(up: Bool) {
    state.withLock { $0.isBrokerUp = up }
  }

  /// Takes over the store's counts, and from its cursors how far each known sink is behind.
  public func storeState(_ statistics: StoreStatistics) {
    state.withLock {
      $0.journalEntries = statistics.entries
      $0.journalBytes = statistics.bytes
      $0.deadLetters = statistics.deadLetters
      $0.gaps = statistics.gaps
      for (sink, cursor) in statistics.cursors where $0.sinks[sink] != nil {
        $0.sinks[sink]?.lagEntries = max(0, statistics.lastID - cursor)
      }
      for (sink, count) in statistics.missed { $0.sinks[sink]?.missed = Int(clamping: count) }
    }
  }

  /// Tells how many entries a sink has still before it, where the store's own cursor is not what counts.
  public func sinkLag(_ sink: String, entries: Int64) {
    state.withLock {
      $0.sinks[Self.bounded(sink, in: $0.sinks), default: SinkMetrics()].lagEntries = max(0, entries)
    }
  }

  /// Notes how long it took from the first byte of a batch to its acknowledgements on the wire, in seconds.
  public func acknowledgementSeconds(_ s: Double) {
    state.withLock { $0.acknowledgementSeconds.observe(s) }
  }

  /// Notes how long each reading of a delivery took from its arrival to the far side's commit, in microseconds.
  public func delivered(sink: String, latencies: some Sequence<Int64>) {
    state.withLock {
      let name = Self.bounded(sink, in: $0.sinks)
      var histogram = $0.sinks[name, default: SinkMetrics()].latencySeconds
      for latency in latencies { histogram.observe(Double(latency) * 1e-6) }
      $0.sinks[name, default: SinkMetrics()].latencySeconds = histogram
    }
  }

  /// Tells how long the oldest entry waits that a sink has not got, in seconds; 0 where it has everything.
  public func sinkAge(_ sink: String, seconds: Double) {
    state.withLock {
      $0.sinks[Self.bounded(sink, in: $0.sinks), default: SinkMetrics()].oldestSeconds = max(0, seconds)
    }
  }

  /// Tells how many messages are read and wait for room in the store.
  public func held(_ messages: Int) {
    state.withLock { $0.held = messages }
  }

  /// Notes how long one journal commit took, in seconds.
  public func commitSeconds(_ s: Double) {
    state.withLock { $0.commitSeconds.observe(s) }
  }

  /// Counts a journal that was found damaged at the start and set aside, and the entries nobody could read any more.
  public func journalSetAside(unreadable: Int) {
    state.withLock {
      $0.journalsSetAside += 1
      $0.journalEntriesUnreadable += unreadable
    }
  }

  /// Everything at one moment.
  public var snapshot: MetricsSnapshot { state.withLock { $0 } }

  private static func bounded<Value>(_ label: String, in known: [String: Value]) -> String {
    known[label] != nil || known.count < labelLimit ? label : "other"
  }
}

/// The metrics at one moment.
public struct MetricsSnapshot: Sendable, Equatable {
  /// Messages from the broker.
  public var received = 0
  /// Readings made durable.
  public var committed = 0
  /// Readings that were durable already.
  public var duplicates = 0
  /// Readings acknowledged to their devices.
  public var acknowledged = 0
  /// Dead letters by reason.
  public var refused: [String: Int] = [:]
  /// Relayed readings that came back to where they had been.
  public var looped = 0
  /// Messages on the devices' log topics, by level.
  public var deviceLogLines: [String: Int] = [:]
  /// What each sink did.
  public var sinks: [String: SinkMetrics] = [:]
  /// Whether the broker connection stands.
  public var isBrokerUp = false
  /// Entries the journal keeps now.
  public var journalEntries: Int64 = 0
  /// Bytes of the journal on disk.
  public var journalBytes: Int64 = 0
  /// Dead letters kept now.
  public var deadLetters: Int64 = 0
  /// The completeness ledger.
  public var gaps = GapCounts()
  /// Journals found damaged at the start.
  public var journalsSetAside = 0
  /// Entries of those that could not be read.
  public var journalEntriesUnreadable = 0
  /// Messages that are read and wait for room in the journal.
  public var held = 0
  /// How long journal commits took.
  public var commitSeconds = Histogram.commit
  /// From the first byte of a batch to its acknowledgements on the wire.
  public var acknowledgementSeconds = Histogram.commit

  /// All at 0.
  public init() {}
}

/// What one sink did and how it stands.
public struct SinkMetrics: Sendable, Equatable {
  /// Rows written.
  public var rows = 0
  /// Rows the far side had already.
  public var duplicates = 0
  /// Messages handed to the far side, where that is a broker; those that went again count again.
  public var sent = 0
  /// The bytes of those.
  public var sentBytes = 0
  /// Readings the far side refused.
  public var refused = 0
  /// Readings that left the journal before this sink had them.
  public var missed = 0
  /// Whether the far side answers.
  public var isUp = false
  /// Entries that are in the store and not yet in the sink.
  public var lagEntries: Int64 = 0
  /// How long the oldest of those waits.
  public var oldestSeconds = 0.0
  /// From a reading's arrival to the far side's commit.
  public var latencySeconds = Histogram.delivery

  /// Nothing done, not reachable.
  public init() {}
}

/// Observations counted in buckets.
public struct Histogram: Sendable, Equatable {
  /// Upper bounds, ascending, each belonging to its bucket; one more bucket catches everything above.
  public let bounds: [Double]
  /// Observations in each bucket by itself (not cumulated); one more than `bounds`.
  public private(set) var counts: [Int]
  /// The sum of all observations.
  public private(set) var sum: Double = 0

  /// Seconds of a commit: from an SSD's fsync (half a millisecond) to a card that stalls (seconds).
  public static let commit = Histogram(
    bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5])

  /// Seconds of a delivery: from a millisecond to the hour that a backlog takes.
  public static let delivery = Histogram(
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600])

  /// An empty histogram.
  public init(bounds: [Double]) {
    self.bounds = bounds
    self.counts = Array(repeating: 0, count: bounds.count + 1)
  }

  /// How many observations there are.
  public var count: Int { counts.reduce(0, +) }

  /// Counts one value; negative and not-a-number (a clock that stepped) count as 0.
  public mutating func observe(_ value: Double) {
    let value = value > 0 ? value : 0
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }
}
