import ArgumentParser
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
    if code != 0 { throw ExitCode(code) }
  }
}

/// A firmware on its board, in real time, with what happens to them.
final class FirmwareBench {
  /// The firmware wants to be started again.
  private static let restartCode: Int32 = 75

  private let firmware: FirmwareBoard
  private var player: ScenarioPlayer
  private let command: [String]
  private let pace = Pace(.factor(1))
  private var darkUntil: UInt64?

  init(_ firmware: FirmwareBoard, _ player: ScenarioPlayer, _ command: [String]) {
    self.firmware = firmware
    self.player = player
    self.command = command
  }

  /// Runs until the firmware ends, the time is over, or somebody asked to stop.
  ///
  /// - Returns: the firmware's exit code; 0 when the plug was pulled.
  /// - Throws: where the firmware cannot be started.
  func run(milliseconds end: UInt64, draws: Bool) throws -> Int32 {
    var process = try FirmwareProcess(command)
    var nextFrame: UInt64 = 0
    while !Interrupt.isRequested, pace.milliseconds < end {
      switch process.next(milliseconds: 20) {
      case .request(let request):
        advance()
        process.send(firmware.answer(request), unit: request.unit)
      case .nothing: advance()
      case .ended:
        guard process.exitCode == Self.restartCode else { return process.exitCode }
        process = try FirmwareProcess(command)
      }
      if let bite = firmware.bitesAt, firmware.board.milliseconds >= bite {
        process.pullPlug()
        firmware.restart(.watchdog)
        process = try FirmwareProcess(command)
      }
      if let moment = darkUntil {
        process.pullPlug()
        while pace.milliseconds < moment, !Interrupt.isRequested { Thread.sleep(forTimeInterval: 0.02) }
        darkUntil = nil
        firmware.board.powerCycle()
        firmware.restart(.power)
        process = try FirmwareProcess(command)
      }
      if draws, pace.milliseconds >= nextFrame {
        nextFrame = pace.milliseconds + 125
        draw()
      }
    }
    process.pullPlug()
    return 0
  }

  private func advance() {
    let now = pace.milliseconds
    firmware.board.advance(toMilliseconds: now)
    for action in player.take(until: now) where !firmware.board.perform(action) {
      if case .wifi(let isOn) = action { firmware.hasWiFi = isOn }
      if case .powerCut(let duration) = action { darkUntil = now + duration }
    }
  }

  private func draw() {
    let lines = Picture.frame(of: firmware.board, braille: false) + Picture.board(firmware.board)
    print("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J", terminator: "")
    fflush(nil)
  }
}
