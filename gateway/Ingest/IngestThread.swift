import GatewayCore
import Glibc
import Logging
import MQTTClient
import Profiles

/// The body of the ingest thread; see `IngestLoop`. Lives on that thread only.
final class IngestThread {
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

  private var arrivals: [Profiles.Arrival] = []
  private var arrivedBytes = 0
  private var batchBegan = 0.0
  private var bootClock: BootClock
  private var backoff: Backoff
  /// When the broker accepted the connection; `nil` without one.
  private var acceptedAt: Double?
  private var subscriptions: [Int32: String] = [:]
  private var deniedFilter: String?
  private var lastLogged: String?
  private var fullLoggedAt: Double?
  private var logBudget = LogBudget()
  /// Whether readings wait for this gateway's clock to be set.
  private var isPostponing = false

  /// A connection that stood this long was a good one: the waits begin anew.
  private static let stableSeconds = 60.0

  /// This many messages at once say that they come faster than commits: then it pays to let more come before the
  /// next, because each commit writes whole pages and costs a sync. Eight milliseconds at most.
  private static let denseBatch = 16
  private static let gatherSlices = 4
  private static let gatherMicroseconds: UInt32 = 2000
  /// Where waiting brought nothing, because the broker's window is small, that many batches go without.
  private static let gatherRest = 100
  private var gatherPause = 0

  private enum Fault: Error {
    case broker(MQTTError)
    case store(StoreError)
    /// Asked to stop while the store was full.
    case stopped
  }

  init(
    _ options: IngestOptions, store: any Store, committed: CommitSignal, metrics: GatewayMetrics, logger: Logger,
    handlers: IngestHandlers, tail: LiveTail?, clock: GatewayClock, wake: WakePipe,
    connect: @escaping @Sendable (MQTTOptions) throws(MQTTError) -> any BrokerConnection
  ) {
    self.options = options
    self.store = store
    self.committed = committed
    self.metrics = metrics
    self.logger = logger
    self.handlers = handlers
    self.tail = tail
    self.clock = clock
    self.wake = wake
    self.connect = connect
    bootClock = BootClock(store: store)
    backoff = options.backoff
  }

  /// Connects and serves again and again until asked to stop.
  func run() {
    var client: (any BrokerConnection)?
    while !wake.isStopping {
      wake.turn(atSeconds: clock.monotonicSeconds())
      do throws(Fault) {
        if client == nil { client = try makeClient() }
        guard let client else { continue }
        try broker { () throws(MQTTError) in try client.open() }
        try serve(client)
      } catch {
        client?.abandon()
        report(error)
      }
      metrics.brokerState(up: false)
      if let acceptedAt, clock.monotonicSeconds() - acceptedAt >= Self.stableSeconds { backoff.reset() }
      acceptedAt = nil
      if !wake.isStopping { sleep(seconds: backoff.next()) }
    }
  }

  private func makeClient() throws(Fault) -> any BrokerConnection {
    let client = try broker { () throws(MQTTError) in try connect(options.mqtt) }
    // The client is owned by `run` and outlives no callback; it must not own this object's life in turn.
    client.onMessage = { [unowned self] message in
      arrivals.append(
        Profiles.Arrival(
          topic: message.topic, payload: message.payload, length: message.length, received: clock.wallMicroseconds(),
          isRetained: message.isRetained))
      arrivedBytes += message.payload.count
    }
    client.onConnected = { [unowned self, unowned client] sessionPresent in
      accepted(client, sessionPresent)
    }
    client.onSubscribed = { [unowned self] subscription, granted in
      if granted == nil { deniedFilter = subscriptions[subscription] ?? "a topic" }
    }
    return client
  }

  private func accepted(_ client: any BrokerConnection, _ sessionPresent: Bool) {
    acceptedAt = clock.monotonicSeconds()
    lastLogged = nil
    metrics.brokerState(up: true)
    logger.info(
      "connected to the broker at \(options.host):\(options.port)",
      metadata: ["session": sessionPresent ? "resumed" : "new"])
    subscriptions = [:]
    deniedFilter = nil
    for filter in options.filters + options.profiles.filters {
      // The only error now is a connection that just broke, which the next read tells.
      if let subscription = try? client.subscribe(filter, qos: 1, noLocal: !options.hasOwnEcho) {
        subscriptions[subscription] = filter
      }
    }
  }

  // MARK: One connection

  private func serve(_ client: any BrokerConnection) throws(Fault) {
    var maintainAt = clock.monotonicSeconds() + 1
    while true {
      wake.turn(atSeconds: clock.monotonicSeconds())
      if wake.isStopping { return finish(client) }
      guard client.fileDescriptor != nil else { throw connectionEnded() }
      // Never both: see `IngestLoop` for why reading waits until everything is written.
      let isWriting = client.wantsWrite
      let milliseconds = max(0, min(1, maintainAt - clock.monotonicSeconds())) * 1000
      if client.wait(
        forWriting: isWriting, wake: wake.readEnd, milliseconds: Int32(milliseconds.rounded(.up)))
      {
        if isWriting {
          try broker { () throws(MQTTError) in try client.write() }
        } else {
          try takeBatch(client)
        }
      }
      if clock.monotonicSeconds() >= maintainAt {
        try broker { () throws(MQTTError) in try client.maintain() }
        maintainAt = clock.monotonicSeconds() + 1
      }
    }
  }

  /// Everything read is committed by now, so whatever is queued may go.
  private func finish(_ client: any BrokerConnection) {
    _ = try? client.flush(within: 2000)
    client.disconnect(within: 1000)
    logger.info("disconnected from the broker")
  }

  private func takeBatch(_ client: any BrokerConnection) throws(Fault) {
    arrivals.removeAll(keepingCapacity: true)
    arrivedBytes = 0
    batchBegan = clock.monotonicSeconds()
    var broken: MQTTError?
    do throws(MQTTError) {
      try drain(client)
      try gather(client)
    } catch {
      // What came before the connection broke is committed all the same: a dead broker may not have it any more.
      broken = error
    }
    if !arrivals.isEmpty { try commit(client) }
    if let broken { throw .broker(broken) }
    if let deniedFilter {
      throw .broker(
        MQTTError(
          .refused, reason: 135,
          detail: "the broker does not let this gateway subscribe to \(deniedFilter); its access rules must allow it"))
    }
  }

  private var isFull: Bool { arrivals.count >= options.batchMessages || arrivedBytes >= options.batchBytes }

  private func drain(_ client: any BrokerConnection) throws(MQTTError) {
    while !isFull { if try client.read() == 0 { break } }
  }

  /// Lets a dense stream fill the batch.
  private func gather(_ client: any BrokerConnection) throws(MQTTError) {
    guard arrivals.count >= Self.denseBatch else { return }
    guard gatherPause == 0 else {
      gatherPause -= 1
      return
    }
    for _ in 0..<Self.gatherSlices where !isFull {
      let before = arrivals.count
      pause(microseconds: Self.gatherMicroseconds)
      try drain(client)
      if arrivals.count == before {
        gatherPause = Self.gatherRest
        return
      }
    }
  }

  private func commit(_ client: any BrokerConnection) throws(Fault) {
    var batch = Batch()
    batch.entries.reserveCapacity(arrivals.count)
    var rows: [Row] = []
    rows.reserveCapacity(arrivals.count)
    var ledger = AckLedger()
    var desk = RelayDesk(gateway: options.gatewayID)
    var statuses: [DeviceStatus] = []
    var postponed = 0
    metrics.received(arrivals.count)
    do throws(StoreError) {
      for var arrival in arrivals {
        switch try verdict(on: &arrival, desk) {
        case .accepted(let entry, let row, let reading):
          batch.entries.append(entry)
          rows.append(row)
          if let reading { note(reading, arrival, &ledger, &batch) }
        case .refused(let letter, let reading):
          batch.deadLetters.append(letter)
          if let reading { note(reading, arrival, &ledger, &batch) }
        case .status(let status): statuses.append(status)
        case .log(let line): note(line)
        case .ignored: break
        case .postponed:
          postponed += 1
          continue
        }
        desk.done(arrival)
      }
    } catch {
      bootClock.discard()
      throw .store(error)
    }
    tellPostponed(postponed)
    batch.bootOffsets = bootClock.newOffsets
    let result = batch.isEmpty ? nil : try commit(batch)

    // Durable from here on.
    acknowledge(ledger, client)
    acknowledge(desk, client)
    let isAlive = client.fileDescriptor != nil && client.wantsWrite
    let written = Result { () throws(MQTTError) in if isAlive { try client.write() } }
    metrics.acknowledgementSeconds(clock.monotonicSeconds() - batchBegan)
    if let result { tell(batch, rows, result) }
    if let handler = handlers.status { statuses.forEach(handler) }
    if case .failure(let error) = written { throw .broker(error) }
  }

  /// What a message is, also where another gateway passed it on.
  private func verdict(
    on arrival: inout Profiles.Arrival, _ desk: RelayDesk
  ) throws(StoreError) -> Profiles.Verdict {
    switch desk.open(&arrival) {
    case .message:
      return try Profiles.classify(
        arrival, base: options.baseTopic, clock: &bootClock, profiles: options.profiles)
    case .looped:
      metrics.looped()
      return .ignored
    case .refused(let reason, let detail):
      return .refused(
        DeadLetter(
          received: arrival.received, topic: arrival.topic, reason: reason, detail: detail, bytes: arrival.payload,
          length: arrival.length), reading: nil)
    }
  }

  /// Whatever a device calls an error is not the gateway's: at most a warning.
  private func note(_ line: DeviceLogLine) {
    metrics.deviceLogged(level: line.level.rawValue)
    let level: Logger.Level
    switch line.level {
    case .error, .warning: level = .warning
    case .info, .start: level = .info
    case .debug, .other: level = .debug
    }
    guard logger.logLevel <= level, let left = logBudget.take(atSeconds: clock.monotonicSeconds()) else { return }
    var metadata: Logger.Metadata = ["device": "\(line.device)"]
    if left > 0 { metadata["left_out"] = "\(left)" }
    logger.log(level: level, "a device says: \(line.text)", metadata: metadata)
  }

  private func note(
    _ reading: Profiles.ReadingID, _ arrival: Profiles.Arrival, _ ledger: inout AckLedger, _ batch: inout Batch
  ) {
    // A relayed reading's device waits for the gateway that heard it, not for this one.
    if arrival.relay == nil { ledger.note(device: reading.device, boot: reading.boot, seq: reading.seq) }
    batch.losses += reading.losses
  }

  /// Commits; while the store is full, holds the batch and tries again.
  private func commit(_ batch: Batch) throws(Fault) -> CommitResult {
    var patience = options.patience
    while true {
      let start = clock.monotonicSeconds()
      do throws(StoreError) {
        let result = try store.commit(batch)
        metrics.commitSeconds(clock.monotonicSeconds() - start)
        bootClock.confirm()
        metrics.held(0)
        if fullLoggedAt != nil {
          fullLoggedAt = nil
          logger.info("the journal has room again")
        }
        return result
      } catch {
        // Should the failure hide that something was kept after all, sinks must not be led past it.
        tail?.clear()
        switch error.code {
        case .full:
          logFull(error)
          metrics.held(batch.entries.count)
          wake.turn(atSeconds: clock.monotonicSeconds())
          sleep(seconds: patience.next())
          if wake.isStopping {
            bootClock.discard()
            throw .stopped
          }
        case .diskFull, .corrupt, .locked, .io:
          bootClock.discard()
          throw .store(error)
        }
      }
    }
  }

  private func pause(microseconds: UInt32) {
    guard let pause = clock.pause else {
      _ = usleep(microseconds)
      return
    }
    pause(Double(microseconds) / 1e6)
  }

  private func sleep(seconds: Double) {
    guard let pause = clock.pause else { return wake.sleep(seconds: seconds) }
    pause(seconds)
  }

  private func acknowledge(_ ledger: AckLedger, _ client: any BrokerConnection) {
    guard client.isConnected else { return }
    for message in ledger.messages(timeMilliseconds: clock.wallMicroseconds() / 1000) {
      do throws(MQTTError) {
        try client.publish(
          topic: "\(options.baseTopic)/\(message.device)/ack", payload: message.payload, qos: 0, retain: false)
        metrics.acknowledged(message.readings)
      } catch {
        // Lost like any ack that gets lost: the device sends again.
        logger.debug("an ack to \(message.device) was not sent: \(error)")
      }
    }
  }

  /// Lost like an ack to a device, and repaired like it.
  private func acknowledge(_ desk: RelayDesk, _ client: any BrokerConnection) {
    guard client.isConnected else { return }
    for message in desk.messages() {
      let topic = "\(options.baseTopic)/\(RelayAcknowledgement.suffix(gateway: message.gateway))"
      do throws(MQTTError) { try client.publish(topic: topic, payload: message.payload, qos: 0, retain: false) } catch {
        logger.debug("an ack to gateway \(message.gateway) was not sent: \(error)")
      }
    }
  }

  private func tell(_ batch: Batch, _ rows: [Row], _ result: CommitResult) {
    let new = result.isNew.count { $0 }
    if !batch.entries.isEmpty {
      metrics.committed(new: new, duplicates: result.isNew.count - new)
      if result.hasDropped { tail?.clear() }
      if result.newIDs.count == new {
        tail?.append(new == rows.count ? rows : zip(rows, result.isNew).filter(\.1).map(\.0), ids: result.newIDs)
      } else {
        tail?.clear()
      }
      committed.notify()
      handlers.committed?(rows, result.isNew)
    }
    for letter in batch.deadLetters { metrics.refused(reason: letter.reason) }
  }

  // MARK: Faults

  private func broker<Value>(_ body: () throws(MQTTError) -> Value) throws(Fault) -> Value {
    do throws(MQTTError) { return try body() } catch { throw .broker(error) }
  }

  private func connectionEnded() -> Fault {
    .broker(MQTTError(.connectionLost, detail: "the connection to the broker ended"))
  }

  /// One line when a fault begins or changes, not at every attempt.
  private func report(_ fault: Fault) {
    let text: String
    switch fault {
    case .broker(let error): text = "no connection to the broker, will try again: \(error)"
    case .store(let error): text = "nothing is acknowledged, will try again: \(error)"
    case .stopped: text = "stopped while the journal was full; the last batch stays with the broker"
    }
    if text == lastLogged { return }
    lastLogged = text
    logger.warning("\(text)")
  }

  /// Once when it begins and once when it ends.
  private func tellPostponed(_ count: Int) {
    if count > 0, !isPostponing {
      isPostponing = true
      logger.error(
        "this gateway's clock is not set (before 2024): readings of devices without a clock are not acknowledged until it is; set it, or wait for NTP"
      )
    } else if isPostponing, clock.wallMicroseconds() >= Profiles.earliest {
      isPostponing = false
      logger.info("this gateway's clock is set; readings of devices without a clock are taken again")
    }
  }

  private func logFull(_ error: StoreError) {
    let now = clock.monotonicSeconds()
    if let fullLoggedAt, now - fullLoggedAt < 60 { return }
    fullLoggedAt = now
    logger.error("the journal is full: nothing is read or acknowledged until there is room. \(error)")
  }
}
