import ArgumentParser
import GatewayCore
import Ingest
import Journal
import TimescaleSink

struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract:
      "Tell the story of one reading: received, journaled, acknowledged, delivered, or where it was lost and why.",
    discussion: """
      Looks in this gateway's journal, also beside a running gateway, and in the database where one is configured. BOOT and SEQ
      are the payload's; a message of version 1 has boot -1 and the hash that stands in sensor_data.seq (write: -- Attic06 -1 …).

      The last line says what became of it, and so does the exit code: 0 it is in the database, or durable and on its way
      there; 3 it is missing, refused or unknown; 1 something could not be asked.

      EXAMPLE
        martlet trace Attic06 17 1234 --database postgresql://iotuser@db/iotdb
        Attic06 boot 17 seq 1234
        received   2026-11-23T22:45:29.120000Z
        journaled  entry 1820, 236 bytes, time 2026-11-23T22:45:29.000000Z (device)
        acked      after that commit, to the broker and to the device
        delivered  timescale: yes (cursor 1900)
        database   2026-11-23T22:45:29.000000Z (device), received 2026-11-23T22:45:29.120000Z, by gateway attic
        trace: in the database
      """)

  @Argument(help: "The device's id.")
  var device: String

  @Argument(help: "The device's count of starts.")
  var boot: Int64

  @Argument(help: "The count within that boot.")
  var seq: Int64

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      var story = ReadingStory(device: device, boot: boot, seq: seq)
      let file = try JournalFile(path: settings.journalPath, exclusively: false)
      story.entry = try file.entry(device: device, boot: boot, seq: seq)
      story.letters = try file.deadLetters(device: device).filter { letter in
        Profiles.identity(of: letter.bytes).map { $0 == (boot, seq) } ?? false
      }
      story.gap = try file.gaps(device: device).first { $0.boot == boot && $0.seqs.contains(seq) }
      story.cursors = try file.statistics().cursors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      let journal = try file.journalID()
      try file.close()
      if let database = settings.database {
        let connection = try PostgresConnection(database)
        defer { connection.close() }
        story.rows = try ReadingRow.find(connection, device: device, boot: boot, seq: seq)
        // The database's word on its cursor is newer than the journal's.
        let cursors = try ReadingRow.cursors(connection, journal: journal)
        if !cursors.isEmpty { story.cursors = cursors }
        let gap = try ReadingGaps.read(connection, device: device).first { $0.boot == boot && $0.seqs.contains(seq) }
        if let gap { story.gap = gap }
      }
      for line in story.lines { print(line) }
      print("trace: \(story.fate)")
      if !story.isSafe { throw ExitCode(3) }
    }
  }
}

/// What is known of one reading, and how it is told.
struct ReadingStory {
  let device: String
  let boot: Int64
  let seq: Int64
  var entry: Entry?
  var letters: [DeadLetter] = []
  var gap: Gap?
  var cursors: [(sink: String, position: Int64)] = []
  /// The database's rows; `nil` where no database was asked.
  var rows: [ReadingRow]?

  init(device: String, boot: Int64, seq: Int64) {
    self.device = device
    self.boot = boot
    self.seq = seq
  }

  /// Whether the reading is where it should be, or durable on its way there.
  var isSafe: Bool {
    if let rows, !rows.isEmpty { return true }
    return entry != nil && letters.isEmpty && !(rows != nil && isDelivered)
  }

  private var isDelivered: Bool {
    guard let entry, !cursors.isEmpty else { return false }
    return cursors.allSatisfy { $0.position >= entry.id }
  }

  var lines: [String] {
    var lines = ["\(device) boot \(boot) seq \(seq)"]
    if let entry {
      lines.append("received   \(Row.utc(entry.received))")
      lines.append(
        "journaled  entry \(entry.id), \(entry.bytes.count) bytes, time \(Row.utc(entry.timestamp)) (\(entry.timeSource.name))"
      )
      lines.append("acked      after that commit, to the broker" + (boot >= 0 ? " and to the device" : ""))
      for cursor in cursors {
        lines.append(
          "delivered  \(cursor.sink): \(cursor.position >= entry.id ? "yes" : "not yet") (cursor \(cursor.position))")
      }
    } else {
      lines.append("journaled  no entry: it never came here, or it was delivered and deleted since")
    }
    for letter in letters {
      lines.append(
        "refused    \(Row.utc(letter.received)) \(letter.reason): \(letter.detail) (dead letter \(letter.id))")
    }
    if let gap {
      let fate = gap.outcome.name + (gap.reason.map { ", \($0)" } ?? "")
      lines.append(
        "gap        \(gap.seqs.lowerBound)-\(gap.seqs.upperBound) \(fate), noticed \(Row.utc(gap.detected))"
          + (gap.closed.map { ", closed \(Row.utc($0))" } ?? ""))
    }
    if let rows {
      if rows.isEmpty { lines.append("database   no row") }
      for row in rows {
        lines.append(
          "database   \(row.timestamp) (\(row.timeSource)), received \(row.received), by gateway \(row.gateway)")
      }
    }
    return lines
  }

  /// What became of it, in a few words.
  var fate: String {
    if let rows, rows.count > 1 { return "in the database \(rows.count) times: that must not be" }
    if let rows, !rows.isEmpty { return "in the database" }
    if let letter = letters.first { return "refused: \(letter.reason)" }
    if entry != nil {
      if rows == nil { return "in the journal" }
      return isDelivered
        ? "delivered, and the row is gone: deleted in the database, or retention" : "in the journal, on its way"
    }
    switch gap?.outcome {
    case .lost: return "lost: \(gap?.reason ?? "nobody said why")"
    case .open: return "missing: made, and not arrived"
    case .repaired: return "arrived late, and no longer here"
    case nil: return "unknown"
    }
  }
}
