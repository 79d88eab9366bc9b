import ArgumentParser
import GatewayCore
import Journal

struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal",
    abstract: "Look into the journal of a gateway that is not running.",
    subcommands: [Stat.self])

  struct Stat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Count what the journal holds.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await Failure.reported {
        let path = try await Settings.read(options).journalPath
        guard FileStatus.exists(path) else {
          throw SettingsError(description: "journal \(path): there is no such file; name it with --journal")
        }
        let journal = try Journal(path: path)
        let statistics = try journal.statistics()
        try journal.close()
        print(
          "journal: entries=\(statistics.entries) last=\(statistics.lastID) dead_letters=\(statistics.deadLetters)"
            + " bytes=\(statistics.bytes)"
            + statistics.cursors.sorted { $0.key < $1.key }.map { " cursor.\($0.key)=\($0.value)" }.joined())
      }
    }
  }
}
