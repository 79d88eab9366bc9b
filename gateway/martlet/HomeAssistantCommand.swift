import ArgumentParser
import Foundation
import GatewayCore
import HomeAssistant
import Ingest
import MQTTClient
import Profiles
import ServiceLifecycle

struct HomeAssistantCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "home-assistant",
    abstract: "What Home Assistant is told of devices: show it, or take a device back.",
    discussion: """
      A gateway with homeAssistant.enabled publishes a retained configuration for every sensor of every device it hears
      (MQTT discovery). Devices of other fleets are left out: their projects do that themselves.

      EXAMPLES
        mosquitto_sub -F '%t\t%p' -t 'iots6/+' -C 10 | martlet home-assistant preview
        martlet home-assistant remove Attic06
      """,
    subcommands: [Preview.self, Remove.self])

  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Topic TAB payload on standard input, what would be announced on standard output, in the same form.",
      discussion: "EXIT CODES  0 done, 3 some lines were no readings, 1 something is wrong.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await Failure.reported {
        let settings = try await Settings.read(options)
        var ledger = DiscoveryLedger(settings.discovery)
        var input = InputLines()
        var refused = 0
        while let line = input.next() {
          do throws(Refusal) {
            for message in ledger.observe([try Self.row(line, settings)]) {
              print("\(message.topic)\t\(message.payload)")
            }
          } catch {
            refused += 1
            Progress.say("\(error)")
          }
        }
        if refused > 0 { throw ExitCode(3) }
      }
    }

    private static func row(_ line: [UInt8], _ settings: Settings) throws(Refusal) -> Row {
      guard let tab = line.firstIndex(of: 0x09) else { throw Refusal("no-tab", "a line is topic TAB payload") }
      return try Profiles.decode(
        topic: String(decoding: line[..<tab], as: UTF8.self), payload: Array(line[(tab + 1)...]),
        received: GatewayClock.system.wallMicroseconds(), base: settings.broker.baseTopic, profiles: ProfileSet()
      ).row
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Clear what was announced of a device, so that Home Assistant deletes it.",
      discussion: """
        A running gateway takes note, and announces the device again only if it sends another reading. Also right for a device
        that this gateway never heard of.

        EXIT CODES  0 the broker has it, 1 it has not.
        """)

    @Argument(help: "The device's id.")
    var device: String

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await Failure.reported {
        let settings = try await Settings.read(options)
        let messages = DiscoveryLedger.clearing(device, settings.discovery)
        let client = try MQTTClient(settings.broker.options(clientID: "martlet-ha-remove-\(getpid())"))
        try client.connect()
        guard try client.awaitConnection(milliseconds: 5000) else {
          throw SettingsError(description: "\(settings.broker.host):\(settings.broker.port) says nothing")
        }
        var missing = messages.count
        client.onPublished = { _ in missing -= 1 }
        for message in messages { try client.publish(topic: message.topic, payload: [], qos: 1, retain: true) }
        let end = ContinuousClock.now + .seconds(10)
        while missing > 0, ContinuousClock.now < end {
          if client.wantsWrite { try client.write() }
          if client.wait(forWriting: false, wake: -1, milliseconds: 200) { _ = try client.read() }
        }
        client.disconnect()
        guard missing == 0 else {
          throw SettingsError(description: "\(missing) of \(messages.count) messages were not acknowledged; try again")
        }
        print("cleared \(messages.count) topics of \(device)")
      }
    }
  }
}

extension Settings {
  /// How devices are announced to Home Assistant.
  var discovery: DiscoveryOptions {
    var options = DiscoveryOptions()
    options.prefix = homeAssistant.prefix
    options.baseTopic = broker.baseTopic
    options.expireAfterSeconds = homeAssistant.expireAfterSeconds
    options.release = Martlet.release
    return options
  }
}

/// The announcer's thread as a service; what is announced stays announced.
struct HomeAssistantService: Service {
  let announcer: Announcer

  func run() async throws {
    announcer.start()
    try? await gracefulShutdown()
    await blocking { announcer.stop() }
  }
}
