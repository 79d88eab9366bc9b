import ConfigModel
import Synchronization

/// What is known of each device's way to its configuration: who came for what, and who says what.
///
/// In memory only: the devices' words are retained by the broker, and a device that came before a restart comes again.
/// Bounded: `deviceLimit` devices, of which who was heard longest ago makes room.
public final class RolloutBoard: Sendable {
  static let deviceLimit = 20_000

  /// One device.
  public struct Entry: Sendable, Equatable {
    /// The device.
    public var device: String
    /// Whether it is in the list.
    public var isListed: Bool
    /// The tag of what it is to have.
    public var wanted: String
    /// How far it is.
    public var rollout: DeviceRollout
    /// Whether it is connected, as far as it said; `nil`: it never said.
    public var isOnline: Bool?
    /// When it came for its configuration last, microseconds since 1970 UTC.
    public var visited: Int64?
    /// From where.
    public var address: String
  }

  private struct Seen {
    var fetched: String?
    var visited: Int64?
    var first: Int64 = 0
    var address = ""
    var report: DeviceReport?
    var at: Int64 = 0
    /// Whether it came since `takeStrangers`, and was not in the list.
    var isNews = false
  }

  private let seen = Mutex<[String: Seen]>([:])

  /// Nobody came yet.
  public init() {}

  /// A device came.
  public func note(_ visit: ConfigServer.Visit, at time: Int64) {
    change(visit.device, at: time) { seen in
      seen.fetched = visit.etag
      seen.visited = time
      if seen.first == 0 { seen.first = time }
      seen.address = visit.address
      seen.isNews = !visit.isListed
    }
  }

  /// A device said something on its status topic.
  public func note(_ report: DeviceReport, of device: String, at time: Int64) {
    change(device, at: time) { seen in
      // A last will says nothing of the configuration: what the device said before still is the newest.
      if report.state == nil, let known = seen.report {
        seen.report = known
        seen.report?.isOnline = report.isOnline
      } else {
        seen.report = report
      }
    }
  }

  private func change(_ device: String, at time: Int64, _ body: (inout Seen) -> Void) {
    seen.withLock { all in
      if all[device] == nil, all.count >= Self.deviceLimit, let oldest = all.min(by: { $0.value.at < $1.value.at }) {
        all[oldest.key] = nil
      }
      body(&all[device, default: Seen()])
      all[device]?.at = time
    }
  }

  /// Who came since the last call and was not in the list.
  public func takeStrangers() -> [(device: String, first: Int64, last: Int64, address: String)] {
    seen.withLock { all in
      var strangers: [(device: String, first: Int64, last: Int64, address: String)] = []
      for (id, one) in all where one.isNews {
        strangers.append((id, one.first, one.visited ?? one.first, one.address))
        all[id]?.isNews = false
      }
      return strangers.sorted { $0.device < $1.device }
    }
  }

  /// The devices that said or fetched something and those in the list, by id.
  public func entries(of fleet: ServedFleet) -> [Entry] {
    let seen = seen.withLock { $0 }
    return Set(seen.keys).union(fleet.fleet.devices).sorted().map { id in
      let wanted = fleet.document(for: id).etag
      let one = seen[id] ?? Seen()
      return Entry(
        device: id, isListed: fleet.fleet.knows(id), wanted: wanted,
        rollout: DeviceRollout(wanted: wanted, fetched: one.fetched, report: one.report),
        isOnline: one.report?.isOnline, visited: one.visited, address: one.address)
    }
  }
}
