import ChipModels
import MQTTClient
import Node
import NodeShell
import Telemetry
import VirtualBoard

/// One simulated Pico W: the portable device on a virtual board, and the shell that gives it a network.
///
/// It is stepped when something is due, not all the time: `step` says when it wants to be stepped again.
final class SimulatedPico {
  typealias BoardDevice = Device<VirtualBoard, 256>

  /// How often a board is stepped when nothing is known to happen, ms. All periods of a device are multiples of it, so
  /// nothing is late; while somebody watches the LED its slot is the pace.
  static let idleMilliseconds: UInt64 = 500
  static let watchedMilliseconds: UInt64 = 125
  /// For how long a start keeps a board from doing anything, ms.
  static let startingMilliseconds: UInt64 = 500
  /// After a change of a pin, and while a chip measures, it is stepped as often as the real one: debouncing looks at it.
  static let busyMilliseconds: UInt64 = 10

  let name: String
  let board: VirtualBoard
  var device: BoardDevice
  /// What outlives a power cut.
  var flash = NodeFlash()
  /// The side towards the broker; `nil` where there is none.
  let uplink: BrokerUplink?
  /// Payloads that a pretended broker was handed, resent ones included.
  var pretendedSent = 0
  /// Readings that it acknowledged.
  var pretendedAcknowledged = 0
  /// What went wrong with configuration or start, for a person.
  private var ownTrouble: String?
  /// Whether no new readings are made.
  var isQuiet = false { didSet { device.node.isQuiet = isQuiet } }
  /// Whether somebody looks at LED and display.
  var isWatched = false
  /// Whether the place has Wi-Fi.
  var hasWiFi = true { didSet { if !hasWiFi { leave() } } }
  /// Told before each step of the device what it will see.
  var onStep: (_ now: UInt32, _ link: Link) -> Void = { _, _ in }

  let endpoints: Endpoints
  let network: NetworkKind
  var payload = InlineBytes<512>()
  /// An answer or a log line that a pretended broker is handed.
  var message = InlineBytes<512>()

  private let firmware = InlineBytes<24>("1.0.0-sim")
  private let nextBoot: () throws -> UInt32
  private let configuration: NodeConfiguration
  private var player: ScenarioPlayer
  /// The board has no supply until this moment, ms.
  private var darkUntil: UInt64?
  private var busyUntil: UInt64 = 0
  private var levels: (motion: Bool, door: Bool)
  /// Why the board starts next, once it has its supply.
  private var nextCause = ResetCause.powerOn
  /// Readings of earlier boots.
  private var madeBefore = 0
  /// Readings that earlier boots had to drop.
  private var droppedBefore = 0
  /// Readings that were lost with the board's memory in a power cut: neither acknowledged nor in flash.
  private(set) var lost = 0

  /// What a board is made of.
  struct Plan {
    var name: String
    var seed: UInt64
    var boot: () throws -> UInt32
    var scenario = Scenario()
    var faults: RandomFaults?
    var parts: Set<Part> = [.bme280, .ssd1306]
    var visitPeriodMilliseconds = 45_000.0
    var configuration = NodeConfiguration()
  }

  /// A board as planned, on a network of this kind.
  init(_ plan: Plan, network: NetworkKind, endpoints: Endpoints) throws {
    name = plan.name
    self.endpoints = endpoints
    self.network = network
    board = VirtualBoard(
      seed: plan.seed, startMilliseconds: 10 * 3_600_000 + (plan.seed % 24) * 1_800_000,
      visitPeriodMilliseconds: plan.scenario.visitPeriodMilliseconds ?? plan.visitPeriodMilliseconds,
      parts: plan.scenario.parts ?? plan.parts)
    levels = (false, false)
    nextBoot = plan.boot
    configuration = plan.configuration
    player = ScenarioPlayer(plan.scenario, device: plan.name, faults: plan.faults)
    device = try Self.makeDevice(plan.name, nextBoot(), firmware, configuration, board, flash, .powerOn)
    uplink = network == .broker ? Self.uplink(of: plan.name, endpoints) : nil
    try uplink?.begin(device)
  }

  private static func makeDevice(
    _ name: String, _ boot: UInt32, _ firmware: InlineBytes<24>, _ configuration: NodeConfiguration,
    _ board: VirtualBoard, _ flash: NodeFlash, _ cause: ResetCause
  ) -> BoardDevice {
    let identity = NodeIdentity(device: InlineBytes(Array(name.utf8).span), firmware: firmware, boot: boot)
    var node = Node<256>(
      identity: identity, configuration: configuration, cause: cause, previous: FlightRecord(record: flash.flight.span))
    flash.restore(&node)
    return Device(node: node, board: board)
  }

  /// Whether the board has its supply.
  var isPowered: Bool { darkUntil == nil }

  /// Payloads handed to the broker's connection, resent ones included.
  var sent: Int { uplink?.sent ?? pretendedSent }

  /// Readings that were acknowledged, by the gateway or, of version 1, by the broker.
  var acknowledged: Int { uplink?.acknowledged ?? pretendedAcknowledged }

  /// The last thing that went wrong, for a person.
  var trouble: String? { uplink?.trouble ?? ownTrouble }

  /// Readings made so far.
  var made: Int { madeBefore + Int(device.node.made) }

  /// Readings dropped so far, because the outbox was full.
  var dropped: Int { droppedBefore + Int(device.node.outbox.dropped.total) }

  /// Goes on to `milliseconds` since the board's start.
  ///
  /// - Parameters:
  ///   - real: real milliseconds, for what the broker's connection needs.
  ///   - fetch: asked to fetch the configuration.
  /// - Returns: when it wants to be stepped next.
  func step(
    milliseconds: UInt64, real: UInt64, fetch: (_ device: String, _ tag: String) -> Void
  ) -> UInt64 {
    board.advance(toMilliseconds: milliseconds)
    for action in player.take(until: milliseconds) { perform(action, at: milliseconds) }
    if let darkUntil {
      guard milliseconds >= darkUntil else { return darkUntil }
      powerUp()
    }
    if hasWiFi { uplink?.keepConnected(&device, real: real) }
    let link = Link(isJoined: isJoined, rssi: isJoined ? rssi(milliseconds) : nil, isConnected: isConnected)
    onStep(board.clock.milliseconds, link)
    let actions = device.step(now: board.clock.milliseconds, link: link)
    if actions.fetchConfiguration {
      // A board without a config server works with its built-in configuration.
      if network == .broker { fetch(name, text(device.node.configurationTag)) } else { take(.unchanged) }
    }
    if actions.storeConfiguration { flash.keepConfiguration(device.node) }
    if actions.storeFlightRecord { flash.keepFlightRecord(device.node) }
    publish()
    flash.spill(
      device.node, isConnected: isConnected, sent: sent, acknowledged: acknowledged, at: milliseconds)
    if actions.restart { return restart(at: milliseconds) }
    return nextStep(after: milliseconds, isMeasuring: actions.measure)
  }

  /// Starts again because somebody asked for it: readings and flight record are kept first, and the answer goes out.
  private func restart(at milliseconds: UInt64) -> UInt64 {
    flash.keepReadings(device.node)
    flash.keepFlightRecord(device.node)
    stop()
    end(.command, darkUntil: milliseconds + Self.startingMilliseconds)
    return milliseconds + Self.startingMilliseconds
  }

  /// This life of the board is over.
  private func end(_ cause: ResetCause, darkUntil moment: UInt64) {
    leave()
    let outbox = device.node.outbox
    lost += outbox.count - flash.outbox.held(by: outbox)
    // What flash still has of them comes back, and will be acknowledged once more.
    forgetAcknowledged(flash.outbox.settled(in: outbox))
    droppedBefore += Int(outbox.dropped.total)
    madeBefore += Int(device.node.made)
    board.rest()
    nextCause = cause
    darkUntil = moment
  }

  /// What the scenario, or a person, does to the board.
  func perform(_ action: ScenarioAction, at milliseconds: UInt64) {
    if board.perform(action) { return }
    switch action {
    case .wifi(let isOn): hasWiFi = isOn
    case .powerCut(let duration):
      // Without supply already: it lasts longer.
      if darkUntil == nil { end(.powerOn, darkUntil: 0) }
      nextCause = .powerOn
      darkUntil = max(darkUntil ?? 0, milliseconds + duration)
    case .air, .weather, .visit, .door, .unplug, .plugIn, .bus, .brownOut: break
    }
  }

  private func powerUp() {
    darkUntil = nil
    // A restart by command leaves the chips their supply.
    if nextCause == .powerOn { board.powerCycle() }
    // A board that cannot count its starts takes a random number, as the real one does.
    let boot = (try? nextBoot()) ?? UInt32.random(in: 0...UInt32.max) | 0x8000_0000
    device = Self.makeDevice(name, boot, firmware, configuration, board, flash, nextCause)
    device.node.isQuiet = isQuiet
    do throws(MQTTError) { try uplink?.begin(device) } catch { ownTrouble = error.detail }
    flash.begin(at: board.milliseconds)
  }

  private func nextStep(after now: UInt64, isMeasuring: Bool) -> UInt64 {
    let pins = (board.motion.isHigh(), board.door.isHigh())
    if pins != levels { busyUntil = now + 100 }
    levels = pins
    // A BME280 has its answer after 10 ms, an SHT31 after 16.
    if isMeasuring { busyUntil = max(busyUntil, now + 3 * Self.busyMilliseconds) }
    let pace = now < busyUntil ? Self.busyMilliseconds : isWatched ? Self.watchedMilliseconds : Self.idleMilliseconds
    var next = (now / pace + 1) * pace
    if let change = board.world.nextChange { next = min(next, max(change, now + 1)) }
    if let event = player.nextMilliseconds { next = min(next, max(event, now + 1)) }
    return next
  }

  /// The configuration, or why there is none.
  func take(_ outcome: ConfigurationFetcher.Outcome) {
    switch outcome {
    case .arrived(let document, let tag):
      do throws(JSONError) {
        try device.node.configurationArrived(document.span, tag: InlineBytes(Array(tag.utf8).span))
      } catch {
        ownTrouble = "the configuration is not JSON: \(error.code) at byte \(error.offset)"
        device.node.configurationFailed()
      }
    case .unchanged: device.node.configurationIsUnchanged()
    case .failed(let why):
      ownTrouble = why
      device.node.configurationFailed()
    }
  }

  private func rssi(_ milliseconds: UInt64) -> Int8 {
    Int8(-55 - Int(milliseconds / 7000 % 9))
  }
}

/// The bytes as text.
func text<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String {
  String(decoding: bytes.array, as: UTF8.self)
}
