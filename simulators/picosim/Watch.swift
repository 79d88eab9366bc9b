import ArgumentParser
import ChipModels
import Foundation
import Node
import Telemetry
import VirtualBoard

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw one board's OLED and LED in the terminal.",
    discussion: "Each character is four pixels of the display, so it needs 66 columns and 36 lines. Ctrl-C ends.")

  @Flag(help: "No network at all: sensors, display and LED only.")
  var offline = false

  @Option(name: .customLong("for"), help: "End after this many seconds.")
  var seconds: Int?

  @Option(help: "Which board: its id straps, 0 to 15, as a real board reads them from GPIO 0 to 3.")
  var straps = 6

  @OptionGroup var endpoints: Endpoints

  mutating func validate() throws {
    guard (0...15).contains(straps) else { throw ValidationError("--straps: 0 to 15") }
  }

  func run() throws {
    Interrupt.catchSignals()
    let fleet = try Fleet(strap: straps, endpoints: endpoints, isOnline: !offline)
    let isTerminal = isatty(STDOUT_FILENO) == 1
    var nextFrame: UInt64 = 0
    if isTerminal { print("\u{1B}[2J\u{1B}[?25l", terminator: "") }
    defer { if isTerminal { print("\u{1B}[?25h") } }
    while !Interrupt.isRequested {
      fleet.turn()
      guard fleet.milliseconds >= nextFrame else { continue }
      // The LED's slots are 125 ms; a file gets one frame a second.
      nextFrame = fleet.milliseconds + (isTerminal ? 125 : 1000)
      print((isTerminal ? "\u{1B}[H" : "") + Picture(of: fleet.picos[0], at: fleet.milliseconds).text)
      fflush(nil)
      if let seconds, fleet.milliseconds >= UInt64(seconds) * 1000 { break }
    }
    fleet.stop()
  }
}

/// One look at a board, as text.
private struct Picture {
  let text: String

  /// Four pixels a character: top left is the highest bit, bottom right the lowest.
  private static let quadrants = Array(" ▗▖▄▝▐▞▟▘▚▌▙▀▜▛█")

  init(of pico: SimulatedPico, at milliseconds: UInt64) {
    let frame = pico.board.display.frame.map { Array($0.utf8) }
    var lines = ["┌" + String(repeating: "─", count: 64) + "┐"]
    for row in stride(from: 0, to: 64, by: 2) {
      let blocks = stride(from: 0, to: 128, by: 2).map { column -> Character in
        let lit = [(row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)].map {
          frame[$0][$1] == UInt8(ascii: "#")
        }
        return Self.quadrants[lit.reduce(0) { $0 << 1 | ($1 ? 1 : 0) }]
      }
      lines.append("│" + String(blocks) + "│")
    }
    lines.append("└" + String(repeating: "─", count: 64) + "┘")
    let node = pico.device.node
    lines.append(
      " LED \(pico.board.light.isHigh() ? "●" : "○")  motion \(pico.board.motion.isHigh() ? "HIGH" : "LOW ")"
        + "  switch \(pico.board.door.isHigh() ? "HIGH" : "LOW ")  I²C \(pico.board.bus.transactionCount) transactions")
    lines.append(
      " \(milliseconds / 1000) s  \(node.made) readings, \(pico.acknowledged) acknowledged, \(node.outbox.count) waiting"
        + (pico.trouble.map { "\n \($0)" } ?? ""))
    text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n")
  }
}
