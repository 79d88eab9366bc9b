import ArgumentParser
import Foundation
import GatewayCore
import TimescaleSink

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write readings of the database as CSV.",
    discussion: """
      The columns of sensor_data by their names, in SI units, ordered by time; times are ISO 8601 in UTC. All rows are as they were at
      the start. Progress goes to standard error. martlet import takes such a file back, each reading once.

      Parquet is not written: no library for it is kept for Swift. Tools that write it read CSV, such as
        duckdb -c "COPY (FROM 'readings.csv') TO 'readings.parquet'"

      EXIT CODES  0 everything is written, 1 it is not: then the file is not complete.

      EXAMPLES
        martlet export --device Attic06 --from 2026-11-01 --to 2026-12-01 > november.csv
        martlet export --output readings.csv --database postgresql://iotuser@db/iotdb
      """)

  @Option(help: "Only this device; may come several times.")
  var device: [String] = []

  @Option(help: "From this moment on, ISO 8601; a date is its beginning in UTC.")
  var from: String?

  @Option(help: "Before this moment.")
  var to: String?

  @Option(help: "The file; default: standard output. One that is there is not written over.")
  var output: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    try await Failure.reported {
      guard let database = try await Settings.read(options).database else {
        throw SettingsError(
          description: "no database: give --database or MARTLET_DATABASE_URL; for the journal: martlet journal export")
      }
      let condition = try condition()
      let connection = try PostgresConnection(database)
      defer { connection.close() }
      let file = try open()
      let total =
        try connection.rows(
          "SELECT count(*) FROM sensor_data WHERE \(condition)", doing: "counting the readings")[0][0] ?? "?"
      let pages = try PagedRows(
        connection,
        "SELECT \(Self.selection) FROM sensor_data WHERE \(condition) ORDER BY \"timestamp\", device_id, boot, seq",
        doing: "reading sensor_data")
      var progress = Progress("export", isQuiet: quiet)
      var written = 0
      try file.write(contentsOf: Data(CSVReader.line(Row.columnNames).utf8))
      while let page = try pages.next() {
        try file.write(contentsOf: Data(page.map(CSVReader.line).joined().utf8))
        written += page.count
        progress.tell("\(written) of \(total) readings")
      }
      try pages.finish()
      try file.synchronizeIfPossible()
      progress.finish("\(written) readings written")
    }
  }

  /// Each column as `martlet import` reads it back; numbers with the two decimals they have.
  private static let selection = Row.columnNames.map { name in
    switch name {
    case "timestamp", "received_at":
      "to_char(\"\(name)\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    case "temperature", "humidity", "pressure": "round(\(name)::numeric, 2)::text"
    case "motion", "switch": "\"\(name)\"::text"
    case _: "\"\(name)\"::text"
    }
  }.joined(separator: ", ")

  private func condition() throws -> String {
    var conditions = ["true"]
    if !device.isEmpty {
      conditions.append("device_id IN (\(device.map(PagedRows.literal).joined(separator: ", ")))")
    }
    for (text, sign, option) in [(from, ">=", "--from"), (to, "<", "--to")] {
      guard let text else { continue }
      guard let moment = Row.moment(text) ?? Row.moment("\(text)T00:00:00Z") else {
        throw SettingsError(
          description: "\(option): '\(text)' is no ISO 8601 time, such as 2026-11-24 or 2026-11-24T08:00:00Z")
      }
      conditions.append("\"timestamp\" \(sign) \(PagedRows.literal(Row.utc(moment)))::timestamptz")
    }
    return conditions.joined(separator: " AND ")
  }

  private func open() throws -> FileHandle {
    guard let output else { return .standardOutput }
    let descriptor = Foundation.open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw SettingsError(description: "--output \(output): \(String(cString: strerror(errno)))")
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}

extension FileHandle {
  /// On the disk, where it is a file: an export that says it is complete shall be.
  fileprivate func synchronizeIfPossible() throws {
    guard fsync(fileDescriptor) != 0, errno != EINVAL, errno != EROFS else { return }
    throw SettingsError(description: "the output cannot be synced: \(String(cString: strerror(errno)))")
  }
}
