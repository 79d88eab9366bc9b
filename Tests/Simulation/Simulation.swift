import ArgumentParser
import Foundation

/// Years of the gateway's life in seconds; see `World`.
@main
struct Simulation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Years of virtual time in which everything around the gateway's logic fails at random.",
    discussion: """
      The real ingest loop, journal and sink runner, real outboxes and payloads; broker, database, network and the moments of
      death are simulated, from a seed. Each seed is one year. At its end everything is mended, and what the devices know is
      compared with the rows and with the completeness ledger. Exit code 1 and the command that repeats it on a violation.

      EXAMPLES
        make simulate YEARS=10 SEED=1           seeds 1 to 10, a year each
        make simulate YEARS=1 SEED=7 TRACE=1    one year, with every stroke of fate on standard error
        make simulate YEARS=3 BREAK=unique-key  without a guard: shows that it would be noticed
      """)

  @Option(help: "How many years, each with a seed of its own, ascending.")
  var years = 10

  @Option(help: "The first seed; drawn by lot without.")
  var seed: UInt64?

  @Option(name: .customLong("break"), help: ArgumentHelp("Takes a guard out.", valueName: "guard"))
  var broken: [Guard] = []

  @Flag(help: "Tells everything that happens.")
  var trace = false

  @Flag(help: "Also how often the gateway died at each step.")
  var deaths = false

  @Flag(help: "Constant storm: at each step a fault is forty times as probable.")
  var storm = false

  @Option(help: "How many days a year has.")
  var days = 365

  func validate() throws {
    guard (1...100_000).contains(years) else { throw ValidationError("--years \(years): give 1 to 100000") }
  }

  func run() throws {
    Self.settleHashing()
    let first = seed ?? UInt64.random(in: 1...999_999)
    Self.say("simulate: SEED=\(first) YEARS=\(years)")
    let start = ContinuousClock.now
    var violations = 0
    var deaths: [Step: Int] = [:]
    var readings = 0
    for number in 0..<years {
      let seed = first &+ UInt64(number)
      let isTraced = trace
      let climate = storm ? World.storm : World.calm
      let world = World(seed: seed, broken: Set(broken), climate: climate, folder: Self.folder(seed)) {
        if isTraced { Self.say($0) }
      }
      let lines = try world.run(days: days)
      deaths.merge(world.deaths) { $0 + $1 }
      readings += world.truth.made.count + world.truth.former.count
      if lines.isEmpty { continue }
      violations += lines.count
      for line in lines { print("simulate: seed \(seed): \(line)") }
      let without = broken.map { " BREAK=\($0.rawValue)" }.joined()
      print("simulate: again: make simulate YEARS=1 SEED=\(seed)\(without) TRACE=1")
    }
    if self.deaths {
      for step in Step.allCases { print("simulate: died \(deaths[step, default: 0]) times \(step.rawValue)") }
    }
    let kills = deaths.values.reduce(0, +)
    Self.say("simulate: \(readings) readings, \(kills) deaths between two steps, \(ContinuousClock.now - start)")
    print("simulate: years=\(years) seeds=\(years) violations=\(violations)")
    if violations > 0 { throw ExitCode.failure }
  }

  /// Swift's dictionaries have another order in each process unless told otherwise: a seed must give the same run.
  private static func settleHashing() {
    if getenv("SWIFT_DETERMINISTIC_HASHING") != nil { return }
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    var arguments = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    execv("/proc/self/exe", arguments)
  }

  /// In memory where there is such a place: nothing here needs a disk's patience.
  static func folder(_ seed: UInt64) -> URL {
    let memory = URL(filePath: "/dev/shm")
    let isThere = access(memory.path(percentEncoded: false), W_OK) == 0
    return (isThere ? memory : FileManager.default.temporaryDirectory)
      .appending(path: "martlet-simulation-\(getpid())-\(seed)")
  }

  private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

extension Guard: ExpressibleByArgument {}
