import ArgumentParser

@main
struct Martlet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Takes sensor readings from MQTT to TimescaleDB without losing or doubling one.",
    discussion: """
      EXAMPLES
        martlet gateway                              broker on 127.0.0.1:1883, journal as the only store
        martlet gateway --database postgresql://iotuser@db/iotdb
        martlet config-server --file pico_iot_config.json
        martlet config set heartbeat_publish_period 10000 --device Attic06
        martlet migrate --database postgresql://owner@db/iotdb
        martlet doctor                               tests each dependency and says what to do
        martlet top                                  what a running gateway does, live
        martlet trace Attic06 17 1234                the story of one reading

      SETTINGS come from, strongest first: these options, environment variables (MARTLET_BROKER_HOST for broker.host),
      the file named by --settings (YAML), the environment of the former service (MQTT_BROKER, POSTGRES_HOST, …).
      """,
    version: Martlet.release,
    subcommands: [
      GatewayCommand.self, ConfigServerCommand.self, ConfigCommand.self, MigrateCommand.self, DoctorCommand.self,
      JournalCommand.self, GapsCommand.self, TopCommand.self, TraceCommand.self,
      DecodeCommand.self, ProfileCommand.self, HomeAssistantCommand.self, ExportCommand.self, ImportCommand.self,
    ])

  /// The release, in `--version` and in metrics.
  static let release = "0.1.0"
}
