import ArgumentParser
import Foundation

/// A fleet that needs more open files than one process may have: other copies of this program run a part each.
struct FleetOfProcesses {
  let count: Int
  let first: Int
  let processes: Int
  let machine: Bool

  /// Runs them, adds up what they say, and ends when they have.
  ///
  /// - Throws: `ExitCode(1)` when some readings are not acknowledged, and what the system says of a copy.
  func run() throws {
    var parts: [Part] = []
    for index in 0..<processes {
      let from = count * index / processes
      parts.append(try Part(first: first + from, count: count * (index + 1) / processes - from))
    }
    if !machine { print("picosim: \(processes) processes, because of the limit of open files") }
    let start = ContinuousClock.now
    var isStopping = false
    while parts.contains(where: \.process.isRunning) {
      // A line of figures a second; the parts report by then.
      Thread.sleep(forTimeInterval: 1)
      if Interrupt.isRequested, !isStopping {
        isStopping = true
        for part in parts { part.process.interrupt() }
      }
      let sum = Counts(parts.map(\.counts))
      print(machine ? sum.line : "\((ContinuousClock.now - start).components.seconds) s: \(sum.line)")
      fflush(nil)
    }
    for part in parts { part.process.waitUntilExit() }
    print("picosim: boards=\(count) \(Counts(parts.map(\.counts)).summary)")
    if parts.contains(where: { $0.process.terminationStatus != 0 }) { throw ExitCode(1) }
  }

  /// One copy.
  private final class Part {
    let process = Process()
    private let output = Pipe()
    private let text = LineReader()

    init(first: Int, count: Int) throws {
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      let own = ["--count", "\(count)", "--first", "\(first)", "--processes", "1", "--machine"]
      process.arguments = Self.others(of: Array(CommandLine.arguments.dropFirst())) + own
      process.standardOutput = output
      let text = text
      output.fileHandleForReading.readabilityHandler = { text.take($0.availableData) }
      try process.run()
    }

    var counts: Counts { text.counts }

    /// The arguments without those that differ between the copies.
    private static func others(of arguments: [String]) -> [String] {
      var kept: [String] = []
      var skipsNext = false
      for argument in arguments {
        if skipsNext {
          skipsNext = false
        } else if ["--count", "--first", "--processes"].contains(argument) {
          skipsNext = true
        } else if argument != "--machine",
          !["--count=", "--first=", "--processes="].contains(where: argument.hasPrefix)
        {
          kept.append(argument)
        }
      }
      return kept
    }
  }
}
