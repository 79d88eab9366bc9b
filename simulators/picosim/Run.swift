import ArgumentParser
import Foundation

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run boards in real time.",
    discussion: """
      Ctrl-C or --for stops the boards: no new readings are made, the outboxes are emptied (at most --drain seconds), and
      the last line says what became of every reading. The exit code is 1 when some are not acknowledged.
      """)

  @Option(help: "How many boards.")
  var count = 3

  @Option(name: .customLong("for"), help: "Stop after this many seconds.")
  var seconds: Int?

  @Option(help: "How long to wait at the end until everything is acknowledged, in seconds.")
  var drain: UInt64 = 30

  @Flag(help: "Print a line a second for another program instead of a line for a person.")
  var machine = false

  @OptionGroup var endpoints: Endpoints

  mutating func validate() throws {
    guard (1...1000).contains(count) else { throw ValidationError("--count: 1 to 1000 boards") }
    if let seconds, seconds < 1 { throw ValidationError("--for: at least 1 second") }
  }

  func run() throws {
    Interrupt.catchSignals()
    let fleet = try Fleet(count: count, endpoints: endpoints)
    var nextReport: UInt64 = 1000
    while !Interrupt.isRequested, seconds.map({ fleet.milliseconds < UInt64($0) * 1000 }) ?? true {
      fleet.turn()
      if fleet.milliseconds >= nextReport {
        nextReport += 1000
        report(fleet)
      }
    }
    fleet.drain(seconds: drain)
    fleet.stop()
    print(
      "picosim: boards=\(count) made=\(fleet.made) sent=\(fleet.sent) acknowledged=\(fleet.acknowledged)"
        + " unsent=\(fleet.unsent) dropped=\(fleet.dropped)")
    if fleet.unsent > 0 || fleet.dropped > 0 { throw ExitCode(1) }
  }

  private func report(_ fleet: Fleet) {
    let trouble = fleet.picos.compactMap(\.trouble).first
    if machine {
      print("made=\(fleet.made) sent=\(fleet.sent) acknowledged=\(fleet.acknowledged) unsent=\(fleet.unsent)")
    } else {
      print(
        "\(fleet.milliseconds / 1000) s: \(fleet.made) readings, \(fleet.acknowledged) acknowledged,"
          + " \(fleet.unsent) waiting\(trouble.map { "; \($0)" } ?? "")")
    }
    fflush(nil)
  }
}
