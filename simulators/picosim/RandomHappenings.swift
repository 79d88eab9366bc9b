import ChipModels
import Node

/// What the network does to a device in a lockstep run, the same for the same seed: links that come and go,
/// acknowledgements that are late, in pieces or lost, configurations good and bad, clocks.
struct RandomHappenings {
  /// The link as it is now.
  private(set) var link = Link()
  /// Whether the place has Wi-Fi.
  var hasWiFi = true
  /// Whether the device waits for the end of a fetch.
  var wantsConfiguration = false

  private var random: SeededRandom
  private var said: Link?
  private var unacknowledged: [[UInt8]] = []
  private var tags = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed ^ 0x10C5_7EB5)
  }

  /// Time until the next step, ms: mostly as a board is stepped, sometimes a long while.
  mutating func pause() -> UInt64 {
    switch Int.random(in: 0..<100, using: &random) {
    case 0: .random(in: 1000...20_000, using: &random)
    case 1...19: .random(in: 1...9, using: &random)
    default: .random(in: 10...250, using: &random)
    }
  }

  /// A payload was sent.
  mutating func published(_ payload: [UInt8]) {
    unacknowledged.append(payload)
    if unacknowledged.count > 64 { unacknowledged.removeFirst() }
  }

  /// What happens before the next step, as lines of the protocol.
  mutating func take() -> [String] {
    var lines = moveLink()
    if wantsConfiguration, chance(3) {
      wantsConfiguration = false
      lines.append(configuration())
    }
    while !unacknowledged.isEmpty, link.isConnected, chance(2) {
      let index = Int.random(in: 0..<unacknowledged.count, using: &random)
      let payload = unacknowledged.remove(at: index)
      // Some are lost on the way.
      if !chance(10) { lines.append("ack " + String(decoding: pretendedAcknowledgement(of: payload), as: UTF8.self)) }
    }
    if chance(500) { lines.append("announce \"tag\(Int.random(in: 0...tags, using: &random))\"") }
    if chance(500) { lines.append("clock \(1_795_474_000_000 + UInt64.random(in: 0..<10_000_000, using: &random))") }
    return lines
  }

  private mutating func moveLink() -> [String] {
    if chance(300) { link.isConnected.toggle() }
    if !link.isConnected, chance(20) { link.isConnected = true }
    link.isJoined = hasWiFi
    if !hasWiFi { link.isConnected = false }
    link.rssi = hasWiFi ? (said?.rssi ?? -60) : nil
    if hasWiFi, chance(50) { link.rssi = .random(in: -90...(-30), using: &random) }
    guard link != said else { return [] }
    let isLost = said?.isConnected == true && !link.isConnected
    said = link
    let rssi = link.rssi.map { "\($0)" } ?? "-"
    return ["link \(link.isJoined ? 1 : 0) \(rssi) \(link.isConnected ? 1 : 0)"] + (isLost ? ["lost"] : [])
  }

  private mutating func configuration() -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: return "unchanged"
    case 2: return "failed"
    case 3:
      tags += 1
      return "config \"tag\(tags)\" {\"heartbeat_publish_period\":"
    default:
      tags += 1
      let keys = [
        "heartbeat_publish_period", "temperature_check_period", "motion_cooldown_wait_period",
        "check_config_file_period", "unknown_key",
      ]
      var pairs = ["\"enabled\":\(chance(4) ? 0 : 1)"]
      // Inside the range and outside, numbers and not.
      let values = [
        "500", "1000", "5000", "12345", "60000", "0", "-1", "99999999999", "1.5", "\"5000\"", "null", "true",
      ]
      for key in keys where chance(2) { pairs.append("\"\(key)\":\(values.randomElement(using: &random) ?? "0")") }
      return "config \"tag\(tags)\" {\(pairs.joined(separator: ","))}"
    }
  }

  /// Once in `count` times.
  private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
}
