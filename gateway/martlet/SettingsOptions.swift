import ArgumentParser

/// The settings a person gives on the command line; the rest are in the file and the environment.
struct SettingsOptions: ParsableArguments {
  @Option(help: "A YAML file of settings.")
  var settings: String?

  @Option(name: .customLong("gateway-id"), help: "This gateway's name; must stay the same. Default: the host's name.")
  var gatewayID: String?

  @Option(help: "The broker's address.")
  var broker: String?

  @Option(name: .customLong("broker-port"), help: "The broker's port.")
  var brokerPort: UInt16?

  @Option(name: .customLong("base-topic"), help: "The topic everything is under.")
  var baseTopic: String?

  @Option(help: "Payload profiles of other fleets, names or files with commas between: tasmota,mine.yaml.")
  var profiles: String?

  @Option(help: "A PostgreSQL connection string, or 'none': then the journal is the only store.")
  var database: String?

  @Option(help: "The journal's file.")
  var journal: String?

  @Option(name: .customLong("http-host"), help: "Where the page and the metrics listen.")
  var httpHost: String?

  @Option(name: .customLong("http-port"), help: "Their port.")
  var httpPort: UInt16?
}
