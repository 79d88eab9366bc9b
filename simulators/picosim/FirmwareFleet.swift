import ArgumentParser
import Foundation
import Synchronization
import VirtualBoard

/// What runs on simulated boards.
enum FirmwareKind: String, ExpressibleByArgument, CaseIterable {
  /// The Swift core, in this process.
  case swift
  /// `firmware-micropython/`, each board a process of unix MicroPython.
  case micropython
}

/// Boards with the MicroPython firmware, in real time: a thread here and a process there for each.
final class FirmwareFleet: Sendable {
  /// What a fleet is made of.
  struct Plan: Sendable {
    var count: Int
    var first: Int
    var endpoints: Endpoints
    var scenario: Scenario
    var faults: UInt64?
    var visitPeriodMilliseconds: Double
    /// When they stop.
    var milliseconds: UInt64
    /// How long they may take to deliver what they hold.
    var drainMilliseconds: UInt64
    var staggerMilliseconds: UInt64
  }

  /// The most boards that make sense.
  static let mostBoards = 64

  private let boards: [FirmwareConsole]
  private let running: Mutex<Int>
  private let trouble = Mutex<String?>(nil)

  /// Compiles the firmware, provisions the boards, and starts them.
  ///
  /// - Throws: what the file system or the compiler says.
  init(_ plan: Plan) throws {
    let root = try Self.root()
    let state = URL(filePath: plan.endpoints.state ?? NSTemporaryDirectory() + "picosim-\(getpid())")
    try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
    let compiled = state.appending(path: "firmware")
    try Self.compile(root, into: compiled)
    let names = Fleet.names(first: plan.first, count: plan.count)
    boards = try names.map { name in
      let flash = state.appending(path: name)
      try FileManager.default.createDirectory(at: flash, withIntermediateDirectories: true)
      try Self.settings(of: name, plan.endpoints).write(to: flash.appending(path: "settings.json"))
      return try FirmwareConsole(flash: flash)
    }
    running = Mutex(plan.count)
    for (index, name) in names.enumerated() {
      let flash = state.appending(path: name)
      let command = [
        root.appending(path: "simulators/micropython/run").path, flash.path, "--firmware", compiled.path,
      ]
      Thread { [self] in run(plan, index, name, command) }.start()
    }
  }

  /// Whether every board has ended.
  var hasEnded: Bool { running.withLock { $0 == 0 } }

  /// What became of the readings.
  var counts: Counts {
    var sum = Counts(boards.map(\.counts))
    sum.trouble = trouble.withLock { $0 }
    return sum
  }

  private func run(_ plan: Plan, _ index: Int, _ name: String, _ command: [String]) {
    // As people plug them in: one after the other.
    Thread.sleep(forTimeInterval: Double(plan.staggerMilliseconds) * Double(index) / 1000)
    let number = UInt64(plan.first + index)
    let seed = plan.endpoints.seed &* 1000 &+ number
    let board = VirtualBoard(
      seed: seed, startMilliseconds: 10 * 3_600_000 + (seed % 24) * 1_800_000,
      visitPeriodMilliseconds: plan.scenario.visitPeriodMilliseconds ?? plan.visitPeriodMilliseconds,
      parts: plan.scenario.parts ?? [.bme280, .ssd1306])
    let player = ScenarioPlayer(
      plan.scenario, device: name, faults: plan.faults.map { RandomFaults(seed: $0 &* 1000 &+ number) })
    let firmware = FirmwareBoard(board, straps: Fleet.straps(plan.first + index) ?? 15)
    let bench = FirmwareBench(firmware, player, command, console: boards[index])
    do {
      let code = try bench.run(milliseconds: plan.milliseconds, drain: plan.drainMilliseconds)
      if code != 0 { fail("\(name): the firmware ended with exit code \(code); see its console.log") }
    } catch {
      fail("\(name): \(error)")
    }
    running.withLock { $0 -= 1 }
  }

  private func fail(_ words: String) {
    trouble.withLock { $0 = $0 ?? words }
  }

  /// The project's folder, above this program or the working directory.
  private static func root() throws -> URL {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    for start in [URL(filePath: FileManager.default.currentDirectoryPath), program] {
      var folder = start
      while folder.path != "/" {
        if FileManager.default.fileExists(atPath: folder.appending(path: "simulators/micropython/run").path) {
          return folder
        }
        folder.deleteLastPathComponent()
      }
    }
    throw ValidationError("--firmware micropython: no simulators/micropython/run above this folder or this program")
  }

  private static func compile(_ root: URL, into folder: URL) throws {
    let process = Process()
    process.executableURL = root.appending(path: "scripts/firmware-compile")
    process.arguments = [folder.path]
    process.standardOutput = FileHandle.standardError
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw ExitCode(process.terminationStatus) }
  }

  /// As scripts/provision would write it. The id comes from the straps, as on a board, where there are straps for it.
  private static func settings(of name: String, _ endpoints: Endpoints) throws -> Data {
    var settings: [String: Any] = [
      "wifi": ["ssid": "simulated", "password": "simulated"],
      "config_url": endpoints.config == "none" ? "" : endpoints.config,
      "mqtt": ["host": endpoints.broker, "port": Int(endpoints.port)],
      // Time comes from the gateway's acknowledgements.
      "time_server": "127.0.0.1",
      "report_seconds": 1,
    ]
    if name.hasPrefix("Sim") { settings["device_id"] = name }
    return try JSONSerialization.data(withJSONObject: settings, options: [.sortedKeys])
  }
}
