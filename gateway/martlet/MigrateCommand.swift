import ArgumentParser
import TimescaleSink

struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Create the database's tables and views, or bring them up to date.",
    discussion: "Safe to run again and by several at once: each step is done once, under a lock.")

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    try await Failure.reported {
      guard let database = try await Settings.read(options).database else {
        throw SettingsError(description: "no database: give --database or MARTLET_DATABASE_URL")
      }
      let connection = try PostgresConnection(database)
      defer { connection.close() }
      let outcome = try Migrator.migrate(connection)
      for warning in outcome.warnings { print("warning: \(warning)") }
      for migration in outcome.applied { print("applied \(migration.version) \(migration.name)") }
      let status = try Migrator.status(connection)
      print(
        "schema \(status.version) of \(status.known), "
          + (status.isHypertable ? "hypertable (\(status.license ?? "unknown") edition)" : "plain table"))
    }
  }
}
