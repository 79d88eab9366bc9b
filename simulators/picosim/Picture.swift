import ChipModels
import Node
import Telemetry
import VirtualBoard

/// One look at a board, as lines of text.
enum Picture {
  /// Four pixels a character: top left is the highest bit, bottom right the lowest.
  private static let quadrants = Array(" ▗▖▄▝▐▞▟▘▚▌▙▀▜▛█")

  /// The display in a frame.
  static func frame(of board: VirtualBoard, braille: Bool) -> [String] {
    let pixels = Pixels(of: board)
    let height = braille ? 4 : 2
    var lines = ["┌" + String(repeating: "─", count: 64) + "┐"]
    for y in stride(from: 0, to: Pixels.height, by: height) {
      let row = stride(from: 0, to: Pixels.width, by: 2).map { x in
        braille ? Self.braille(pixels, x, y) : Self.quadrant(pixels, x, y)
      }
      lines.append("│" + String(row) + "│")
    }
    lines.append("└" + String(repeating: "─", count: 64) + "┘")
    return lines
  }

  private static func quadrant(_ pixels: Pixels, _ x: Int, _ y: Int) -> Character {
    let lit = [pixels[x, y], pixels[x + 1, y], pixels[x, y + 1], pixels[x + 1, y + 1]]
    return quadrants[lit.reduce(0) { $0 << 1 | ($1 ? 1 : 0) }]
  }

  /// Dots 1, 2, 3 go down the left column, 4, 5, 6 down the right one, 7 and 8 lie below (Unicode, braille patterns).
  private static func braille(_ pixels: Pixels, _ x: Int, _ y: Int) -> Character {
    let dots = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    let bits = dots.enumerated().reduce(UInt32(0)) { bits, dot in
      pixels[x + dot.element.0, y + dot.element.1] ? bits | 1 << UInt32(dot.offset) : bits
    }
    return Character(Unicode.Scalar(0x2800 + bits)!)
  }

  /// LED, pins and chips.
  static func board(_ board: VirtualBoard) -> [String] {
    let pins = [("GPIO16 motion", board.motion.isHigh()), ("GPIO14 switch", board.door.isHigh())]
    let chips = Part.allCases.filter { board.parts.contains($0) && board.chip($0) != nil }.map(\.rawValue)
    let others = [(Part.ds18b20, "1-Wire ds18b20"), (.onChip, "ADC on-chip")].filter { board.parts.contains($0.0) }
    return [
      " LED \(board.light.isHigh() ? "●" : "○")   "
        + pins.map { "\($0.0) \($0.1 ? "▔ HIGH" : "▁ LOW ")" }.joined(separator: "   "),
      " I²C \(chips.isEmpty ? "nothing" : chips.joined(separator: ", ")); \(board.bus.transactionCount) transactions,"
        + " \(board.bus.byteCount) bytes" + (board.bus.isHeld ? "; SDA is held low" : ""),
    ] + (others.isEmpty ? [] : [" " + others.map(\.1).joined(separator: "; ")])
  }

  /// LED, pins, chips and counts.
  static func state(of pico: SimulatedPico, at milliseconds: UInt64) -> [String] {
    let node = pico.device.node
    let counts =
      " \(milliseconds / 1000) s   \(node.made) readings, \(pico.acknowledged) acknowledged,"
      + " \(node.outbox.count) waiting"
    var fans: [String] = []
    if node.configuration[.pwmEnabled] == 1 {
      fans.append("PWM fan \(pico.board.fan.dutyPercent) %, \(pico.board.fan.speed) turns a minute")
    }
    if node.configuration[.stepEnabled] == 1 {
      fans.append("\(pico.board.stepFansTurning) of \(node.configuration[.stepFans]) switched fans run")
    }
    let fanLines = fans.isEmpty ? [] : [" " + fans.joined(separator: "; ")]
    return board(pico.board) + fanLines + [counts] + (pico.trouble.map { [" \($0)"] } ?? [])
  }
}

/// What a person sees of a board's display, all dark where there is none.
struct Pixels: Equatable {
  static let width = 128
  static let height = 64

  /// A panel without power.
  static let dark = Pixels()

  private var lit = Array(repeating: false, count: width * height)

  private init() {}

  init(of board: VirtualBoard) {
    guard board.parts.contains(.ssd1306) else { return }
    for y in 0..<Self.height {
      for x in 0..<Self.width where board.display.isLit(x: x, y: y) { lit[y * Self.width + x] = true }
    }
  }

  subscript(x: Int, y: Int) -> Bool { lit[y * Self.width + x] }

  /// Eight pixels a byte, row by row, the leftmost in the highest bit.
  var packed: [UInt8] {
    stride(from: 0, to: lit.count, by: 8).map { start in (0..<8).reduce(0) { $0 << 1 | (lit[start + $1] ? 1 : 0) } }
  }
}

/// The last transactions on a board's bus.
struct BusLog {
  private let bus: SimulatedI2CBus
  private let capacity: Int
  private(set) var lines: [String] = []

  /// From now on the bus writes down what happens.
  init(of pico: SimulatedPico, capacity: Int) {
    bus = pico.board.bus
    self.capacity = capacity
    bus.isTracing = capacity > 0
  }

  /// Takes what the bus has written down. Long writes to the display are cut.
  mutating func take() {
    guard capacity > 0 else { return }
    lines += bus.trace.suffix(capacity).map { " " + ($0.count > 64 ? $0.prefix(63) + "…" : $0) }
    bus.clearTrace()
    lines = lines.suffix(capacity)
  }
}
