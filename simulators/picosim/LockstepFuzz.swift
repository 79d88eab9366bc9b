import ArgumentParser
import Foundation

struct LockstepFuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep-fuzz",
    abstract: "Lockstep through random scenarios: chips, faults, air, people, network.",
    discussion: """
      scripts/lockstep (make lockstep) gives it the other core's command. Each scenario is made from --seed and its number,
      and is about --length long. The exit code is 1 at the first difference, which is printed with what came before it
      and the command that repeats it.
      """)

  @Option(help: "Makes every scenario.")
  var seed: UInt64 = 1

  @Option(help: "How much virtual time all scenarios have together, in minutes.")
  var minutes = 10_000

  @Option(help: "About how long one scenario is: seconds, or 500ms, 90s, 5m.")
  var length = TimeSpan(milliseconds: 300_000)

  @Option(help: "Run only the scenario of this number.")
  var scenario: Int?

  @Option(help: "Stop after this much real time, whatever has been done by then.")
  var within: TimeSpan?

  @Argument(parsing: .postTerminator, help: "The other core's command, after --.")
  var command: [String]

  mutating func validate() throws {
    guard !command.isEmpty else { throw ValidationError("the other core's command is missing: … -- PROGRAM …") }
    guard minutes > 0 else { throw ValidationError("--minutes: at least 1") }
    guard (1000...86_400_000).contains(length.milliseconds) else { throw ValidationError("--length: 1s to 24h") }
  }

  func run() throws {
    Interrupt.catchSignals()
    let other = try FirmwareProcess(command)
    defer { other.pullPlug() }
    var sum = LockstepSum()
    let start = ContinuousClock.now
    var report = Duration.seconds(5)
    var number = scenario ?? 1
    repeat {
      let plan = RandomScenario(seed: seed, number: number, mean: length.milliseconds)
      let pair = try LockstepPair(seed: plan.seed, scenario: plan.scenario, faults: plan.faults, other: other)
      let difference = pair.run(milliseconds: plan.milliseconds)
      sum.add(pair)
      if let difference {
        print(difference)
        print("repeat: make lockstep SEED=\(seed) LENGTH=\(length.milliseconds)ms SCENARIO=\(number)")
        print(sum.line(differences: 1))
        throw ExitCode(1)
      }
      number += 1
      let elapsed = ContinuousClock.now - start
      if elapsed >= report {
        report = elapsed + .seconds(5)
        let done = "\(elapsed.components.seconds) s: \(sum.minutes) of \(minutes) minutes, \(sum.scenarios) scenarios"
        FileHandle.standardError.write(Data("lockstep: \(done)\n".utf8))
      }
      if let within, elapsed >= .milliseconds(within.milliseconds) { break }
    } while scenario == nil && sum.minutes < minutes && !Interrupt.isRequested
    print("lockstep: scenarios=\(sum.scenarios) seed=\(seed), every one the same on both sides")
    print(sum.line(differences: 0))
  }
}

/// What has been compared.
struct LockstepSum {
  private(set) var scenarios = 0
  private(set) var milliseconds: UInt64 = 0
  private(set) var transactions = 0
  private(set) var frames = 0
  private(set) var payloads = 0

  /// Whole minutes of virtual time.
  var minutes: Int { Int(milliseconds / 60_000) }

  /// Adds what a run compared.
  mutating func add(_ pair: LockstepPair) {
    scenarios += 1
    milliseconds += pair.milliseconds
    transactions += pair.transactions
    frames += pair.frames
    payloads += pair.payloads
  }

  /// The last line.
  func line(differences: Int) -> String {
    "lockstep: minutes=\(minutes) transactions=\(transactions) frames=\(frames) payloads=\(payloads)"
      + " differences=\(differences)"
  }
}
