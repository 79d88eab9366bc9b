import Synchronization

/// The fleet as the pages show it: each device's newest reading, its history of ten minutes, and whether it is there.
///
/// ```swift
/// let fleet = Fleet()
/// fleet.restore(from: rows)      // at start, from the store
/// fleet.observe(committedRows)   // by the ingest thread, after each commit
/// fleet.snapshot(at: now)        // by a page
/// ```
///
/// In memory only, and bounded: 10,000 devices of about 0.8 KB each by default, 1.5 KB up to 2,000 of them. Beyond that the
/// device that was silent longest makes room. A page that reads slowly costs nothing: `updates()` only says *that* something changed, and
/// `changes(since:)` gives what changed since the page asked last, however long ago that was.
///
/// The fleet has no clock: times are microseconds since 1970 UTC and come in with the calls.
public final class Fleet: Sendable {
  private struct State {
    var devices: [String: Device] = [:]
    var revision: UInt64 = 0
    var readings: UInt64 = 0
    var rate = ReadingRate()
    var listeners: [UInt64: AsyncStream<FleetUpdate>.Continuation] = [:]
    var nextListener: UInt64 = 0

    /// How many points a device keeps: in a large fleet fewer, so that all together have a bound.
    var historyLimit: Int {
      max(1, min(DeviceState.historyLimit, DeviceState.fleetHistoryLimit / max(1, devices.count)))
    }
  }

  private let state = Mutex(State())
  private let deviceLimit: Int

  /// An empty fleet.
  ///
  /// - Parameter deviceLimit: how many devices are remembered, at least 1.
  public init(deviceLimit: Int = 10_000) {
    precondition(deviceLimit > 0)
    self.deviceLimit = deviceLimit
  }

  /// Takes in rows from the store at start, without counting them as readings of now.
  public func restore(from rows: [Row]) {
    take(rows, counting: false)
  }

  /// Takes in rows that were just committed. Costs about a microsecond a row.
  public func observe(_ rows: [Row]) {
    take(rows, counting: true)
  }

  private func take(_ rows: [Row], counting: Bool) {
    if rows.isEmpty { return }
    state.withLock { state in
      state.revision += 1
      let revision = state.revision
      for row in rows {
        device(row.device, in: &state).take(row, revision: revision, historyLimit: state.historyLimit)
        if counting { state.rate.count(at: row.received) }
      }
      if counting { state.readings += UInt64(rows.count) }
      Self.tell(&state)
    }
  }

  /// Takes in what a device's status topic says.
  ///
  /// - Parameter at: when the gateway received it, microseconds since 1970 UTC.
  public func presence(device: String, online: Bool, boot: Int64?, version: String?, at: Int64) {
    state.withLock { state in
      state.revision += 1
      self.device(device, in: &state).take(
        presence: online, boot: boot, version: version, at: at, revision: state.revision)
      Self.tell(&state)
    }
  }

  /// Every device, by id, with its history.
  ///
  /// - Parameter now: microseconds since 1970 UTC, which says who is silent.
  public func snapshot(at now: Int64) -> [DeviceState] {
    changes(since: 0, at: now).devices.map(\.state)
  }

  /// The devices that changed after a revision, by id.
  public func changes(since revision: UInt64, at now: Int64) -> FleetChanges {
    state.withLock { state in
      let changed = state.devices.values.filter { $0.revision > revision }.sorted { $0.id < $1.id }
      return FleetChanges(
        revision: state.revision, readings: state.readings, readingsPerSecond: state.rate.perSecond(at: now),
        census: Self.census(of: state.devices.values, at: now),
        devices: changed.map { $0.change(since: revision, at: now) })
    }
  }

  /// How many devices are in each state.
  public func census(at now: Int64) -> FleetCensus {
    state.withLock { Self.census(of: $0.devices.values, at: now) }
  }

  /// Says that something changed; whoever is slow gets only the newest word.
  ///
  /// The stream ends when the fleet goes away, and costs nothing after its reader stopped.
  public func updates() -> AsyncStream<FleetUpdate> {
    let (stream, continuation) = AsyncStream.makeStream(of: FleetUpdate.self, bufferingPolicy: .bufferingNewest(1))
    let listener = state.withLock { state in
      state.nextListener += 1
      state.listeners[state.nextListener] = continuation
      return state.nextListener
    }
    continuation.onTermination = { [weak self] _ in
      // What is removed dies after the lock is free.
      _ = self?.state.withLock { $0.listeners.removeValue(forKey: listener) }
    }
    return stream
  }

  deinit {
    for continuation in state.withLock({ $0.listeners.values.map { $0 } }) { continuation.finish() }
  }

  private static func census(of devices: some Collection<Device>, at now: Int64) -> FleetCensus {
    var census = FleetCensus()
    for device in devices {
      switch device.connection(at: now) {
      case .online: census.online += 1
      case .silent: census.silent += 1
      case .offline: census.offline += 1
      }
    }
    return census
  }

  private static func tell(_ state: inout State) {
    for continuation in state.listeners.values { continuation.yield(FleetUpdate(revision: state.revision)) }
  }

  /// The device of that name, which is made where it is not known yet.
  ///
  /// Making room looks through all devices, but happens only once per new device beyond the bound.
  private func device(_ id: String, in state: inout State) -> Device {
    if let known = state.devices[id] { return known }
    if state.devices.count >= deviceLimit,
      let oldest = state.devices.values.min(by: { ($0.seen, $0.id) < ($1.seen, $1.id) })
    {
      state.devices[oldest.id] = nil
    }
    let new = Device(id: id)
    state.devices[id] = new
    return new
  }
}

/// The word that the fleet changed.
public struct FleetUpdate: Sendable, Equatable {
  /// Ascends with every change; `Fleet.changes(since:at:)` takes it.
  public var revision: UInt64
}

/// How many devices are in each state.
public struct FleetCensus: Sendable, Equatable {
  /// Devices that are there and report.
  public var online = 0
  /// Devices not known to be offline whose newest reading is too old.
  public var silent = 0
  /// Devices whose connection broke or was closed.
  public var offline = 0
  /// All of them.
  public var total: Int { online + silent + offline }

  /// No devices.
  public init(online: Int = 0, silent: Int = 0, offline: Int = 0) {
    self.online = online
    self.silent = silent
    self.offline = offline
  }
}

/// What changed in the fleet after a revision.
public struct FleetChanges: Sendable, Equatable {
  /// The revision this is the state of; ask with it the next time.
  public var revision: UInt64
  /// Readings observed since the start of the process.
  public var readings: UInt64
  /// The mean of the last ten whole seconds.
  public var readingsPerSecond: Double
  /// The devices by state, all of them.
  public var census: FleetCensus
  /// The devices that changed.
  public var devices: [DeviceChange]
}

/// How one device changed.
public struct DeviceChange: Sendable, Equatable {
  /// The device now; its `history` is empty when `history` is not `.whole`.
  public var state: DeviceState
  /// What to do with the history kept so far.
  public var history: HistoryChange

  /// What happened to a device's history.
  public enum HistoryChange: Sendable, Equatable {
    /// Nothing.
    case unchanged
    /// One point more.
    case appended(TemperaturePoint)
    /// `state.history` replaces it.
    case whole
  }
}
