import ArgumentParser
import GatewayCore
import Journal
import TimescaleSink

struct GapsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaps",
    abstract: "Say which readings are missing, came late, or are lost, and where.",
    discussion: """
      From the database where one is configured: all gateways' view. Otherwise, and with --local, from the journal: what this
      gateway has seen, also beside a running gateway. Only devices of payload version 2 number their readings.

      EXAMPLES
        martlet gaps --database postgresql://iotuser@db/iotdb
        martlet gaps --local --all --device Attic06
        Attic06 boot 17: 1100-1130 (31) lost, device: dropped; noticed 2026-11-23T22:45:29.000000Z
        gaps: open=0 repaired=12 lost=31
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "Ask this gateway's journal, not the database.")
  var local = false

  @Flag(help: "Also what was repaired.")
  var all = false

  @Option(help: "One device only.")
  var device: String?

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      let gaps: [Gap]
      if let database = settings.database, !local {
        let connection = try PostgresConnection(database)
        defer { connection.close() }
        gaps = try ReadingGaps.read(connection, device: device)
      } else {
        let file = try JournalFile(path: settings.journalPath, exclusively: false)
        gaps = try file.gaps(device: device)
        try file.close()
      }
      var readings: [Gap.Outcome: Int64] = [:]
      for gap in gaps {
        readings[gap.outcome, default: 0] += gap.count
        if all || gap.outcome != .repaired { print(Self.line(gap)) }
      }
      print("gaps: " + Gap.Outcome.allCases.map { "\($0.name)=\(readings[$0, default: 0])" }.joined(separator: " "))
    }
  }

  private static func line(_ gap: Gap) -> String {
    let range =
      gap.count == 1 ? "\(gap.seqs.lowerBound)" : "\(gap.seqs.lowerBound)-\(gap.seqs.upperBound) (\(gap.count))"
    let fate = gap.outcome.name + (gap.reason.map { ", \($0)" } ?? "")
    let end = gap.closed.map { ", closed \(Row.utc($0))" } ?? ""
    return "\(gap.device) boot \(gap.boot): \(range) \(fate); noticed \(Row.utc(gap.detected))\(end)"
  }
}
