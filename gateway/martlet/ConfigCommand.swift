import ArgumentParser
import ConfigModel
import ConfigStore
import Foundation
import GatewayCore

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Look at the fleet's configuration, change it, go back: every save is a version.",
    discussion: """
      EXAMPLES
        martlet config apply pico_iot_config.json --note "as the former server had it"
        martlet config get device_global_config.heartbeat_publish_period
        martlet config get --device Attic06 --merged           what that device gets
        martlet config set heartbeat_publish_period 10000 --device Attic06 --note "saves power"
        martlet config history
        martlet config diff 3 5
        martlet config rollback 3
        martlet config export --yaml > fleet.yaml
        martlet config check fleet.yaml                        faults with their places; changes nothing
        martlet config adopt Spare15                           a device that asked and is not in the list

      A place is written as device_global_config.heartbeat_publish_period or device_list[Attic06].name; every key is in
      docs/configuration.md. Works beside a running config server, which takes the new version within a second.
      Exit codes: 0 done, 1 refused or failed, 64 wrong use.
      """,
    subcommands: [
      Get.self, Set.self, Diff.self, Apply.self, Export.self, Check.self, History.self, Rollback.self, Adopt.self,
    ])

  /// What all of them take.
  struct Options: ParsableArguments {
    @Option(help: "The store's file. Default: configServer.store of the settings.")
    var store: String?

    @Option(help: "A YAML file of settings.")
    var settings: String?

    /// Opens the store.
    func open(make: Bool = false) async throws -> ConfigStore {
      let path: String
      if let store {
        path = store
      } else {
        // Not its initializer: a property of ArgumentParser has no value before something was parsed.
        let options = try SettingsOptions.parse(settings.map { ["--settings", $0] } ?? [])
        path = try await Settings.read(options).configServer.store ?? ConfigCommand.defaultStore
      }
      return try ConfigStore(path: path, make: make)
    }
  }

  /// What those take that save.
  struct SaveOptions: ParsableArguments {
    @Option(help: "Why, for the history.")
    var note = ""

    @Option(help: "Who. Default: the user's name.")
    var author: String?

    @Option(help: "The version it is made from: where another was saved meanwhile it is refused with the changes.")
    var expect: Int64?

    var who: String { author ?? ProcessInfo.processInfo.environment["USER"].flatMap { $0.isEmpty ? nil : $0 } ?? "cli" }
  }

  static let defaultStore = "martlet-config.sqlite"

  static var now: Int64 { GatewayClock.system.wallMicroseconds() }

  /// Says what a save did, warnings on standard error.
  static func tell(_ saved: ConfigSaved) {
    for warning in saved.report.warnings { Progress.say("\(warning)") }
    print(saved.isNew ? "version \(saved.version.number) saved" : "version \(saved.version.number) says that already")
  }

  /// The place, in the entry of a device where one is named.
  static func path(_ text: String?, device: String?) throws -> ConfigPath {
    let path = try text.map { try ConfigPath($0) } ?? ConfigPath()
    guard let device else { return path }
    if let fault = DeviceID.fault(of: device) { throw ValidationError("--device: the id \(fault)") }
    return ConfigPath([.key("device_list"), .device(device)] + path.steps)
  }

  /// A document of a file or of standard input, JSON or YAML.
  static func document(_ file: String) throws -> JSONValue {
    let bytes = file == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try FileText.bytes(file)
    do {
      return try ConfigText.parse(bytes, isYAML: file.hasSuffix(".yaml") || file.hasSuffix(".yml"))
    } catch {
      throw ConfigFileError(description: "\(file == "-" ? "standard input" : file): \(error)")
    }
  }

  /// Writes it as JSON or YAML to standard output.
  static func show(_ value: JSONValue, yaml: Bool) throws {
    print(yaml ? try ConfigYAML.text(of: value) : value.pretty, terminator: "")
  }
}

/// A file that holds no configuration, and why.
struct ConfigFileError: Error, CustomStringConvertible {
  var description: String
}

/// Reads a file whole.
private enum FileText {
  static func bytes(_ path: String) throws -> [UInt8] {
    do {
      let data = try Data(contentsOf: URL(filePath: path))
      guard data.count <= ConfigText.sizeLimit else {
        throw ConfigFileError(
          description: "\(path): it has \(data.count) bytes; at most \(ConfigText.sizeLimit) are taken")
      }
      return Array(data)
    } catch let error as ConfigFileError {
      throw error
    } catch {
      throw ConfigFileError(
        description: "\(path): it cannot be read; name a file that is there, or - for standard input")
    }
  }
}

extension ConfigCommand {
  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the configuration or a place of it, secrets hidden.",
      discussion: """
        EXAMPLES
          martlet config get
          martlet config get system_global_config.mqtt_config --yaml
          martlet config get --device Attic06                  its entry
          martlet config get --device Attic06 --merged         what it gets
        """)

    @Argument(help: "The place; all where there is none.")
    var path: String?

    @Option(help: "A device: the place is in its entry.")
    var device: String?

    @Flag(help: "With --device: its entry over what holds for all.")
    var merged = false

    @Option(help: "Of that version instead of the newest.")
    var version: Int64?

    @Flag(help: "As YAML.")
    var yaml = false

    @Flag(help: "Show passwords and keys.")
    var secrets = false

    @OptionGroup var options: Options

    func validate() throws {
      if merged, device == nil { throw ValidationError("--merged wants --device") }
    }

    func run() async throws {
      try await Failure.reported {
        let store = try await options.open()
        guard let version = try version.map({ try store.version($0) }) ?? store.newest() else {
          throw ConfigFileError(description: "nothing was saved yet; begin with martlet config apply FILE")
        }
        if merged, let device {
          let place = try ConfigCommand.path(path, device: nil)
          // A secret is known by its place in the document of a device.
          let whole = ConfigPath([.key("device_list"), .device(device)])
          let value = try FleetDocument(version.document).merged(for: device)
          let shown = secrets ? value : value.withSecretsHidden(at: whole)
          guard let part = shown[place] else { throw Self.nothing(place, version.number) }
          return try ConfigCommand.show(part, yaml: yaml)
        }
        let place = try ConfigCommand.path(path, device: device)
        guard let value = version.document[place] else { throw Self.nothing(place, version.number) }
        try ConfigCommand.show(secrets ? value : value.withSecretsHidden(at: place), yaml: yaml)
      }
    }

    private static func nothing(_ place: ConfigPath, _ version: Int64) -> ConfigFileError {
      ConfigFileError(description: "\(place): version \(version) has nothing there")
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change one place, as a new version.",
      discussion: """
        The value is JSON; what is no JSON is text, so that no quotes are needed.

        EXAMPLES
          martlet config set device_global_config.heartbeat_publish_period 30000
          martlet config set display_units F --device Attic06
          martlet config set fan_step_controller_config.pins '[10, 11]' --device Garage02
          martlet config set display_units --remove --device Attic06
        """)

    @Argument(help: "The place.")
    var path: String

    @Argument(help: "The value.")
    var value: String?

    @Option(help: "A device: the place is in its entry.")
    var device: String?

    @Flag(help: "Remove what is there.")
    var remove = false

    @OptionGroup var save: SaveOptions
    @OptionGroup var options: Options

    func validate() throws {
      if (value == nil) != remove { throw ValidationError("give a value, or --remove") }
    }

    func run() async throws {
      try await Failure.reported {
        let new = value.map { text in (try? JSONValue(parsing: Array(text.utf8))) ?? .string(text) }
        ConfigCommand.tell(
          try await options.open(make: true).set(
            try ConfigCommand.path(path, device: device), to: new, author: save.who, note: save.note,
            at: ConfigCommand.now, expecting: save.expect))
      }
    }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a whole document from a file, JSON or YAML, as a new version.",
      discussion: """
        A document with faults is refused with every place; nothing changes then. The store is made where there is none.

        EXAMPLES
          martlet config apply pico_iot_config.json --note "moved from the former server"
          martlet config export --yaml | sed s/10000/20000/ | martlet config apply - --dry-run
        """, aliases: ["import"])

    @Argument(help: "The file; - is standard input.")
    var file: String

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @OptionGroup var save: SaveOptions
    @OptionGroup var options: Options

    func run() async throws {
      try await Failure.reported {
        let document = try ConfigCommand.document(file)
        if dryRun {
          let report = ConfigCheck.check(document)
          for finding in report.findings { Progress.say("\(finding)") }
          let before = try await options.open().newest()?.document ?? .object([])
          ConfigDiff.changes(from: before, to: document).forEach { print($0) }
          print("dry run: faults=\(report.faultCount) warnings=\(report.warningCount)")
          if !report.isGood { throw ExitCode.failure }
          return
        }
        ConfigCommand.tell(
          try await options.open(make: true).save(
            document, author: save.who, note: save.note, at: ConfigCommand.now, expecting: save.expect))
      }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the whole document, secrets and all, to standard output.",
      discussion: """
        As the existing fleet knows it, or as YAML; apply takes both back.

        EXAMPLES
          martlet config export > pico_iot_config.json
          martlet config export --yaml --version 3
        """)

    @Flag(help: "As YAML.")
    var yaml = false

    @Option(help: "That version instead of the newest.")
    var version: Int64?

    @OptionGroup var options: Options

    func run() async throws {
      try await Failure.reported {
        let store = try await options.open()
        guard let version = try version.map({ try store.version($0) }) ?? store.newest() else {
          throw ConfigFileError(description: "nothing was saved yet; begin with martlet config apply FILE")
        }
        try ConfigCommand.show(version.document, yaml: yaml)
      }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a file, JSON or YAML: every fault with its place. Changes nothing.",
      discussion: """
        Exit code 1 when there is a fault, so that it can stand in a repository's checks.

        EXAMPLE
          martlet config check fleet.yaml
          warning: device_global_config.colour: nobody knows this key; it is kept and handed on
          check: faults=0 warnings=1
        """)

    @Argument(help: "The file; - is standard input.")
    var file: String

    func run() async throws {
      try await Failure.reported {
        let report = ConfigCheck.check(try ConfigCommand.document(file))
        report.findings.forEach { print($0) }
        print("check: faults=\(report.faultCount) warnings=\(report.warningCount)")
        if !report.isGood { throw ExitCode.failure }
      }
    }
  }
}
