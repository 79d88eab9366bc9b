import ArgumentParser
import Foundation
import Node
import Telemetry
import VirtualBoard

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw one board's OLED, LED, pins and bus in the terminal.",
    discussion: """
      With blocks a character is four pixels of the display, so it needs 66 columns and 44 lines; with --braille it is
      eight, and 28 lines do. Ctrl-C ends.
      """)

  @Option(name: .customLong("for"), help: "End after this time: seconds, or 500ms, 90s, 5m.")
  var duration: TimeSpan?

  @Flag(help: "Eight pixels a character.")
  var braille = false

  @Option(help: "How many of the last bus transactions are shown.")
  var transactions = 6

  @OptionGroup var board: OneBoardOptions
  @OptionGroup var happenings: ScenarioOptions
  @OptionGroup var endpoints: Endpoints

  mutating func validate() throws {
    guard (0...40).contains(transactions) else { throw ValidationError("--transactions: 0 to 40") }
  }

  func run() throws {
    Interrupt.catchSignals()
    let fleet = try Fleet(board.plan(endpoints, happenings, network: .broker))
    let pico = fleet.picos[0]
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let end = duration?.milliseconds ?? .max
    var log = BusLog(of: pico, capacity: transactions)
    var nextFrame: UInt64 = 0
    if isTerminal { print("\u{1B}[2J\u{1B}[?25l", terminator: "") }
    defer { if isTerminal { print("\u{1B}[?25h") } }
    while !Interrupt.isRequested, fleet.milliseconds < end {
      fleet.turn(until: min(nextFrame, end))
      log.take()
      guard fleet.milliseconds >= nextFrame else { continue }
      // The LED's slots are 125 ms; a file gets one frame a second.
      nextFrame = fleet.milliseconds + (isTerminal ? 125 : 1000)
      let lines =
        Picture.frame(of: pico.board, braille: braille) + Picture.state(of: pico, at: fleet.milliseconds) + log.lines
      // Each line wipes what was longer before, and the last what was lower.
      print(
        isTerminal ? "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J" : lines.joined(separator: "\n"))
      fflush(nil)
    }
    fleet.stop()
  }
}

/// Which board, for commands that run one.
struct OneBoardOptions: ParsableArguments {
  @Option(help: "Which board: its id straps, 0 to 15, as a real board reads them from GPIO 0 to 3.")
  var straps = 6

  @Option(
    help: "The chips, with commas: bme280, sht31, tmp117, ds18b20, on-chip, ssd1306. By default as the scenario says.")
  var parts: String?

  @Option(help: "What is behind the Wi-Fi: broker, pretend (acknowledges everything at once) or none.")
  var network: NetworkKind?

  @Flag(help: "The same as --network none.")
  var offline = false

  mutating func validate() throws {
    guard (0...15).contains(straps) else { throw ValidationError("--straps: 0 to 15") }
    if offline { network = NetworkKind.none }
    if let parts { _ = try Self.parts(parts) }
  }

  /// The chips of a list.
  static func parts(_ list: String) throws -> Set<Part> {
    var parts: Set<Part> = []
    for name in list.split(separator: ",") {
      guard let part = Part(rawValue: String(name)) else {
        throw ValidationError(
          "--parts: no chip '\(name)'; known are \(Part.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      parts.insert(part)
    }
    return parts
  }

  /// A fleet of the one board.
  func plan(_ endpoints: Endpoints, _ happenings: ScenarioOptions, network usual: NetworkKind) throws -> Fleet.Plan {
    var plan = Fleet.Plan(names: [text(DeviceID(straps: UInt8(straps)))], endpoints: endpoints)
    plan.network = network ?? usual
    plan.scenario = try happenings.plan()
    if let parts { plan.scenario.parts = try Self.parts(parts) }
    plan.faults = happenings.faults
    plan.isWatched = true
    return plan
  }
}
