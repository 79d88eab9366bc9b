import GatewayCore

/// Readings that other gateways pass on: takes them out of what is around them, and says to each gateway what is durable
/// here (protocol/relay.md).
///
/// ```swift
/// var desk = RelayDesk(gateway: "cloud")
/// switch desk.open(&arrival) { … }          // `arrival.payload` is the device's own again
/// desk.done(arrival)                        // it is in the batch
/// for message in desk.messages() { … }      // after the commit
/// ```
///
/// A value for one batch.
struct RelayDesk {
  /// What an arrival turned out to be.
  enum Finding: Equatable {
    /// A device's own message, or a relayed one that has been unwrapped: to be classified.
    case message
    /// A reading that was here before it came: it goes round in a circle. To be acknowledged, so that it stops.
    case looped
    /// Not as protocol/relay.md has it.
    case refused(reason: String, detail: String)
  }

  /// A message to one gateway.
  struct Message: Equatable {
    var gateway: String
    var payload: [UInt8]
  }

  private struct Key: Hashable {
    var gateway: String
    var journal: String
  }

  private let gateway: String
  private var order: [Key] = []
  private var entries: [Key: [Int64]] = [:]

  /// - Parameter gateway: this gateway's own name.
  init(gateway: String) {
    self.gateway = gateway
  }

  /// Unwraps what came by another gateway.
  func open(_ arrival: inout Profiles.Arrival) -> Finding {
    do throws(RelayError) {
      guard let (relay, payload) = try Relay.opened(arrival.payload) else { return .message }
      arrival.relay = relay
      if relay.via.contains(gateway) { return .looped }
      guard relay.via.count <= Relay.hopLimit else {
        return .refused(reason: "too-many-hops", detail: "it came through \(relay.path)")
      }
      arrival.payload = payload
      arrival.length = payload.count
      return .message
    } catch {
      return .refused(reason: "bad-relay", detail: "\(error.expected) was expected at byte \(error.offset)")
    }
  }

  /// Notes that a relayed reading is durable with this batch, or refused for good.
  mutating func done(_ arrival: Profiles.Arrival) {
    guard let relay = arrival.relay, let last = relay.via.last else { return }
    let key = Key(gateway: last, journal: relay.journal)
    if entries[key] == nil { order.append(key) }
    entries[key, default: []].append(relay.entry)
  }

  /// What to tell, each gateway in the order of arrival.
  func messages() -> [Message] {
    order.flatMap { key in
      let ranges = AckLedger.ranges(entries[key] ?? [])
      return stride(from: 0, to: ranges.count, by: RelayAcknowledgement.rangeLimit).map { start in
        let part = ranges[start..<min(ranges.count, start + RelayAcknowledgement.rangeLimit)]
        return Message(
          gateway: key.gateway, payload: RelayAcknowledgement(journal: key.journal, entries: Array(part)).bytes)
      }
    }
  }
}
