import ArgumentParser
import Foundation
import Node
import VirtualBoard

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run boards, in real time or faster.",
    discussion: """
      Ctrl-C or --for stops the boards: no new readings are made, the outboxes are emptied (at most --drain seconds), and
      the last line says what became of every reading. The exit code is 1 when some are not acknowledged.

      --speed 100 lets the boards live a hundred times as fast: a reading's time stays the gateway's, and a board
      sends again what is not acknowledged within 10 s of its own time, so the gateway has a tenth of a second.
      --speed max needs no broker (--offline, or --network pretend) and is the same at each run with the same seed.
      """)

  @Option(help: "How many boards.")
  var count = 3

  @Option(name: .customLong("for"), help: "Stop after this time of the boards: seconds, or 500ms, 90s, 5m, 12h, 7d.")
  var duration: TimeSpan?

  @Option(help: "How fast the boards live: 1 is real time, 100 a hundred times as fast, or 'max'.")
  var speed = Speed.factor(1)

  @Option(help: "What is behind the Wi-Fi: broker, pretend (acknowledges everything at once) or none.")
  var network = NetworkKind.broker

  @Flag(help: "The same as --network none.")
  var offline = false

  @Option(help: "How long to wait at the end until everything is acknowledged, in seconds.")
  var drain: UInt64 = 30

  @Option(help: "Time between the starts of two boards. By default 2 ms, so that ten thousand connect within 20 s.")
  var stagger = TimeSpan(milliseconds: 2)

  @Option(help: "The boards' heartbeat until a config server says otherwise: 1s to 24h.")
  var heartbeat = TimeSpan(milliseconds: 60_000)

  @Option(help: "The payloads' version until a config server says otherwise: 2, or 1 for an old back end.")
  var payloadVersion: Int32 = 2

  @Option(help: "Mean time between two visits of people to a board; 0 for none.")
  var visits = TimeSpan(milliseconds: 45_000)

  @Flag(inversion: .prefixedNo, help: "Boards with an OLED. By default up to 16 boards have one.")
  var displays: Bool?

  @Option(help: "Processes to spread the boards over. By default as few as the limit of open files allows.")
  var processes: Int?

  @Option(help: "What runs on the boards: swift, or micropython: what is flashed on a Pico W, each board a process.")
  var firmware = FirmwareKind.swift

  @Flag(help: "Print a line a second for another program instead of a line for a person.")
  var machine = false

  @Option(help: .hidden)
  var first = 0

  @OptionGroup var happenings: ScenarioOptions
  @OptionGroup var endpoints: Endpoints

  mutating func validate() throws {
    guard (1...100_000).contains(count) else { throw ValidationError("--count: 1 to 100000 boards") }
    if let duration, duration.milliseconds < 1000 { throw ValidationError("--for: at least 1 second") }
    if offline { network = .none }
    if speed == .max, network == .broker {
      throw ValidationError("--speed max: a broker does not run faster; add --offline or --network pretend")
    }
    guard (1000...86_400_000).contains(heartbeat.milliseconds) else {
      throw ValidationError("--heartbeat: 1s to 24h")
    }
    guard (1...2).contains(payloadVersion) else { throw ValidationError("--payload-version: 1 or 2") }
    if let processes, !(1...64).contains(processes) { throw ValidationError("--processes: 1 to 64") }
    if firmware == .micropython { try validateMicroPython() }
  }

  private func validateMicroPython() throws {
    guard count <= FirmwareFleet.mostBoards else {
      throw ValidationError(
        "--firmware micropython: 1 to \(FirmwareFleet.mostBoards) boards, each a process of its own")
    }
    guard speed == .factor(1), network == .broker else {
      throw ValidationError("--firmware micropython lives in real time, with a broker: no --speed, no --network")
    }
    guard endpoints.baseTopic == "iots6" else {
      throw ValidationError("--firmware micropython takes its base topic from the config server's mqtt_config")
    }
  }

  func run() throws {
    Interrupt.catchSignals()
    if firmware == .micropython { return try runMicroPython() }
    let needed = try processesNeeded()
    if needed > 1 { return try FleetOfProcesses(count: count, first: first, processes: needed, machine: machine).run() }
    let fleet = try Fleet(fleetPlan())
    let end = duration?.milliseconds ?? .max
    var nextReport: UInt64 = 1000
    while !Interrupt.isRequested, fleet.milliseconds < end {
      fleet.turn(until: end)
      if fleet.realMilliseconds >= nextReport {
        nextReport = fleet.realMilliseconds + 1000
        report(fleet)
      }
    }
    if network != .none { fleet.drain(seconds: drain) }
    fleet.stop()
    let lost = fleet.lost > 0 ? " lost=\(fleet.lost)" : ""
    print(
      "picosim: boards=\(count) made=\(fleet.made) sent=\(fleet.sent) acknowledged=\(fleet.acknowledged)"
        + " unsent=\(fleet.unsent) dropped=\(fleet.dropped)" + lost)
    if network != .none, fleet.unsent > 0 || fleet.dropped > 0 { throw ExitCode(1) }
  }

  private func runMicroPython() throws {
    let plan = FirmwareFleet.Plan(
      count: count, first: first, endpoints: endpoints, scenario: try happenings.plan(), faults: happenings.faults,
      visitPeriodMilliseconds: Double(visits.milliseconds), milliseconds: duration?.milliseconds ?? .max,
      drainMilliseconds: drain * 1000, staggerMilliseconds: stagger.milliseconds)
    let fleet = try FirmwareFleet(plan)
    let start = ContinuousClock.now
    while !fleet.hasEnded {
      // A line of figures a second.
      Thread.sleep(forTimeInterval: 1)
      let sum = fleet.counts
      print(machine ? sum.line : "\((ContinuousClock.now - start).components.seconds) s: \(sum.line)")
      fflush(nil)
    }
    let sum = fleet.counts
    print("picosim: boards=\(count) \(sum.summary)")
    if sum.trouble != nil || sum.values["unsent"] != 0 || sum.values["dropped"] != 0 { throw ExitCode(1) }
  }

  private func fleetPlan() throws -> Fleet.Plan {
    var fleet = Fleet.Plan(names: Fleet.names(first: first, count: count), endpoints: endpoints)
    fleet.network = network
    fleet.speed = speed
    fleet.scenario = try happenings.plan()
    fleet.faults = happenings.faults
    // A display costs more than the rest of the board together, and nobody can see that of a fleet's board.
    fleet.parts = displays ?? (count <= 16 && first == 0) ? [.bme280, .ssd1306] : [.bme280]
    fleet.visitPeriodMilliseconds = Double(visits.milliseconds)
    fleet.configuration.heartbeatPeriodMilliseconds = UInt32(heartbeat.milliseconds)
    fleet.configuration[.payloadVersion] = payloadVersion
    fleet.first = first
    fleet.staggerMilliseconds = Double(stagger.milliseconds)
    return fleet
  }

  /// How many processes the boards are spread over.
  ///
  /// - Throws: where the limit of open files is too low for what was asked.
  private func processesNeeded() throws -> Int {
    let limit = DescriptorLimit.raise()
    guard network == .broker else { return processes ?? 1 }
    guard limit.boards > 0 else {
      throw ValidationError("only \(limit.maximum) open files are allowed: raise ulimit -n")
    }
    let needed = (count + limit.boards - 1) / limit.boards
    if let processes, processes < needed {
      throw ValidationError(
        "\(count) boards need \(count * DescriptorLimit.perBoard + DescriptorLimit.others * processes) open files in"
          + " \(processes) process\(processes == 1 ? "" : "es"), and a process may have \(limit.maximum): raise the limit"
          + " (ulimit -Hn, or LimitNOFILE=) or say --processes \(needed)")
    }
    return processes ?? needed
  }

  private func report(_ fleet: Fleet) {
    let trouble = fleet.picos.lazy.compactMap(\.trouble).first
    if machine {
      print(
        "made=\(fleet.made) sent=\(fleet.sent) acknowledged=\(fleet.acknowledged) unsent=\(fleet.unsent)"
          + (trouble.map { " trouble=\($0)" } ?? ""))
    } else {
      print(
        "\(fleet.milliseconds / 1000) s: \(fleet.made) readings, \(fleet.acknowledged) acknowledged,"
          + " \(fleet.unsent) waiting\(trouble.map { "; \($0)" } ?? "")")
    }
    fflush(nil)
  }
}
