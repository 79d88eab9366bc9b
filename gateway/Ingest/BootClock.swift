import GatewayCore

/// When each boot began, for readings without wall time: fixed once, at the first such reading of the boot, and kept in
/// the store, so that a redelivery gets the same time and cannot double a row.
///
/// The cache holds between 10,000 and 20,000 boots, in two generations: what is used moves to the young one; when that is
/// full it becomes the old one, and the old one is forgotten.
struct BootClock {
  static let generationLimit = 10_000

  private struct Key: Hashable {
    var device: String
    var boot: Int64
  }

  private let store: any Store
  private var young: [Key: Int64] = [:]
  private var old: [Key: Int64] = [:]
  /// Fixed in the batch under way; real only once that is committed.
  private var pending: [Key: Int64] = [:]

  /// The latest moment this gateway's clock has shown, also before a restart.
  private var latest: Int64

  init(store: any Store) {
    self.store = store
    let last = (try? store.statistics().lastID) ?? 0
    latest = (try? store.entries(after: last - 1, limit: 1))?.last?.received ?? 0
  }

  /// The moment against which a reading's time is judged: a clock that stepped back makes no good time impossible.
  mutating func reference(_ received: Int64) -> Int64 {
    latest = max(latest, received)
    return latest
  }

  /// Whether the boot's beginning is known, so that its readings need no clock of the gateway.
  func knows(device: String, boot: Int64) throws(StoreError) -> Bool {
    let key = Key(device: device, boot: boot)
    if pending[key] ?? young[key] ?? old[key] != nil { return true }
    return try store.bootOffset(device: device, boot: boot) != nil
  }

  /// The offsets that must be committed with the batch.
  var newOffsets: [BootOffset] {
    pending.map { BootOffset(device: $0.key.device, boot: $0.key.boot, epoch: $0.value) }
  }

  /// The moment (microseconds since 1970 UTC) at which `uptime` (microseconds) was 0 in that boot.
  mutating func epoch(device: String, boot: Int64, uptime: Int64, received: Int64) throws(StoreError) -> Int64 {
    let key = Key(device: device, boot: boot)
    if let epoch = pending[key] ?? young[key] { return epoch }
    var known = old[key]
    if known == nil { known = try store.bootOffset(device: device, boot: boot) }
    if let known {
      remember(key, known)
      return known
    }
    let epoch = received - uptime
    pending[key] = epoch
    return epoch
  }

  /// The batch is durable.
  mutating func confirm() {
    for (key, epoch) in pending { remember(key, epoch) }
    pending.removeAll(keepingCapacity: true)
  }

  /// The batch is undone: its offsets must be fixed anew.
  mutating func discard() {
    pending.removeAll()
  }

  private mutating func remember(_ key: Key, _ epoch: Int64) {
    if young.count >= Self.generationLimit {
      old = young
      young = [:]
    }
    young[key] = epoch
  }
}
