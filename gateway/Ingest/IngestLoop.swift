import GatewayCore
import Glibc
import Logging
import MQTTClient
import Synchronization

/// Takes messages from the broker into the store, and acknowledges them when they are durable. One thread does all of
/// it, in this order:
///
/// ```text
/// poll → read until the socket is drained or the batch is full → classify → commit
///      → publish the devices' acks → write (only now do PUBACKs and acks leave) → handlers → keep-alive
/// ```
///
/// ```swift
/// let ingest = try IngestLoop(IngestOptions(gatewayID: "attic"), store: journal, committed: signal, metrics: metrics, logger: logger)
/// ingest.start()
/// …
/// ingest.stop()
/// ```
///
/// **Why nothing is acknowledged too early.** `MQTTClient` sends nothing by itself, and the loop never calls `write`
/// between a `read` and the commit of what it read; nor does it read while something is left to write.
///
/// **When the commit fails** nothing of the batch is kept or acknowledged: the connection is cut, queued PUBACKs with it,
/// and the broker delivers the batch again after the reconnect. When the store is **full** the loop holds the batch,
/// reads nothing, and tries again: the broker queues, the devices wait for their acks.
///
/// An ack to a device goes at QoS 0 and may get lost; the device sends again, the store knows the reading, and duplicates
/// are acknowledged like new ones.
public final class IngestLoop: Sendable {
  private let options: IngestOptions
  private let store: any Store
  private let committed: CommitSignal
  private let metrics: GatewayMetrics
  private let logger: Logger
  private let handlers: IngestHandlers
  private let tail: LiveTail?
  private let clock: GatewayClock
  private let wake: WakePipe
  private let connect: @Sendable (MQTTOptions) throws(MQTTError) -> any BrokerConnection
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  ///
  /// - Parameters:
  ///   - tail: gets the new rows of each commit, for sinks.
  ///   - connect: makes the connection, on the thread that uses it.
  /// - Throws: `.invalid` for options that cannot work, `.exhausted`.
  public init(
    _ options: IngestOptions, store: any Store, committed: CommitSignal, metrics: GatewayMetrics, logger: Logger,
    handlers: IngestHandlers = IngestHandlers(), tail: LiveTail? = nil, clock: GatewayClock = .system,
    connect: @escaping @Sendable (MQTTOptions) throws(MQTTError) -> any BrokerConnection = {
      (options) throws(MQTTError) in try MQTTClient(options)
    }
  ) throws(MQTTError) {
    // The client belongs to the thread; this one only finds out whether the options are possible.
    _ = try connect(options.mqtt)
    self.connect = connect
    self.options = options
    self.store = store
    self.committed = committed
    self.metrics = metrics
    self.logger = logger
    self.handlers = handlers
    self.tail = tail
    self.clock = clock
    guard let wake = WakePipe() else {
      let cause = errno
      throw MQTTError(
        .exhausted, systemError: cause, detail: "cannot make a pipe: \(String(cString: strerror(cause)))"
      )
    }
    self.wake = wake
  }

  /// Starts the thread; once.
  public func start() {
    wake.turn(atSeconds: clock.monotonicSeconds())
    thread.withLock {
      precondition($0 == nil, "an ingest loop starts once")
      $0 = DedicatedThread(name: "ingest") { [self] in run() }
    }
  }

  /// What the thread does, on the calling one, until `stop`: for whoever has threads of his own.
  public func run() {
    IngestThread(
      options, store: store, committed: committed, metrics: metrics, logger: logger, handlers: handlers, tail: tail,
      clock: clock,
      wake: wake, connect: connect
    ).run()
  }

  /// How long ago the thread came round last, in milliseconds: about a second at most, unless it hangs.
  public var idleMilliseconds: Int64 {
    Int64(clock.monotonicSeconds() * 1000) - wake.turnedAtMilliseconds
  }

  /// Commits what has been read, sends its acknowledgements, says good-bye to the broker, and returns when the thread
  /// has ended: usually at once, and at most after the commit under way plus three seconds. (While TCP waits for an
  /// address that swallows packets, the kernel's time-out of about two minutes.) Blocks: not for a task's thread.
  public func stop() {
    wake.stop()
    thread.withLock { $0 }?.join()
  }
}

/// A descriptor that becomes readable when the thread shall stop.
final class WakePipe: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32
  private let stopping = Atomic(false)
  private let turnedAt = Atomic<Int64>(0)

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  var isStopping: Bool { stopping.load(ordering: .acquiring) }

  /// When the thread came round last, by the monotonic clock.
  var turnedAtMilliseconds: Int64 { turnedAt.load(ordering: .relaxed) }

  /// The thread comes round.
  func turn(atSeconds seconds: Double) { turnedAt.store(Int64(seconds * 1000), ordering: .relaxed) }

  /// The byte is never read: the pipe stays readable, and no wait outlasts it.
  func stop() {
    stopping.store(true, ordering: .releasing)
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  /// Sleeps until the time is over or the thread shall stop.
  func sleep(seconds: Double) {
    var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    _ = poll(&entry, 1, Int32(max(0, min(seconds, 3600)) * 1000))
  }
}
