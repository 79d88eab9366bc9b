import ArgumentParser
import ConfigServer
import ConfigStore
import GatewayCore
import Hummingbird
import Logging
import MQTTClient
import NIOCore
import ServiceLifecycle
import UnixSignals

struct ConfigServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config-server",
    abstract: "Hand out the devices' configuration over HTTP, from a store of versions, a directory, or a JSON file.",
    discussion: """
      GET /pico_iot_config.json            the whole document, as the existing fleet knows it
      GET /v1/devices/<id>/config          merged for one device, with ETag
      GET /v1/devices?drift=true           the devices that do not have what they are to have, and why
      GET /ping                            pong

      FROM A STORE (martlet config …) every change is a version; devices that ask and are not in the list wait there for
      their adoption (martlet config adopt), or are taken at once with --adopt.
      FROM A DIRECTORY, a repository's clone, with fleet.yaml and devices/ID.yaml: read only, taken in on change; a state
      with a fault is refused as a whole, and the last good one stays.
      FROM A FILE: read again when it changes, handed out byte for byte; a broken edit keeps the last good one.

      With a store or a directory each change is told to the devices through the broker (retained, BASE/ID/config), and
      what they make of it is heard. With a file that is done with --announce.

      EXAMPLES
        martlet config-server --file pico_iot_config.json
        martlet config-server --store /var/lib/martlet/config.sqlite --adopt
        martlet config-server --directory /srv/fleet.git/checkout --broker 10.0.0.5
      """)

  @Option(help: "The document.")
  var file: String?

  @Option(help: "The store of versions; made where there is none.")
  var store: String?

  @Option(help: "The directory that somebody else writes.")
  var directory: String?

  @Option(help: "Where to listen.")
  var host: String?

  @Option(help: "The port.")
  var port: UInt16?

  @Flag(inversion: .prefixedNo, help: "Tell devices through the broker. Default: with a store or a directory.")
  var announce: Bool?

  @Flag(help: "Take devices that are not in the list into it at once (with a store).")
  var adopt = false

  @OptionGroup var options: SettingsOptions

  func validate() throws {
    if [file, store, directory].compactMap({ $0 }).count > 1 {
      throw ValidationError("--file, --store and --directory exclude one another")
    }
  }

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      var logger = Logger(label: "martlet")
      logger.logLevel = settings.logLevel
      let origin = try origin(settings, logger)
      let board = RolloutBoard()
      let server = ConfigServer(source: origin.source) { visit in
        board.note(visit, at: GatewayClock.system.wallMicroseconds())
      }
      let router = Router(context: ConfigContext.self)
      server.addRoutes(to: router)
      server.addDevices(to: router, board: board)
      var services: [any Service] = [
        WebServer(
          responder: router.buildResponder(), host: host ?? settings.configServer.host,
          port: port.map(Int.init) ?? settings.configServer.port,
          name: "config server", logger: logger, transport: ConfigServer.transport)
      ]
      if let refresh = origin.refresh {
        let adopts = adopt || settings.configServer.adopts
        services.append(
          ConfigWatchService(
            watch: ConfigWatch(
              refresh: refresh, board: board, store: origin.store, adopts: adopts, logger: logger)))
      }
      if announce ?? settings.configServer.announces ?? (origin.refresh != nil) {
        services.append(
          ConfigAnnouncerService(
            announcer: ConfigAnnouncer(
              mqtt(settings), baseTopic: settings.broker.baseTopic, source: origin.source, board: board, logger: logger)
          ))
      }
      try await ServiceGroup(
        configuration: ServiceGroupConfiguration(
          services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
      ).run()
    }
  }

  /// Where the configuration comes from, and how that looks for something new.
  private struct Origin {
    var source: any FleetSource
    var store: ConfigStore?
    var refresh: (@Sendable () -> Void)?
  }

  private func origin(_ settings: Settings, _ logger: Logger) throws -> Origin {
    // An option goes before any setting; of the settings the store goes before the directory, and that before the file.
    if let path = store ?? (file == nil && directory == nil ? settings.configServer.store : nil) {
      let store = try ConfigStore(path: path)
      let source = try StoreSource(store, logger: logger)
      return Origin(source: source, store: store) { source.refresh() }
    }
    if let path = directory ?? (file == nil ? settings.configServer.directory : nil) {
      let source = try DirectorySource(path: path, logger: logger)
      return Origin(source: source) { source.refresh() }
    }
    return Origin(source: try ConfigurationSource(file: file ?? settings.configServer.file, logger: logger))
  }

  private func mqtt(_ settings: Settings) -> MQTTOptions {
    var options = settings.broker.options(clientID: "martlet-config-\(settings.gatewayID)")
    options.payloadLimit = 4096
    return options
  }
}

/// The context of a request, with where it comes from.
struct ConfigContext: RequestContext, RemoteAddressRequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}

/// The watch's thread as a service.
private struct ConfigWatchService: Service {
  let watch: ConfigWatch

  func run() async throws {
    watch.start()
    try? await gracefulShutdown()
    await blocking { watch.stop() }
  }
}

/// The announcer's thread as a service: says good-bye to the broker.
private struct ConfigAnnouncerService: Service {
  let announcer: ConfigAnnouncer

  func run() async throws {
    announcer.start()
    try? await gracefulShutdown()
    await blocking { announcer.stop() }
  }
}
