import Foundation
import VirtualBoard

/// A firmware on its board, in real time, with what happens to them.
final class FirmwareBench {
  /// The firmware wants to be started again.
  private static let restartCode: Int32 = 75
  /// How long a power cut waits for the firmware to say how far it is, ms: it does so once a second, on a busy machine
  /// or while it starts less often. What is cut off before is not counted right.
  private static let patience: UInt64 = 30_000

  private let firmware: FirmwareBoard
  private var player: ScenarioPlayer
  private let command: [String]
  private let console: FirmwareConsole?
  private let pace = Pace(.factor(1))
  private var cut: (duration: UInt64, until: UInt64)?
  private var darkUntil: UInt64?

  /// A bench; with `console` it knows what became of every reading.
  init(_ firmware: FirmwareBoard, _ player: ScenarioPlayer, _ command: [String], console: FirmwareConsole? = nil) {
    self.firmware = firmware
    self.player = player
    self.command = command
    self.console = console
  }

  /// Runs until the firmware ends, the time is over, or somebody asked to stop; with a console, then until everything is
  /// acknowledged, for `drain` ms at most.
  ///
  /// - Returns: the firmware's exit code; 0 when the plug was pulled.
  /// - Throws: where the firmware cannot be started.
  func run(milliseconds end: UInt64, drain: UInt64 = 0, draws: Bool = false) throws -> Int32 {
    var process = try start()
    var nextFrame: UInt64 = 0
    var stopAt: UInt64?
    while true {
      let now = pace.milliseconds
      if stopAt == nil, Interrupt.isRequested || now >= end { stopAt = now + (console == nil ? 0 : drain) }
      if let stopAt, now >= stopAt { break }
      switch process.next(milliseconds: 20) {
      case .request(let request):
        advance(happens: stopAt == nil)
        let isFresh = firmware.beginsStep(request) && console?.look() == true
        if stopAt != nil, isFresh, console?.isEmpty == true {
          process.pullPlug()
          return 0
        }
        if let cut, isFresh || console == nil || pace.milliseconds >= cut.until {
          self.cut = nil
          process.pullPlug()
          process = try comeBack(after: cut.duration)
          continue
        }
        process.send(firmware.answer(request), unit: request.unit)
      case .nothing: advance(happens: stopAt == nil)
      case .ended:
        guard process.exitCode == Self.restartCode else { return process.exitCode }
        console?.look()
        process = try start()
      }
      if let bite = firmware.bitesAt, firmware.board.milliseconds >= bite {
        process.pullPlug()
        firmware.restart(.watchdog)
        console?.look()
        process = try start()
      }
      if draws, pace.milliseconds >= nextFrame {
        nextFrame = pace.milliseconds + 125
        draw()
      }
    }
    process.pullPlug()
    console?.look()
    return 0
  }

  private func start() throws -> FirmwareProcess {
    console?.begins()
    return try FirmwareProcess(command, console: console?.handle)
  }

  /// The board was without its supply for `duration` ms.
  private func comeBack(after duration: UInt64) throws -> FirmwareProcess {
    console?.losesMemory()
    let moment = pace.milliseconds + duration
    // The board is without power for so long; a signal ends the wait.
    while pace.milliseconds < moment, !Interrupt.isRequested { Thread.sleep(forTimeInterval: 0.02) }
    firmware.board.advance(toMilliseconds: pace.milliseconds)
    firmware.board.powerCycle()
    firmware.restart(.power)
    return try start()
  }

  private func advance(happens: Bool) {
    let now = pace.milliseconds
    firmware.board.advance(toMilliseconds: now)
    guard happens else {
      firmware.hasWiFi = true
      return
    }
    for action in player.take(until: now) where !firmware.board.perform(action) {
      if case .wifi(let isOn) = action { firmware.hasWiFi = isOn }
      if case .powerCut(let duration) = action { cut = (duration, now + Self.patience) }
    }
  }

  private func draw() {
    let lines = Picture.frame(of: firmware.board, braille: false) + Picture.board(firmware.board)
    print("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J", terminator: "")
    fflush(nil)
  }
}
