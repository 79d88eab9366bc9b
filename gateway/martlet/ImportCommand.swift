import ArgumentParser
import Foundation
import GatewayCore
import Ingest
import Profiles
import TimescaleSink

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Bring readings from a CSV file or the former service's table into sensor_data, each once.",
    discussion: """
      The former table and its CSV have °F and inHg, as its columns say: time (or timestamp), device_id, event_type, temperature, humidity,
      pressure, motion, switch, sensor_type, wifi_rssi, …; further columns go to extra. They are converted and judged like messages
      of that fleet. A CSV with boot and seq is one of martlet export, in SI units.

      An import that was interrupted goes on where it stopped when it is started again; --restart begins anew. Nothing is doubled either
      way. The source must not change meanwhile. Rows that cannot be readings are named on standard error, the first 20.

      The last line counts all runs of this import: read = new + present + refused.

      EXIT CODES  0 done, 3 done but rows were refused, 1 it stopped: start it again.

      EXAMPLES
        martlet import --csv old.csv --database postgresql://owner@db/iotdb
        martlet import --table sensor_data_old
        martlet import --table sensor_data --source postgresql://iotuser@oldhost/iotdb
        import: read=120000 new=119988 present=10 refused=2
      """)

  @Option(help: "A CSV file with a line of column names.")
  var csv: String?

  @Option(help: "A table, also schema.table.")
  var table: String?

  @Option(help: "The database of the table, where it is another one.")
  var source: String?

  @Flag(help: "Begin with the source's first row.")
  var restart = false

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @OptionGroup var options: SettingsOptions

  func validate() throws {
    guard (csv == nil) != (table == nil) else { throw ValidationError("give either --csv or --table") }
    guard source == nil || table != nil else { throw ValidationError("--source is the database of a --table") }
  }

  func run() async throws {
    try await Failure.reported {
      guard let database = try await Settings.read(options).database else {
        throw SettingsError(description: "no database: give --database or MARTLET_DATABASE_URL")
      }
      let connection = try PostgresConnection(database)
      defer { connection.close() }
      let rows: any SourceRows =
        if let csv { try CSVRows(csv) } else { try TableRows(source ?? database, table ?? "", isSame: source == nil) }
      var target = try RowImport(connection, source: rows.name, startsAnew: restart)
      if target.progress.read > 0 { Progress.say("goes on after \(target.progress.read) rows") }
      let refused = try land(rows, &target)
      let done = target.progress
      print("import: read=\(done.read) new=\(done.new) present=\(done.present) refused=\(done.refused)")
      if refused > 0 || done.refused > 0 { throw ExitCode(3) }
    }
  }

  private func land(_ rows: any SourceRows, _ target: inout RowImport) throws -> Int {
    var progress = Progress("import", isQuiet: quiet)
    var number = target.progress.read
    var refused = 0
    try rows.skip(number)
    while let page = try rows.next() {
      var batch: [Row] = []
      var refusedHere = 0
      for record in page {
        number += 1
        do {
          batch.append(try Self.row(rows.columns, record))
        } catch {
          refusedHere += 1
          if refused + refusedHere <= 20 { Progress.say("row \(number): \(error)") }
        }
      }
      try target.land(batch, refused: refusedHere)
      refused += refusedHere
      progress.tell("\(target.progress.read) rows, \(target.progress.new) new")
    }
    progress.finish(nil)
    return refused
  }

  /// A row in SI units where the columns say so, else one of the former fleet.
  static func row(_ columns: [String], _ record: [String?]) throws -> Row {
    guard record.count == columns.count else {
      throw SettingsError(description: "\(record.count) fields, the first line names \(columns.count)")
    }
    if columns.contains("boot"), columns.contains("seq") {
      var named: [String: String] = [:]
      for (name, value) in zip(columns, record) { named[name] = value }
      return try Row(columns: named)
    }
    return try Profiles.former(
      zip(columns, record).map { ($0, $1) }, received: GatewayClock.system.wallMicroseconds())
  }
}

/// Where an import's rows come from.
private protocol SourceRows {
  /// The import's name: the same source goes on.
  var name: String { get }
  /// The columns' names.
  var columns: [String] { get }
  func skip(_ count: Int64) throws
  /// At most 5,000 rows, or `nil` after the last.
  func next() throws -> [[String?]]?
}

private final class CSVRows: SourceRows {
  let name: String
  let columns: [String]
  private var reader: CSVReader

  init(_ path: String) throws {
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw SettingsError(description: "--csv \(path): \(String(cString: strerror(errno)))")
    }
    // The handle closes the file with the reader's last copy.
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    reader = CSVReader { buffer in Foundation.read(file.fileDescriptor, buffer.baseAddress, buffer.count) }
    name = "csv:" + URL(fileURLWithPath: path).standardizedFileURL.path
    guard let header = try reader.next() else { throw SettingsError(description: "--csv \(path): it is empty") }
    columns = header.map { ($0 ?? "").trimmingCharacters(in: .whitespaces) }
    guard columns.contains("device_id"), columns.contains("time") || columns.contains("timestamp") else {
      throw SettingsError(
        description:
          "--csv \(path): the first line names no device_id, or neither time nor timestamp: \(columns.joined(separator: ", "))"
      )
    }
  }

  func skip(_ count: Int64) throws {
    for _ in 0..<count { _ = try reader.next() }
  }

  func next() throws -> [[String?]]? {
    var page: [[String?]] = []
    while page.count < PagedRows.pageRows, let record = try reader.next() { page.append(record) }
    return page.isEmpty ? nil : page
  }
}

private final class TableRows: SourceRows {
  let name: String
  let columns: [String]
  private let connection: PostgresConnection
  private let pages: PagedRows

  init(_ database: String, _ table: String, isSame: Bool) throws {
    connection = try PostgresConnection(database)
    let found = try connection.rows(
      """
      SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
      """, [PagedRows.name(table)], doing: "reading the columns of \(table)")
    guard !found.isEmpty else {
      throw SettingsError(description: "--table \(table): there is no such table at \(connection.address)")
    }
    columns = found.compactMap { $0[0] }
    guard !(isSame && table.split(separator: ".").last == "sensor_data" && columns.contains("boot")) else {
      throw SettingsError(description: "--table \(table): that is the table the rows would go into")
    }
    guard columns.contains("device_id"), let time = ["time", "timestamp"].first(where: columns.contains) else {
      throw SettingsError(description: "--table \(table): no column device_id, or neither time nor timestamp")
    }
    // Text, with times in UTC; ordered by all that a row says, so that the place means the same in the next run.
    let selection = found.map { column in
      let name = PagedRows.name(column[0] ?? "").description
      return (column[1] ?? "").hasPrefix("timestamp with time zone")
        ? "to_char(\(name) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')" : "\(name)::text"
    }.joined(separator: ", ")
    let quoted = PagedRows.name(table)
    pages = try PagedRows(
      connection, "SELECT \(selection) FROM \(quoted) AS old ORDER BY \(PagedRows.name(time)), device_id, old::text",
      doing: "reading \(table)")
    name = "table:\(connection.address):\(table)"
  }

  func skip(_ count: Int64) throws { try pages.skip(count) }

  func next() throws -> [[String?]]? { try pages.next() }
}
