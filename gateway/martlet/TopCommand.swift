import ArgumentParser
import Foundation
import GatewayCore
import HTTPClient

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Show what a running gateway does, live: each stage with its rate, what waits, and how long it takes.",
    discussion: """
      Reads /metrics of a gateway once a second. On a terminal the picture is written over until Ctrl-C; anywhere else it is
      printed once, without escape codes, with totals and latencies since the gateway's start. Waiting: messages held for room
      in the journal; journal entries a sink has not got. Exit code 0, or 1 when the gateway does not answer.

      EXAMPLES
        martlet top
        martlet top --http-host 10.0.0.5 --http-port 8080 --every 5
        martlet top --count 3 | tee load.txt          three pictures, with rates from the second on
      """)

  @OptionGroup var options: SettingsOptions

  @Option(help: "Seconds between two looks, 1 to 3600.")
  var every: Int = 1

  @Option(help: "How many pictures; without: for ever on a terminal, else one.")
  var count: Int?

  func validate() throws {
    guard (1...3600).contains(every) else { throw ValidationError("--every \(every): give 1 to 3600 seconds") }
    if let count, count < 1 { throw ValidationError("--count \(count): give 1 or more") }
  }

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      let address = "http://\(settings.web.host):\(settings.web.port)"
      let isTerminal = isatty(1) == 1
      let client = try HTTPClient(timeoutMilliseconds: 3000)
      var before: (reading: MetricsReading, at: ContinuousClock.Instant)?
      var left = count ?? (isTerminal ? Int.max : 1)
      while true {
        let reading = try Self.look(client, address)
        let now = ContinuousClock.now
        let elapsed = before.map { $0.at.duration(to: now) / .seconds(1) } ?? 1
        let table = StageTable(reading, since: before?.reading, seconds: max(elapsed, 0.001))
        let lines = ["martlet \(Martlet.release)   \(address)   \(Self.timeOfDay())"] + table.lines
        let picture = isTerminal && count == nil ? Self.picture(lines) : lines.joined(separator: "\n") + "\n"
        try FileHandle.standardOutput.write(contentsOf: Data(picture.utf8))
        left -= 1
        if left == 0 { return }
        before = (reading, now)
        try await Task.sleep(for: .seconds(every))
      }
    }
  }

  private static func look(_ client: HTTPClient, _ address: String) throws -> MetricsReading {
    let answer: HTTPResponse
    do { answer = try client.get("\(address)/metrics") } catch {
      throw TopError(description: "\(error); is the gateway running there? Name it with --http-host and --http-port")
    }
    guard answer.status == 200 else {
      throw TopError(description: "\(address)/metrics answers \(answer.status): that is no gateway of martlet")
    }
    do { return try MetricsReading(String(decoding: answer.body, as: UTF8.self)) } catch {
      throw TopError(description: "\(address)/metrics: \(error)")
    }
  }

  /// From the top of the screen, each line to its end, and nothing left below.
  private static func picture(_ lines: [String]) -> String {
    "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
  }

  private static func timeOfDay() -> String {
    String(Row.utc(GatewayClock.system.wallMicroseconds()).prefix(19).dropFirst(11)) + "Z"
  }
}

/// Why there is nothing to show.
struct TopError: Error, CustomStringConvertible {
  var description: String
}
