import ArgumentParser
import VirtualBoard

struct Lockstep: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the MicroPython core beside the Swift core and stop at the first difference.",
    discussion: """
      Each lives on a board of its own in the same world with the same faults; after each step bus transactions, payload
      bytes, actions, LED, outbox, status, log lines, answers to commands and what is kept in flash must be the same. Links,
      acknowledgements, configurations, commands, clocks and restarts come at random from the seed too. Virtual time; the
      exit code is 1 at a difference, which is printed with what came before it.

        picosim lockstep --seed 5 --faults 5 --for 1h -- \\
          micropython -X heapsize=1M \\
          simulators/micropython/lockstep.py Attic06 1.0.0-sim 1

      with MICROPYPATH as simulators/micropython/run sets it.
      """)

  @Option(help: "Makes the world and everything that happens in it.")
  var seed: UInt64 = 1

  @Option(name: .customLong("for"), help: "How long they live: seconds, or 500ms, 90s, 5m, 12h.")
  var duration = TimeSpan(milliseconds: 600_000)

  @OptionGroup var happenings: ScenarioOptions

  @Argument(parsing: .postTerminator, help: "The other core's command, after --.")
  var command: [String]

  mutating func validate() throws {
    guard !command.isEmpty else {
      throw ValidationError("the other core's command is missing: picosim lockstep -- PROGRAM …")
    }
  }

  func run() throws {
    Interrupt.catchSignals()
    let other = try FirmwareProcess(command)
    defer { other.pullPlug() }
    let pair = try LockstepPair(seed: seed, scenario: happenings.plan(), faults: happenings.faults, other: other)
    if let difference = pair.run(milliseconds: duration.milliseconds) {
      print(difference)
      throw ExitCode(1)
    }
    print(
      "lockstep: seed=\(seed) steps=\(pair.steps) transactions=\(pair.transactions) frames=\(pair.frames)"
        + " payloads=\(pair.payloads) messages=\(pair.messages) restarts=\(pair.restarts): the same"
    )
  }
}
