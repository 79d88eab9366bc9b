import ArgumentParser
import ConfigServer
import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals

struct ConfigServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config-server",
    abstract: "Hand out the devices' configuration over HTTP, from a JSON file.",
    discussion: """
      GET /pico_iot_config.json            the whole document, as the existing fleet knows it
      GET /v1/devices/<id>/config          merged for one device, with ETag
      GET /ping                            pong

      The file is read again when it changes; a broken edit keeps the last good one and is named in the log.
      """)

  @Option(help: "The document.")
  var file: String?

  @Option(help: "Where to listen.")
  var host: String?

  @Option(help: "The port.")
  var port: UInt16?

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      var logger = Logger(label: "martlet")
      logger.logLevel = settings.logLevel
      let source = try ConfigurationSource(file: file ?? settings.configServer.file, logger: logger)
      let router = Router()
      ConfigServer(source: source).addRoutes(to: router)
      let server = WebServer(
        responder: router.buildResponder(), host: host ?? settings.configServer.host,
        port: port.map(Int.init) ?? settings.configServer.port,
        name: "config server", logger: logger, transport: ConfigServer.transport)
      try await ServiceGroup(
        configuration: ServiceGroupConfiguration(
          services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
      ).run()
    }
  }
}
