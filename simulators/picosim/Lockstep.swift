import ArgumentParser
import ChipModels
import Foundation
import Node
import StatusLED
import Telemetry
import VirtualBoard

struct Lockstep: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the MicroPython core beside the Swift core and stop at the first difference.",
    discussion: """
      Each lives on a board of its own in the same world with the same faults; after each step bus transactions, payload
      bytes, actions, LED and outbox must be the same. Links, acknowledgements and configurations come at random from the
      seed too. Virtual time; the exit code is 1 at a difference, which is printed with what came before it.

        picosim lockstep --seed 5 --faults 5 --for 1h -- \\
          micropython -X heapsize=1M simulators/micropython/lockstep.py Attic06 1.0.0-sim 1 bus

      with MICROPYPATH as simulators/micropython/run sets it.
      """)

  @Option(help: "Makes the world and everything that happens in it.")
  var seed: UInt64 = 1

  @Option(name: .customLong("for"), help: "How long they live: seconds, or 500ms, 90s, 5m, 12h.")
  var duration = TimeSpan(milliseconds: 600_000)

  @OptionGroup var happenings: ScenarioOptions

  @Argument(parsing: .postTerminator, help: "The other core's command, after --.")
  var command: [String]

  mutating func validate() throws {
    guard !command.isEmpty else {
      throw ValidationError("the other core's command is missing: picosim lockstep -- PROGRAM …")
    }
  }

  func run() throws {
    Interrupt.catchSignals()
    let other = try FirmwareProcess(command)
    defer { other.pullPlug() }
    let pair = try LockstepPair(seed: seed, scenario: happenings.plan(), faults: happenings.faults, other: other)
    if let difference = pair.run(milliseconds: duration.milliseconds) {
      print(difference)
      throw ExitCode(1)
    }
    print(
      "lockstep: seed=\(seed) steps=\(pair.steps) transactions=\(pair.transactions) payloads=\(pair.payloads): the same"
    )
  }
}

/// Two cores on two boards that are the same, and what happens to both.
final class LockstepPair {
  private(set) var steps = 0
  private(set) var transactions = 0
  private(set) var payloads = 0
  /// Pictures that the display showed, each compared pixel by pixel.
  private(set) var frames = 0

  /// How long both have lived, ms.
  var milliseconds: UInt64 { mine.milliseconds }

  private let mine: VirtualBoard
  private let theirs: FirmwareBoard
  private let other: FirmwareProcess
  private var player: ScenarioPlayer
  private var device: Device<SimulatedI2CBus, SimulatedPin, SimulatedPin, 32>
  private var happenings: RandomHappenings
  private var payload = InlineBytes<512>()
  private var history: [String] = []

  init(seed: UInt64, scenario: Scenario, faults: UInt64?, other: FirmwareProcess) throws {
    func board() -> VirtualBoard {
      VirtualBoard(
        seed: seed, visitPeriodMilliseconds: scenario.visitPeriodMilliseconds ?? 45_000,
        parts: scenario.parts ?? [.bme280, .ssd1306])
    }
    mine = board()
    theirs = FirmwareBoard(board(), straps: 6)
    self.other = other
    player = ScenarioPlayer(scenario, faults: faults.map { RandomFaults(seed: $0, cutsPower: false) })
    happenings = RandomHappenings(seed: seed)
    let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0-sim"), boot: 1)
    device = Device(
      node: Node(identity: identity), bus: mine.bus, motion: mine.motion, door: mine.door, light: mine.light)
    for bus in [mine.bus, theirs.board.bus] { bus.isTracing = true }
  }

  /// Lives for so long.
  ///
  /// - Returns: the first difference, with what came before it; `nil` when there was none.
  func run(milliseconds end: UInt64) -> String? {
    // The other core first looks around: it opens its pins.
    guard awaitOther() != nil else { return "the other core ended before its first step" }
    var now: UInt64 = 0
    while now < end, !Interrupt.isRequested {
      if let difference = step(at: now) { return difference }
      now = max(now, mine.milliseconds) + happenings.pause()
    }
    other.send(BoardAnswer(status: .unknownOperation), unit: 0)
    return nil
  }

  private func step(at now: UInt64) -> String? {
    steps += 1
    for board in [mine, theirs.board] { board.advance(toMilliseconds: now) }
    for action in player.take(until: now) {
      for board in [mine, theirs.board] { board.perform(action) }
      if case .wifi(let isOn) = action { happenings.hasWiFi = isOn }
      note("    \(action)")
    }
    let lines = happenings.take()
    for line in lines { happen(line) }
    let tick = mine.clock.milliseconds
    note("step \(tick): \(lines.joined(separator: "; "))")
    other.send(BoardAnswer(value: tick, body: Array(lines.joined(separator: "\n").utf8)), unit: 0)
    guard let result = awaitOther() else { return report("the other core ended") }
    return compare(mine: own(tick), theirs: result)
  }

  /// Steps the Swift core.
  ///
  /// - Returns: what it did, as the other core tells it.
  private func own(_ tick: UInt32) -> [String] {
    let actions = device.step(now: tick, link: happenings.link)
    happenings.wantsConfiguration = happenings.wantsConfiguration || actions.fetchConfiguration
    var lines = ["actions \(actions.measure ? 1 : 0) \(actions.fetchConfiguration ? 1 : 0) \(actions.led.rawValue)"]
    while device.node.takePayload(now: tick, into: &payload) {
      payloads += 1
      lines.append("payload " + text(payload))
      happenings.published(payload.array)
    }
    return lines + ["outbox \(device.node.outbox.count)"]
  }

  /// Serves the other core's board until it has said what it did and asks for the next moment; `nil` when it ended.
  private func awaitOther() -> [String]? {
    var result: [String] = []
    while case .request(let request) = other.next(milliseconds: 10_000) {
      switch request.operation {
      case 0x30: return result
      case 0x31:
        result = String(decoding: request.body, as: UTF8.self).split(separator: "\n").map(String.init)
        other.send(BoardAnswer(), unit: request.unit)
      default: other.send(theirs.answer(request), unit: request.unit)
      }
    }
    return nil
  }

  private func compare(mine own: [String], theirs result: [String]) -> String? {
    defer { for bus in [mine.bus, theirs.board.bus] { bus.clearTrace() } }
    transactions += mine.bus.trace.count
    for line in mine.bus.trace { note("  \(line)") }
    for line in own { note("  \(line)") }
    if let line = Self.difference(mine.bus.trace, theirs.board.bus.trace) { return report(line) }
    if let line = Self.difference(own, result) { return report(line) }
    if mine.parts.contains(.ssd1306), mine.bus.trace.contains(where: { $0.hasPrefix("W 3C 40") }) {
      frames += 1
      if mine.display.memory != theirs.board.display.memory { return report("the OLED's pixels are not the same") }
    }
    if mine.light.isHigh() != theirs.board.light.isHigh() { return report("the LED is not the same") }
    return nil
  }

  private static func difference(_ mine: [String], _ theirs: [String]) -> String? {
    for index in 0..<max(mine.count, theirs.count) {
      let (a, b) = (index < mine.count ? mine[index] : "nothing", index < theirs.count ? theirs[index] : "nothing")
      if a != b { return "Swift        \(a)\nMicroPython  \(b)" }
    }
    return nil
  }

  private func happen(_ line: String) {
    let words = line.split(separator: " ", maxSplits: 2).map { Array($0.utf8) }
    let second = words.count > 1 ? words[1] : []
    let tag = InlineBytes<64>(second.span)
    switch String(decoding: words[0], as: UTF8.self) {
    case "ack": device.node.acknowledgementArrived(Array(line.dropFirst(4).utf8).span)
    case "config":
      // What is no JSON is refused by both.
      let document = words[2]
      _ = try? device.node.configurationArrived(document.span, tag: tag)
    case "unchanged": device.node.configurationIsUnchanged()
    case "failed": device.node.configurationFailed()
    case "announce": device.node.configurationAnnounced(tag: tag)
    case "lost": device.node.connectionLost()
    case "clock": device.node.setClock(unixMilliseconds: UInt64(line.dropFirst(6)) ?? 0)
    default: break
    }
  }

  private func note(_ line: String) {
    history.append(line)
    if history.count > 60 { history.removeFirst(20) }
  }

  private func report(_ difference: String) -> String {
    (history + ["lockstep: the first difference, in step \(steps):", difference]).joined(separator: "\n")
  }
}
