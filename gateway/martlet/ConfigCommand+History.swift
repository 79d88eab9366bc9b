import ArgumentParser
import ConfigModel
import ConfigStore
import GatewayCore

extension ConfigCommand {
  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the versions, newest first.",
      discussion: """
        EXAMPLE
          martlet config history
          3  2026-11-24T16:02:11Z  ada  back to version 1
          2  2026-11-24T15:58:40Z  ada  saves power
          1  2026-11-24T15:55:03Z  ada  as the former server had it
        """)

    @Option(help: "At most so many.")
    var limit = 50

    @OptionGroup var options: Options

    func validate() throws {
      guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000") }
    }

    func run() async throws {
      try await Failure.reported {
        for version in try await options.open().history(limit: limit) {
          let note = version.note.isEmpty ? "" : "  \(version.note)"
          print("\(version.number)  \(Row.utc(version.saved).prefix(19))Z  \(version.author)\(note)")
        }
      }
    }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what differs between two versions, place by place, secrets hidden.",
      discussion: """
        Without numbers: what the newest version changed. With one: from that version to the newest. Exit code 0 either way.

        EXAMPLE
          martlet config diff 1 2
          device_list[Attic06].heartbeat_publish_period: 5000 -> 10000
        """)

    @Argument(help: "The older version.")
    var old: Int64?

    @Argument(help: "The newer version.")
    var new: Int64?

    @OptionGroup var options: Options

    func run() async throws {
      try await Failure.reported {
        let store = try await options.open()
        let newest = try store.newestNumber()
        let new = new ?? newest
        for change in try store.changes(from: old ?? max(1, new - 1), to: new) { print(change) }
      }
    }
  }

  struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make an older version hold again, as a new version.",
      discussion: """
        EXAMPLE
          martlet config rollback 1 --note "the new period was too long"
          version 4 saved
        """)

    @Argument(help: "The version to go back to.")
    var version: Int64

    @OptionGroup var save: SaveOptions
    @OptionGroup var options: Options

    func run() async throws {
      try await Failure.reported {
        ConfigCommand.tell(
          try await options.open().rollBack(
            to: version, author: save.who, note: save.note, at: ConfigCommand.now, expecting: save.expect))
      }
    }
  }

  struct Adopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a device into the list that asked and is not in it; without a name: show who waits.",
      discussion: """
        EXAMPLES
          martlet config adopt
          Spare15  last asked 2026-11-24T16:02:11Z  from 10.0.0.17
          martlet config adopt Spare15
          version 5 saved
        """)

    @Argument(help: "The devices.")
    var devices: [String] = []

    @Flag(help: "Forget them instead.")
    var dismiss = false

    @OptionGroup var save: SaveOptions
    @OptionGroup var options: Options

    func run() async throws {
      try await Failure.reported {
        let store = try await options.open()
        if devices.isEmpty {
          for device in try store.newDevices() {
            let address = device.address.isEmpty ? "" : "  from \(device.address)"
            print("\(device.id)  last asked \(Row.utc(device.last).prefix(19))Z\(address)")
          }
        } else if dismiss {
          for device in devices { try store.dismiss(device) }
        } else {
          let note = save.note.isEmpty ? "adopted \(devices.joined(separator: ", "))".prefix(500) : save.note[...]
          ConfigCommand.tell(
            try store.adopt(devices, author: save.who, note: String(note), at: ConfigCommand.now))
        }
      }
    }
  }
}
