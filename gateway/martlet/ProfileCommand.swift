import ArgumentParser
import Foundation
import Ingest
import MQTTClient
import Profiles

struct ProfileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Show, check and propose payload profiles: how other fleets' messages become rows.",
    discussion: """
      A profile is a YAML file: topics with captures, JSON pointers (RFC 6901), units, events, the device's id. docs/profiles.md
      tells all of it. A gateway uses those that the setting 'profiles' names, and martlet decode tries one.

      EXAMPLES
        martlet profile list
        martlet profile show tasmota > mine.yaml
        martlet profile check mine.yaml
        martlet profile learn 'weather/#' --name weather > weather.yaml
      """,
    subcommands: [List.self, Show.self, Check.self, Learn.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The shipped profiles, a line each.")

    func run() async throws {
      for profile in ProfileSet.builtIn {
        let topics = profile.topics.map(\.description).joined(separator: ", ")
        print("\(profile.name.padding(toLength: 12, withPad: " ", startingAt: 0)) \(topics)")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A shipped profile as YAML, to begin one's own with.")

    @Argument(help: "Its name.")
    var name: String

    func run() async throws {
      try await Failure.reported {
        print(try ProfileChoice.profile(name).yaml, terminator: "")
      }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read profiles and say what is wrong, with line and column.",
      discussion: "EXIT CODES  0 all are good, 1 one is not; the first fault of each file is told.")

    @Argument(help: "Files, or names of shipped profiles.")
    var files: [String]

    func run() async throws {
      try await Failure.reported {
        var faults = 0
        for file in files {
          do {
            let profile = try ProfileChoice.profile(file)
            let filters = profile.topics.map(\.filter).joined(separator: ", ")
            print("ok    \(file): \(profile.name), subscribes to \(filters)")
          } catch {
            faults += 1
            print("FAULT \(error)")
          }
        }
        if faults > 0 { throw ExitCode.failure }
      }
    }
  }

  struct Learn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Watch a topic on the broker and propose a profile.",
      discussion: """
        Listens until --messages have come or --seconds are over, then prints a profile as YAML: topics, places, units and words
        are guessed from names and values, and it is tried on what was heard. Look it over, then: martlet profile check,
        martlet decode --profile FILE. Publishes nothing, and leaves no session behind.

        EXIT CODES  0 a proposal was printed, 3 nothing that a profile could describe was heard, 1 no broker.

        EXAMPLE
          martlet profile learn 'weather/+/now' --name weather --seconds 120 > weather.yaml
        """)

    @Argument(help: "What to listen to, as MQTT writes it: weather/#, +/sensor/+/state.")
    var filter: String

    @Option(help: "The profile's name.")
    var name = "learned"

    @Option(help: "The longest time to listen, in seconds.")
    var seconds = 60

    @Option(help: "How many messages are enough.")
    var messages = 100

    @OptionGroup var options: SettingsOptions

    func validate() throws {
      guard (1...86_400).contains(seconds) else { throw ValidationError("--seconds is 1 to 86400") }
      guard (1...ProfileProposal.limit).contains(messages) else {
        throw ValidationError("--messages is 1 to \(ProfileProposal.limit)")
      }
    }

    func run() async throws {
      try await Failure.reported {
        let broker = try await Settings.read(options).broker
        let proposal = try listen(broker)
        guard let yaml = proposal.yaml else {
          FileHandle.standardError.write(
            Data(
              "martlet: \(proposal.count) messages on \(filter), none with values a profile could describe; listen longer, or elsewhere\n"
                .utf8))
          throw ExitCode(3)
        }
        print(yaml, terminator: "")
      }
    }

    private func listen(_ broker: Settings.Broker) throws(MQTTError) -> ProfileProposal {
      let client = try MQTTClient(broker.options(clientID: "martlet-learn-\(getpid())"))
      try client.connect()
      guard try client.awaitConnection(milliseconds: 5000) else {
        throw MQTTError(.unreachable, detail: "\(broker.host):\(broker.port) says nothing")
      }
      var proposal = ProfileProposal(name: name)
      var isDenied = false
      client.onMessage = { message in proposal.see(topic: message.topic, payload: message.payload) }
      client.onSubscribed = { _, granted in isDenied = granted == nil }
      try client.subscribe(filter, qos: 0)
      var progress = Progress("learn", isQuiet: false)
      let end = ContinuousClock.now + .seconds(seconds)
      while proposal.count < messages, !isDenied, ContinuousClock.now < end {
        if client.wantsWrite { try client.write() }
        if client.wait(forWriting: false, wake: -1, milliseconds: 200) { _ = try client.read() }
        try client.maintain()
        progress.tell("\(proposal.count) of \(messages) messages")
      }
      progress.finish("\(proposal.count) messages")
      client.disconnect()
      if isDenied {
        throw MQTTError(
          .refused, reason: 135, detail: "the broker does not let this user subscribe to \(filter)")
      }
      return proposal
    }
  }
}
