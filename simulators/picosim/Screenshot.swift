import ArgumentParser
import Foundation

struct Screenshot: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write what a board's OLED shows as a PNG file.",
    discussion: "The board lives in its own time, as fast as the machine can; the network is a pretence unless you say."
  )

  @Option(help: "The file to write.")
  var png: String

  @Option(help: "When, since the board's start: seconds, or 500ms, 90s, 5m.")
  var after = TimeSpan(milliseconds: 10_000)

  @Option(help: "The size of a pixel, 1 to 16.")
  var scale = 4

  @OptionGroup var board: OneBoardOptions
  @OptionGroup var happenings: ScenarioOptions
  @OptionGroup var endpoints: Endpoints

  mutating func validate() throws {
    guard (1...16).contains(scale) else { throw ValidationError("--scale: 1 to 16") }
  }

  func run() throws {
    var plan = try board.plan(endpoints, happenings, network: .pretend)
    plan.speed = plan.network == .broker ? .factor(1) : .max
    plan.isWatched = false
    let fleet = try Fleet(plan)
    fleet.run(until: after.milliseconds)
    fleet.stop()
    let pixels = Pixels(of: fleet.picos[0].board)
    let file = PNG(width: Pixels.width, height: Pixels.height, scale: scale) { pixels[$0, $1] }
    try Data(file.bytes).write(to: URL(filePath: png), options: .atomic)
  }
}
