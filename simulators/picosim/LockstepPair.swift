import ChipModels
import Foundation
import VirtualBoard

/// Two cores on two boards that are the same, and what happens to both.
final class LockstepPair {
  private(set) var steps = 0
  private(set) var transactions = 0
  /// Steps in which something was painted on the display, each compared pixel by pixel.
  private(set) var frames = 0
  private(set) var payloads = 0
  /// Status messages, log lines and answers to commands.
  private(set) var messages = 0
  private(set) var restarts = 0
  /// How long both have lived, ms, without the pauses longer than `longestCounted`.
  private(set) var milliseconds: UInt64 = 0

  /// ms.
  private static let longestCounted: UInt64 = 20_000

  private let mine: VirtualBoard
  private let theirs: FirmwareBoard
  private let other: FirmwareProcess
  private var player: ScenarioPlayer
  private var core: LockstepCore
  private var happenings: RandomHappenings
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
    core = LockstepCore(board: mine)
    for board in [mine, theirs.board] {
      (board.bus.isTracing, board.wire.isTracing) = (true, true)
      // Each conversion is another one: so many more or fewer show.
      board.adc.noise = 2
    }
  }

  /// Lives for so long; the few pauses in which nothing is looked at for longer than `longestCounted` come on top.
  ///
  /// - Returns: the first difference, with what came before it; `nil` when there was none.
  func run(milliseconds end: UInt64) -> String? {
    // The other core first looks around: it opens its pins.
    guard awaitOther() != nil else { return "the other core ended before its first step" }
    var (now, skipped): (UInt64, UInt64) = (0, 0)
    while now - skipped < end, !Interrupt.isRequested {
      if let difference = step(at: now) { return difference }
      let pause = happenings.pause()
      if pause > Self.longestCounted { skipped += pause }
      now = max(now, mine.milliseconds) + pause
      milliseconds = now - skipped
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
    for line in lines {
      if line.hasPrefix("restart") { restarts += 1 }
      core.happen(line)
    }
    let tick = mine.clock.milliseconds
    note("step \(tick): \(lines.joined(separator: "\n    "))")
    other.send(BoardAnswer(value: tick, body: Array(lines.joined(separator: "\n").utf8)), unit: 0)
    let own = core.step(tick, link: happenings.link)
    guard let result = awaitOther() else { return report("the other core ended") }
    count(own)
    return compare(mine: own, theirs: result)
  }

  private func count(_ lines: [String]) {
    var taken = core.taken.makeIterator()
    for line in lines {
      let word = line.prefix { $0 != " " }
      let rest = line.dropFirst(word.count + 1)
      switch word {
      case "payload":
        payloads += 1
        if let reading = taken.next() { happenings.published(Array(rest.utf8), taken: reading) }
      case "status", "answer", "log":
        messages += 1
        if word == "status" { happenings.isOnTrial = rest.contains(#""config_state":"trial""#) }
      case "actions":
        let words = rest.split(separator: " ")
        if words[1] == "1" { happenings.wantsConfiguration = true }
        if words.last == "1" { happenings.wantsRestart = true }
      default: break
      }
    }
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
    defer {
      for board in [mine, theirs.board] {
        board.bus.clearTrace()
        board.wire.clearTrace()
      }
    }
    transactions += mine.bus.trace.count + mine.wire.trace.count
    for line in mine.bus.trace + mine.wire.trace { note("  \(line)") }
    for line in own { note("  \(line)") }
    if let line = Self.difference(mine.bus.trace, theirs.board.bus.trace) { return report(line) }
    if let line = Self.difference(mine.wire.trace, theirs.board.wire.trace) { return report(line) }
    if let line = Self.difference(own, result) { return report(line) }
    if mine.parts.contains(.ssd1306), mine.bus.trace.contains(where: { $0.hasPrefix("W 3C 40") }) {
      frames += 1
      if mine.display.memory != theirs.board.display.memory { return report("the OLED's pixels are not the same") }
    }
    if mine.light.isHigh() != theirs.board.light.isHigh() { return report("the LED is not the same") }
    return compareFans()
  }

  private func compareFans() -> String? {
    func duties(_ board: VirtualBoard) -> [String] {
      [
        "fan \(board.fan.dutyPercent) %, switched "
          + (0..<8).map { board.stepFan($0).dutyPercent > 0 ? "1" : "0" }.joined()
      ]
    }
    return Self.difference(duties(mine), duties(theirs.board)).map(report)
  }

  private static func difference(_ mine: [String], _ theirs: [String]) -> String? {
    for index in 0..<max(mine.count, theirs.count) {
      let (a, b) = (index < mine.count ? mine[index] : "nothing", index < theirs.count ? theirs[index] : "nothing")
      if a != b { return "Swift        \(a)\nMicroPython  \(b)" }
    }
    return nil
  }

  private func note(_ line: String) {
    history.append(line)
    if history.count > 60 { history.removeFirst(20) }
  }

  private func report(_ difference: String) -> String {
    (history + ["lockstep: the first difference, in step \(steps):", difference]).joined(separator: "\n")
  }
}
