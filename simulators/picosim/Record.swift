import ArgumentParser
import ChipModels
import Foundation
import Node
import VirtualBoard

struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write down every bus transaction of a board.",
    discussion:
      "The board lives in its own time, as fast as the machine can; without a broker. `picosim replay` reads it.")

  @Argument(help: "The file to write.")
  var file: String

  @Option(name: .customLong("for"), help: "How long the board lives: seconds, or 500ms, 90s, 5m.")
  var duration = TimeSpan(milliseconds: 60_000)

  @OptionGroup var board: OneBoardOptions
  @OptionGroup var happenings: ScenarioOptions
  @OptionGroup var endpoints: Endpoints

  func run() throws {
    var plan = try board.plan(endpoints, happenings, network: .pretend)
    guard plan.network != .broker else { throw ValidationError("record: --network pretend or none") }
    plan.speed = .max
    plan.isWatched = false
    try Data(try Self.record(plan, milliseconds: duration.milliseconds).utf8)
      .write(to: URL(filePath: file), options: .atomic)
  }

  /// The trace of the plan's first board.
  ///
  /// - Throws: where the board would start again: a trace is of one boot.
  static func record(_ plan: Fleet.Plan, milliseconds: UInt64) throws -> String {
    let cut = plan.scenario.events.contains { if case .powerCut = $0.action { true } else { false } }
    guard !cut else { throw ValidationError("record: a trace is of one boot, and the scenario cuts the power") }
    var plan = plan
    plan.cutsPower = false
    let fleet = try Fleet(plan)
    let pico = fleet.picos[0]
    let bus = pico.board.bus
    var lines = [BusTrace.head, "device \(pico.name)"]
    bus.isTracing = true
    pico.onStep = { now, link in
      lines += bus.trace
      bus.clearTrace()
      let step = BusTrace.Step(
        now: now, isMotionHigh: pico.board.motion.isHigh(), isSwitchHigh: pico.board.door.isHigh(),
        isJoined: link.isJoined, isConnected: link.isConnected)
      lines.append(step.text)
    }
    fleet.run(until: milliseconds)
    return (lines + bus.trace).joined(separator: "\n") + "\n"
  }
}
