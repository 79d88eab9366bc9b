import ArgumentParser
import GatewayCore
import Ingest
import Journal
import Logging
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
        martlet gaps --audit --journal journal.sqlite --database postgresql://iotuser@db/iotdb
        audit: checked=181200 missing=0 restored=0

      --audit compares what this gateway's journal still holds and the database's cursor calls delivered with the rows that are there:
      what was lost between the two no numbering shows. --repair writes what is missing. Both also beside a running gateway. Exit code 1
      when something is missing and was not restored.
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "Ask this gateway's journal, not the database.")
  var local = false

  @Flag(help: "Also what was repaired.")
  var all = false

  @Option(help: "One device only.")
  var device: String?

  @Flag(help: "Compare the journal with the rows in the database.")
  var audit = false

  @Flag(help: "With --audit: write what is missing into the database.")
  var repair = false

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      if audit { return try compare(settings) }
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

  /// Everything the journal has and calls delivered, five thousand at a time.
  private func compare(_ settings: Settings) throws {
    guard let database = settings.database else {
      throw SettingsError(description: "no database to compare with: give --database or MARTLET_DATABASE_URL")
    }
    let file = try JournalFile(path: settings.journalPath, exclusively: false)
    let sink = TimescaleSink(
      .init(database: database, gateway: settings.gatewayID, journal: try file.identity()),
      logger: Logger(label: "martlet"))
    let position = try sink.open()
    defer { sink.close() }
    var progress = Progress("audit", isQuiet: false)
    var (place, checked, missing, restored): (Int64, Int, Int, Int) = (0, 0, 0, 0)
    while place < position.end {
      let page = try file.entries(after: place, limit: 5000).filter { $0.id <= position.end }
      guard let last = page.last else { break }
      let delivered = page.filter { entry in
        entry.id <= position.upTo || position.ahead.contains { $0.contains(entry.id) }
      }.filter { device == nil || $0.device == device }.map(Profiles.row)
      let gone = try sink.missing(of: delivered)
      checked += delivered.count
      for row in gone.prefix(max(0, 50 - missing)) {
        print("\(row.device) boot \(row.boot): \(row.seq) of \(Row.utc(row.timestamp)) is not in sensor_data")
      }
      missing += gone.count
      if repair, !gone.isEmpty { restored += try sink.restore(gone) }
      place = last.id
      progress.tell("\(checked) entries")
    }
    try file.close()
    progress.finish(nil)
    print("audit: checked=\(checked) missing=\(missing) restored=\(restored)")
    if missing > restored { throw ExitCode.failure }
  }

  private static func line(_ gap: Gap) -> String {
    let range =
      gap.count == 1 ? "\(gap.seqs.lowerBound)" : "\(gap.seqs.lowerBound)-\(gap.seqs.upperBound) (\(gap.count))"
    let fate = gap.outcome.name + (gap.reason.map { ", \($0)" } ?? "")
    let end = gap.closed.map { ", closed \(Row.utc($0))" } ?? ""
    return "\(gap.device) boot \(gap.boot): \(range) \(fate); noticed \(Row.utc(gap.detected))\(end)"
  }
}
