/// What the pages show of one device.
public struct DeviceState: Sendable, Equatable {
  /// Whether a device is there, as far as can be told.
  public enum Connection: String, Sendable, Equatable, CaseIterable {
    /// It reports.
    case online
    /// Nobody said that it went, but its newest reading is too old.
    case silent
    /// Its connection broke or was closed.
    case offline
  }

  /// The device's id.
  public var id: String
  /// Whether it is there.
  public var connection: Connection
  /// Its newest reading, by the time it was taken; `nil` before the first.
  public var reading: Row?
  /// When `reading` was taken: its timestamp, or when it was received should the timestamp lie after that.
  public var readingTime: Int64?
  /// The device's period of heartbeats as observed (the median of the last five intervals), microseconds.
  public var period: Int64?
  /// From which age a reading is no longer today's truth: three periods, or three minutes while none is known.
  public var staleAfter: Int64
  /// Whether the newest reading is older than that.
  public var isStale: Bool
  /// When anything was heard of the device, microseconds since 1970 UTC.
  public var seen: Int64
  /// The firmware, from the newest status or reading that named one.
  public var firmware: String?
  /// The device's count of starts, when known.
  public var boot: Int64?
  /// Readings of each kind since the gateway's start.
  public var counts: EventCounts
  /// The temperatures of the last ten minutes, oldest first, at most `historyLimit`; in a fleet of more than 2,000
  /// devices the newest of them.
  public var history: [TemperaturePoint]

  /// Points in a history.
  public static let historyLimit = 120
  /// Points in the histories of a whole fleet, eight bytes each.
  public static let fleetHistoryLimit = 240_000
  /// The least distance between two points, seconds.
  public static let historySeconds: UInt32 = 5
}

/// One point of a history, kept in eight bytes.
public struct TemperaturePoint: Sendable, Equatable {
  /// Seconds since 1970 UTC.
  public var seconds: UInt32
  /// 0.01 °C.
  public var temperatureCentiCelsius: Int32

  /// A point.
  public init(seconds: UInt32, temperatureCentiCelsius: Int32) {
    self.seconds = seconds
    self.temperatureCentiCelsius = temperatureCentiCelsius
  }
}

/// Readings by event.
public struct EventCounts: Sendable, Equatable {
  /// All of them.
  public var readings = 0
  /// Those of `motion`.
  public var motion = 0
  /// Those of `switch`.
  public var switches = 0

  /// None.
  public init() {}
}

/// What the fleet keeps of one device. A reference, because a dictionary of values keeps room for each of its free places:
/// with 10,000 devices 2 MB.
final class Device {
  let id: String
  /// The fleet's revision when this device changed last.
  private(set) var revision: UInt64 = 0
  private(set) var seen: Int64 = .min

  private var reading: Row?
  private var readingTime: Int64 = .min
  private var presence: Bool?
  private var presenceTime: Int64 = .min
  private var firmware: String?
  private var boot: Int64?
  private var counts = EventCounts()

  private var heartbeatTime: Int64?
  private var intervals: [Int64] = []

  private var history: [TemperaturePoint] = []
  /// The revisions of the newest two points: a page that knows the last but one needs only the last.
  private var pointRevisions: (last: UInt64, lastButOne: UInt64) = (0, 0)

  init(id: String) {
    self.id = id
  }

  /// - Parameter historyLimit: how many points it may keep.
  func take(_ row: Row, revision: UInt64, historyLimit: Int) {
    self.revision = revision
    seen = max(seen, row.received)
    counts.readings += 1
    if row.event == "motion" { counts.motion += 1 }
    if row.event == "switch" { counts.switches += 1 }

    // A device whose clock runs ahead must not freeze the page until that time comes.
    let time = min(row.timestamp, row.received)
    // Backlog that arrives late is history, not news.
    guard time >= readingTime else { return }
    if row.event == "heartbeat" || row.event == nil { learnPeriod(time) }
    reading = row
    readingTime = time
    if let version = row.version { firmware = version }
    if row.boot >= 0 { boot = row.boot }
    // A reading taken after the device was said to have gone proves that it is back.
    if presence == false, time > presenceTime { presence = true }
    if let temperature = row.temperatureCentiCelsius {
      record(temperature, time, revision, limit: historyLimit)
    }
  }

  func take(presence online: Bool, boot: Int64?, version: String?, at time: Int64, revision: UInt64) {
    self.revision = revision
    seen = max(seen, time)
    presence = online
    presenceTime = time
    if let version { firmware = version }
    if let boot { self.boot = boot }
  }

  func connection(at now: Int64) -> DeviceState.Connection {
    if presence == false { return .offline }
    return isStale(at: now) ? .silent : .online
  }

  func change(since known: UInt64, at now: Int64) -> DeviceChange {
    let isWhole = known == 0 || pointRevisions.lastButOne > known
    let state = DeviceState(
      id: id, connection: connection(at: now), reading: reading, readingTime: reading == nil ? nil : readingTime,
      period: period, staleAfter: staleAfter, isStale: isStale(at: now), seen: seen, firmware: firmware, boot: boot,
      counts: counts, history: isWhole ? history : [])
    if isWhole { return DeviceChange(state: state, history: .whole) }
    if pointRevisions.last > known, let last = history.last {
      return DeviceChange(state: state, history: .appended(last))
    }
    return DeviceChange(state: state, history: .unchanged)
  }

  /// A device that just said it is online has as long for its first reading as for any other.
  private func isStale(at now: Int64) -> Bool {
    let alive = presence == true && reading == nil ? presenceTime : readingTime
    return alive == .min || now - alive > staleAfter
  }

  private var period: Int64? {
    intervals.isEmpty ? nil : intervals.sorted()[intervals.count / 2]
  }

  private var staleAfter: Int64 {
    // Below a second, three periods are less than a page's and a network's own delay.
    guard let period else { return 180_000_000 }
    return 3 * max(period, 1_000_000)
  }

  /// The median of five forgives a restart, a lost heartbeat and a burst of backlog.
  private func learnPeriod(_ time: Int64) {
    if let before = heartbeatTime, time > before {
      if intervals.count == 5 { intervals.removeFirst() }
      intervals.append(time - before)
    }
    heartbeatTime = time
  }

  private func record(_ temperature: Int32, _ time: Int64, _ revision: UInt64, limit: Int) {
    let seconds = UInt32(clamping: time / 1_000_000)
    if let last = history.last, seconds < last.seconds &+ DeviceState.historySeconds { return }
    let span = UInt32(DeviceState.historyLimit) * DeviceState.historySeconds
    let oldest = seconds > span ? seconds - span : 0
    history.removeAll { $0.seconds < oldest }
    let excess = history.count + 1 - limit
    if excess == 1 { history.removeFirst() }
    // The fleet has grown: the memory goes back, too.
    if excess > 1 { history = Array(history[excess...]) }
    history.append(TemperaturePoint(seconds: seconds, temperatureCentiCelsius: temperature))
    // Two points of one revision: whoever lacks one lacks both.
    pointRevisions = (last: revision, lastButOne: pointRevisions.last)
  }
}

/// Readings a second, over the last ten whole seconds.
struct ReadingRate: Sendable {
  private var counts = [Int](repeating: 0, count: 16)
  private var newest: Int64 = 0

  mutating func count(at time: Int64) {
    let second = time / 1_000_000
    if second > newest {
      for passed in max(newest + 1, second - 15)...second { counts[Int(passed % 16)] = 0 }
      newest = second
    }
    // A clock that stepped back by more than the ring holds: those are not of the last ten seconds any more.
    guard second >= 0, newest - second < 16 else { return }
    counts[Int(second % 16)] += 1
  }

  func perSecond(at time: Int64) -> Double {
    let now = time / 1_000_000
    var sum = 0
    for second in (now - 10)..<now where second >= 0 && second <= newest && newest - second < 16 {
      sum += counts[Int(second % 16)]
    }
    return Double(sum) / 10
  }
}
