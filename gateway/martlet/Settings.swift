import Configuration
import Foundation
import GatewayCore
import Journal
import Logging
import MQTTClient
import SystemPackage

/// Everything that can be set, resolved: what the person said, what the environment says, or the default.
struct Settings: Sendable {
  struct Broker: Sendable {
    var host = "127.0.0.1"
    var port = 1883
    var user: String?
    var password: String?
    var baseTopic = "iots6"
    var version = MQTTVersion.v5
    var tls: MQTTTLS?
    /// How many messages the broker may have under way to this gateway, and so how many one commit takes.
    var receiveMaximum = 1000
    /// The name under which several gateways share the readings, or `nil`.
    var shareName: String?
  }

  struct Web: Sendable {
    var host = "127.0.0.1"
    var port = 8080
  }

  struct ConfigServer: Sendable {
    var file = "pico_iot_config.json"
    /// The store of versions; `nil`: the file is what is handed out.
    var store: String?
    /// A directory that somebody else writes.
    var directory: String?
    /// Whether devices are told through the broker; `nil`: with a store or a directory.
    var announces: Bool?
    /// Whether devices that are not in the list are taken into it at once.
    var adopts = false
    var host = "127.0.0.1"
    var port = 5000
  }

  /// Where devices that cannot do MQTT send readings; without a port nothing listens.
  struct Intake: Sendable {
    var host = "127.0.0.1"
    var port: Int?
    var key = ""
  }

  struct HomeAssistant: Sendable {
    /// Whether devices are announced to Home Assistant.
    var isEnabled = false
    var prefix = "homeassistant"
    var expireAfterSeconds = 900
  }

  var gatewayID = Settings.hostName
  /// Names or files of the payload profiles of other fleets.
  var profiles: [String] = []
  var broker = Broker()
  var homeAssistant = HomeAssistant()
  var intake = Intake()
  /// Whether somebody chose the port; with TLS the default is another one.
  private var hasBrokerPort = false
  /// A libpq connection string, or `nil`: then the journal is the only store.
  var database: String?
  var journalPath = "martlet-journal.sqlite"
  var journal = JournalOptions()
  /// Another broker that everything is passed on to, or `nil`.
  var bridge: BridgeSettings?
  /// What somebody chose for a full journal.
  private var whenFull: JournalOptions.WhenFull?
  /// Whether the gateway creates or updates the schema when it connects.
  var migrateOnStart = false
  /// How long readings are kept in the database, in days; `nil`: for ever.
  var retentionDays: Int?
  /// How a backlog is brought in behind new readings.
  var liveFirst = LiveFirst()
  var web = Web()
  var configServer = ConfigServer()
  /// The device in this process, where there is one.
  var localNode: LocalNodeSettings?
  var logLevel = Logger.Level.info
  /// How long the end may take: what is journaled is delivered, in seconds.
  var drainSeconds = 10.0

  private static let hostName = String(ProcessInfo.processInfo.hostName.prefix { $0 != "." }.prefix(64))
}

/// A setting that cannot be used, and what would be right.
struct SettingsError: Error, CustomStringConvertible {
  var description: String
}

extension Settings {
  /// Reads the settings.
  ///
  /// - Parameters:
  ///   - options: what the command line says.
  ///   - environment: the process's environment; a parameter for tests.
  static func read(
    _ options: SettingsOptions, environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws -> Settings {
    var providers: [any ConfigProvider] = [
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "martlet")
    ]
    if let file = options.settings ?? environment["MARTLET_SETTINGS"] {
      do {
        providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
      } catch {
        throw SettingsError(description: "settings file \(file): \(error); name a readable YAML file with --settings")
      }
    }
    var settings = Settings()
    try settings.take(SettingsReader(config: ConfigReader(providers: providers)), environment)
    try settings.take(options)
    return settings
  }

  private mutating func take(_ reader: SettingsReader, _ environment: [String: String]) throws {
    gatewayID = try reader.text("gateway.id") ?? gatewayID
    profiles = try reader.list("profiles") ?? profiles
    broker.host = try reader.text("broker.host") ?? environment["MQTT_BROKER"] ?? broker.host
    let port = try reader.number("broker.port", 1...65_535) ?? Self.port(environment, "MQTT_PORT")
    hasBrokerPort = port != nil
    broker.port = port ?? broker.port
    broker.user = try reader.text("broker.user")
    broker.password = try reader.text("broker.password")
    broker.baseTopic = try reader.text("broker.baseTopic") ?? broker.baseTopic
    broker.receiveMaximum = try reader.number("broker.receiveMaximum", 1...65_535) ?? broker.receiveMaximum
    broker.version = try reader.version("broker.version")
    broker.tls = try reader.tls("broker.tls")
    broker.shareName = try reader.text("broker.share")
    if let name = broker.shareName {
      guard broker.version == .v5 else {
        throw SettingsError(description: "broker.share: shared subscriptions need broker.version 5")
      }
      guard name.utf8.count <= 64, !name.contains(where: { "/+#".contains($0) }) else {
        throw SettingsError(description: "broker.share: '\(name)' is not 1 to 64 bytes without '/', '+' and '#'")
      }
    }
    intake.host = try reader.text("intake.host") ?? intake.host
    intake.port = try reader.number("intake.port", 1...65_535)
    intake.key = try reader.text("intake.apiKey") ?? intake.key
    guard intake.port == nil || intake.key.utf8.count >= 8 else {
      throw SettingsError(
        description: "intake.apiKey: intake.port needs a key of at least 8 bytes; set it with MARTLET_INTAKE_API_KEY")
    }
    homeAssistant.isEnabled = try reader.flag("homeAssistant.enabled") ?? homeAssistant.isEnabled
    homeAssistant.prefix = try reader.text("homeAssistant.prefix") ?? homeAssistant.prefix
    homeAssistant.expireAfterSeconds =
      try reader.number("homeAssistant.expireAfterSeconds", 10...604_800) ?? homeAssistant.expireAfterSeconds
    database = try reader.text("database.url") ?? Self.formerDatabase(environment)
    migrateOnStart = try reader.flag("database.migrateOnStart") ?? migrateOnStart
    // Not shorter than a device may hold readings back and the ledger looks for them.
    retentionDays = try reader.number("database.retentionDays", 2...36_500) ?? retentionDays
    liveFirst.holdSeconds =
      try reader.number("database.backlogHoldMilliseconds", 10...60_000).map { Double($0) / 1000 }
      ?? liveFirst.holdSeconds
    liveFirst.rowsPerSecond =
      try reader.number("database.backlogRowsPerSecond", 1...10_000_000) ?? liveFirst.rowsPerSecond
    bridge = try BridgeSettings.read(reader)
    journalPath = try reader.text("journal.path") ?? journalPath
    journal.maxEntries =
      try reader.number("journal.maxEntries", 1000...1_000_000_000).map(Int64.init) ?? journal.maxEntries
    journal.maxBytes = try reader.number("journal.maxBytes", 1 << 20...1 << 44).map(Int64.init) ?? journal.maxBytes
    whenFull = try reader.choice("journal.whenFull", JournalOptions.WhenFull.self)
    web.host = try reader.text("http.host") ?? web.host
    web.port = try reader.number("http.port", 1...65_535) ?? web.port
    configServer.file = try reader.text("configServer.file") ?? configServer.file
    configServer.store = try reader.text("configServer.store") ?? configServer.store
    configServer.directory = try reader.text("configServer.directory") ?? configServer.directory
    configServer.announces = try reader.flag("configServer.announce") ?? configServer.announces
    configServer.adopts = try reader.flag("configServer.adopt") ?? configServer.adopts
    configServer.host = try reader.text("configServer.host") ?? configServer.host
    configServer.port = try reader.number("configServer.port", 1...65_535) ?? configServer.port
    localNode = try LocalNodeSettings(reader)
    drainSeconds = Double(try reader.number("gateway.drainSeconds", 0...3600) ?? Int(drainSeconds))
    logLevel = try reader.choice("log.level", Logger.Level.self) ?? logLevel
  }

  private mutating func take(_ options: SettingsOptions) throws {
    gatewayID = options.gatewayID ?? gatewayID
    if let words = options.profiles { profiles = SettingsReader.list(words) }
    broker.host = options.broker ?? broker.host
    broker.port = options.brokerPort.map(Int.init) ?? broker.port
    if broker.tls != nil, !hasBrokerPort, options.brokerPort == nil { broker.port = 8883 }
    broker.baseTopic = options.baseTopic ?? broker.baseTopic
    database = options.database ?? database
    journalPath = options.journal ?? journalPath
    web.host = options.httpHost ?? web.host
    web.port = options.httpPort.map(Int.init) ?? web.port
    if database == "none" { database = nil }
    // With nobody to wait for the journal is history, not a queue: the oldest goes.
    journal.whenFull = whenFull ?? (database == nil && bridge?.isRequired != true ? .dropOldest : .block)
    let isName = gatewayID.utf8.allSatisfy {
      ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x5F
    }
    guard !gatewayID.isEmpty, gatewayID.utf8.count <= 64, isName else {
      throw SettingsError(
        description: "gateway.id: '\(gatewayID)' is not 1 to 64 letters, digits, '-' or '_'; set it with --gateway-id")
    }
    guard !broker.baseTopic.isEmpty, !broker.baseTopic.contains(where: { "+#".contains($0) }),
      !broker.baseTopic.hasPrefix("/"), !broker.baseTopic.hasSuffix("/"), broker.baseTopic.utf8.count <= 64
    else {
      throw SettingsError(
        description: "broker.baseTopic: '\(broker.baseTopic)' is not 1 to 64 bytes without '+', '#' or a '/' at an end")
    }
    try bridge?.belong(to: gatewayID, broker)
  }

  private static func port(_ environment: [String: String], _ name: String) throws -> Int? {
    guard let text = environment[name] else { return nil }
    guard let port = Int(text), (1...65_535).contains(port) else {
      throw SettingsError(description: "\(name): '\(text)' is not a port, 1 to 65535")
    }
    return port
  }

  /// The database as the former service was told of it; `nil` without POSTGRES_HOST.
  private static func formerDatabase(_ environment: [String: String]) throws -> String? {
    guard let host = environment["POSTGRES_HOST"] else { return nil }
    var parts = [("host", host), ("port", String(try port(environment, "POSTGRES_PORT") ?? 5432))]
    parts.append(("dbname", environment["POSTGRES_DB"] ?? "iotdb"))
    parts.append(("user", environment["POSTGRES_USER"] ?? "iotuser"))
    if let password = environment["POSTGRES_PASSWORD"] { parts.append(("password", password)) }
    // libpq's keyword form: single quotes, with backslashes before quotes and backslashes (PostgreSQL manual 34.1.1.1).
    return parts.map { key, value in
      let escaped = value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "\\'")
      return "\(key)='\(escaped)'"
    }.joined(separator: " ")
  }
}
