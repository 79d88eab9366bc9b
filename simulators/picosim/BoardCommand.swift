import ArgumentParser
import ChipModels
import Foundation
import VirtualBoard

struct BoardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "board",
    abstract: "Put the MicroPython firmware on a virtual board.",
    discussion: """
      The firmware is a program of its own that asks for its board over pipes (simulators/micropython/PROTOCOL.md):

        picosim board --watch -- simulators/micropython/run flash/

      The board runs in real time; the firmware's own words are on the standard error. A power cut pulls the pipes, a
      watchdog that is not fed too, and the firmware is started again. The exit code is the firmware's.
      """)

  @Flag(help: "Draw the OLED and the LED in the terminal.")
  var watch = false

  @Option(help: "The board's id straps, 0 to 15.")
  var straps = 6

  @Option(help: "Makes the weather and the people.")
  var seed: UInt64 = 1

  @Option(name: .customLong("for"), help: "Pull the plug after this time: seconds, or 500ms, 90s, 5m.")
  var duration: TimeSpan?

  @Option(help: "Write what the OLED's memory holds at the end to this file: 1024 bytes, page by page.")
  var oled: String?

  @OptionGroup var happenings: ScenarioOptions

  @Argument(parsing: .postTerminator, help: "The firmware's command, after --.")
  var command: [String]

  mutating func validate() throws {
    guard (0...15).contains(straps) else { throw ValidationError("--straps: 0 to 15") }
    guard !command.isEmpty else {
      throw ValidationError("the firmware's command is missing: picosim board -- PROGRAM …")
    }
  }

  func run() throws {
    Interrupt.catchSignals()
    let scenario = try happenings.plan()
    let board = VirtualBoard(
      seed: seed, startMilliseconds: 10 * 3_600_000,
      visitPeriodMilliseconds: scenario.visitPeriodMilliseconds ?? 45_000, parts: scenario.parts ?? [.bme280, .ssd1306])
    let player = ScenarioPlayer(scenario, faults: happenings.faults.map { RandomFaults(seed: $0) })
    let bench = FirmwareBench(FirmwareBoard(board, straps: UInt8(straps)), player, command)
    let code = try bench.run(milliseconds: duration?.milliseconds ?? .max, draws: watch)
    if let oled { try Data(board.display.memory).write(to: URL(filePath: oled)) }
    if code != 0 { throw ExitCode(code) }
  }
}
