import ChipModels
import Node

/// What the network does to a device in a lockstep run, the same for the same seed: links that come and go,
/// acknowledgements that are late, in pieces or lost, a gateway that falls silent, configurations and commands good and
/// bad, clocks that jump, restarts.
struct RandomHappenings {
  /// The link as it is now.
  private(set) var link = Link()
  /// Whether the place has Wi-Fi.
  var hasWiFi = true
  /// Whether the device waits for the end of a fetch.
  var wantsConfiguration = false
  /// Whether the device asked to be started again.
  var wantsRestart = false
  /// Whether a configuration on trial runs.
  var isOnTrial = false

  private var random: SeededRandom
  private var documents: RandomDocuments
  private var said: Link?
  private var unacknowledged: [(payload: [UInt8], reading: ReadingIdentity)] = []
  private var tags = 0
  private var isQuiet = false
  /// The gateway does not answer.
  private var isDeaf = false
  /// … while the configuration that came last is on trial.
  private var isDeafOnTrial = false

  init(seed: UInt64) {
    random = SeededRandom(seed: seed ^ 0x10C5_7EB5)
    documents = RandomDocuments(seed: seed ^ 0xD0C5_7EB5)
  }

  /// Time until the next step, ms: mostly as a board is stepped, sometimes a long while, seldom so long that the tick wraps.
  mutating func pause() -> UInt64 {
    if chance(50_000) { return .random(in: 3_600_000...1_900_000_000, using: &random) }
    if chance(5000) { return .random(in: 20_000...7_200_000, using: &random) }
    switch Int.random(in: 0..<100, using: &random) {
    case 0: return .random(in: 1000...20_000, using: &random)
    case 1...19: return .random(in: 1...9, using: &random)
    default: return .random(in: 10...250, using: &random)
    }
  }

  /// A payload was sent, of the reading `taken`.
  mutating func published(_ payload: [UInt8], taken: ReadingIdentity) {
    unacknowledged.append((payload, taken))
    if unacknowledged.count > 64 { unacknowledged.removeFirst() }
  }

  /// What happens before the next step, as lines of the protocol.
  mutating func take() -> [String] {
    var lines = moveLink()
    if chance(3000) { isDeaf = true } else if chance(1000) { isDeaf = false }
    if wantsConfiguration, chance(3) {
      wantsConfiguration = false
      lines.append(configuration())
    }
    if link.isConnected { answer(&lines) }
    if chance(200) { lines.append("announce \(tag())") }
    if chance(100) { lines.append("command \(documents.command())") }
    if chance(250) { lines.append("clock \(time())") }
    if chance(isQuiet ? 50 : 3000) {
      isQuiet.toggle()
      lines.append("quiet \(isQuiet ? 1 : 0)")
    }
    if wantsRestart || chance(1500) { lines.append(restart()) }
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

  /// What broker and gateway say to what was published; some of it is lost on the way.
  private mutating func answer(_ lines: inout [String]) {
    while !unacknowledged.isEmpty, chance(2) {
      let index = Int.random(in: 0..<unacknowledged.count, using: &random)
      let (payload, reading) = unacknowledged.remove(at: index)
      if isDeaf || isDeafOnTrial && isOnTrial || chance(10) { continue }
      lines.append("puback \(reading.boot) \(reading.seq) \(reading.payloadVersion)")
      var text = String(decoding: pretendedAcknowledgement(of: payload), as: UTF8.self)
      if chance(8) { text = text.dropLast() + ",\"time\":\(time())}" }
      if chance(30) { text = #"{"boot":\#(reading.boot),"seqs":[[1,\#(reading.seq)],[7,9]]}"# }
      if chance(30) { text = documents.broken(text) }
      lines.append("ack " + text)
    }
  }

  private mutating func configuration() -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: return "unchanged"
    case 2: return "failed"
    default:
      isDeafOnTrial = chance(3)
      let tag = tag()
      return "config \(tag) \(documents.configuration())"
    }
  }

  /// A new tag; sometimes one that was there before, or none.
  private mutating func tag() -> String {
    if chance(10) { return "-" }
    if chance(4) { return "\"tag\(Int.random(in: 0...tags, using: &random))\"" }
    tags += 1
    return "\"tag\(tags)\""
  }

  /// UTC in ms: of these days, mostly; else of any.
  private mutating func time() -> UInt64 {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: .random(in: 1...1_000_000, using: &random)
    case 1: .random(in: 4_294_960_000_000...4_294_970_000_000, using: &random)
    case 2: .random(in: 1...UInt64(1) << 59, using: &random)
    default: 1_795_474_000_000 + .random(in: 0..<10_000_000, using: &random)
    }
  }

  private mutating func restart() -> String {
    (wantsRestart, isQuiet) = (false, false)
    // Half of them early, where the short records are.
    let place = chance(3) ? Int.random(in: 0..<(chance(2) ? 16 : 200), using: &random) : 999
    return "restart \(Int.random(in: 0...5, using: &random)) \(place)"
  }

  /// Once in `count` times.
  private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
}
