import ArgumentParser
import Foundation

@main
struct PicoSim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "picosim",
    abstract: "Simulated Pico W boards: the device's own code on register-level chips, speaking real MQTT and HTTP.",
    discussion: """
      EXAMPLES
        picosim run --count 3                       three boards against 127.0.0.1:1883 and :5000
        picosim run --count 3 --for 60              … that stop after a minute and wait until all is acknowledged
        picosim run --count 10000                   a fleet; it says what it needs when the machine has too little
        picosim run --count 1 --offline --speed max --for 7d      a week of one board in a few seconds
        picosim run --scenario FILE                 what happens when, from a file
        picosim run --firmware micropython          the boards run what is flashed on a Pico W
        picosim watch                               one board's OLED, LED and bus in the terminal
        picosim watch --network none                … without any network
        picosim bench-page                          a virtual bench in the browser, nothing else needed
        picosim screenshot --png oled.png --after 30s
        picosim record life.trace --for 5m          every bus transaction; picosim replay life.trace checks the drivers
        picosim board -- simulators/micropython/run flash/      the MicroPython firmware on a virtual board
        picosim lockstep --faults 1 -- COMMAND      … against the Swift core, step by step
        picosim decode bme280 --registers dump.txt  what the drivers make of an odd chip's registers
      """,
    subcommands: [
      Run.self, Watch.self, BenchPage.self, Screenshot.self, Record.self, Replay.self, Decode.self, BoardCommand.self,
      Lockstep.self, LockstepFuzz.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as CocoaError {
      // A file that is not there or may not be touched: its name and the reason, without Foundation's domains.
      let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
      let text = "Error: \(error.filePath ?? "a file"): \(cause ?? error.localizedDescription)\n"
      FileHandle.standardError.write(Data(text.utf8))
      exit(withError: ExitCode.failure)
    } catch {
      exit(withError: error)
    }
  }
}

/// What reaches the gateway, and what makes the boards' world.
struct Endpoints: ParsableArguments {
  @Option(help: "The broker's address.")
  var broker = "127.0.0.1"

  @Option(help: "The broker's port.")
  var port: UInt16 = 1883

  @Option(help: "The name all boards log in with, where the broker asks for one.")
  var user: String?

  @Option(name: .customLong("password-file"), help: "The file whose first line is the password that goes with --user.")
  var passwordFile: String?

  @Option(help: "The config server's address, or 'none'.")
  var config = "http://127.0.0.1:5000"

  @Option(name: .customLong("base-topic"), help: "The topic everything is under.")
  var baseTopic = "iots6"

  @Option(help: "Makes the weather and the people; the same seed is the same world.")
  var seed: UInt64 = 1

  @Option(help: "Where boot counters are kept, so that a boot never repeats. Without it boots are random.")
  var state: String?

  mutating func validate() throws {
    guard baseTopic.utf8.count <= 64, !baseTopic.isEmpty, !baseTopic.contains(where: { "+#/".contains($0) }) else {
      throw ValidationError("--base-topic: 1 to 64 bytes without '+', '#' and '/'")
    }
    guard config == "none" || config.hasPrefix("http://") || config.hasPrefix("https://") else {
      throw ValidationError("--config: an address that begins with http:// or https://, or 'none'")
    }
    _ = try password()
  }

  /// What goes with `user`: the first line of the file, so that no process list shows it.
  func password() throws -> String? {
    guard let passwordFile else { return nil }
    guard user != nil else { throw ValidationError("--password-file: goes with --user") }
    guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8),
      let line = text.split(separator: "\n", omittingEmptySubsequences: false).first, !line.isEmpty
    else { throw ValidationError("--password-file: cannot read a password from \(passwordFile)") }
    return String(line)
  }
}

extension NetworkKind: ExpressibleByArgument {}
