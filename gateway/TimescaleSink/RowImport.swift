import GatewayCore

/// Brings rows from elsewhere into `sensor_data`, each once, and remembers how far it came.
///
/// ```swift
/// var rows = try RowImport(connection, source: "csv:/home/me/old.csv")
/// // skip rows.progress.read rows of the source, then
/// try rows.land(batch, refused: 2)      // one transaction: the rows, and the place in the source
/// ```
///
/// The place and the counts are in `gateway_cursor` and move with the rows: after a kill an import goes on where it stopped, and its
/// counts are those of all runs together. A row that is there already (a second import of the same source, or twice in the
/// source) is counted, not doubled.
public struct RowImport {
  /// How far an import came, over all its runs.
  public struct Progress: Sendable, Equatable {
    /// Rows of the source that were looked at: the sum of the others.
    public var read: Int64 = 0
    /// Rows that are in the table because of it.
    public var new: Int64 = 0
    /// Rows that were there.
    public var present: Int64 = 0
    /// Rows that cannot be readings.
    public var refused: Int64 = 0

    /// Nothing yet.
    public init() {}
  }

  /// What the column `gateway` says of imported rows.
  public static let gateway = "import"

  private let connection: PostgresConnection
  private let source: String
  private let copy = BinaryCopy()
  /// How far it came.
  public private(set) var progress = Progress()

  /// Looks where an earlier run stopped.
  ///
  /// - Parameters:
  ///   - source: the import's name; the same source goes on, another begins.
  ///   - startsAnew: forget where an earlier run stopped; what it brought stays, and is counted as present.
  public init(_ connection: PostgresConnection, source: String, startsAnew: Bool = false) throws(PostgresError) {
    self.connection = connection
    self.source = source
    if startsAnew {
      _ = try connection.rows(
        "DELETE FROM gateway_cursor WHERE gateway = $1 AND journal = $2", [Self.gateway, source],
        doing: "forgetting an earlier import")
    }
    let counts = try connection.rows(
      "SELECT sink, last_id FROM gateway_cursor WHERE gateway = $1 AND journal = $2", [Self.gateway, source],
      doing: "looking for an earlier import")
    for row in counts {
      let count = row[1].flatMap { Int64($0) } ?? 0
      switch row[0] {
      case "new": progress.new = count
      case "present": progress.present = count
      case "refused": progress.refused = count
      case _: continue
      }
    }
    progress.read = progress.new + progress.present + progress.refused
    try connection.execute(
      """
      CREATE TEMPORARY TABLE IF NOT EXISTS martlet_import AS SELECT \(BinaryCopy.columnList) FROM sensor_data WITH NO DATA
      """, doing: "making a temporary table")
  }

  /// Brings rows in and moves the place, in one transaction.
  ///
  /// - Parameter refused: how many further rows of the source were no readings.
  public mutating func land(_ rows: [Row], refused: Int) throws(PostgresError) {
    var next = progress
    try connection.execute("BEGIN", doing: "beginning a batch")
    do throws(PostgresError) {
      var new = 0
      if !rows.isEmpty {
        copy.encode(rows[...], gateway: Self.gateway)
        _ = try connection.copyIn(
          "COPY pg_temp.martlet_import (\(BinaryCopy.columnList)) FROM STDIN (FORMAT binary)", copy.bytes,
          doing: "writing \(rows.count) rows")
        new = try connection.execute(
          """
          INSERT INTO sensor_data (\(BinaryCopy.columnList)) SELECT \(BinaryCopy.columnList) FROM pg_temp.martlet_import
          ORDER BY device_id, boot, seq, "timestamp" ON CONFLICT (device_id, boot, seq, "timestamp") DO NOTHING
          """, doing: "importing \(rows.count) rows")
        try connection.execute("DELETE FROM pg_temp.martlet_import", doing: "emptying the temporary table")
        try mark(rows)
      }
      next.new += Int64(new)
      next.present += Int64(rows.count - new)
      next.refused += Int64(refused)
      next.read += Int64(rows.count + refused)
      for (name, count) in [("new", next.new), ("present", next.present), ("refused", next.refused)] {
        _ = try connection.rows(
          """
          INSERT INTO gateway_cursor (gateway, journal, sink, last_id) VALUES ($1, $2, $3, $4)
          ON CONFLICT (gateway, journal, sink) DO UPDATE SET last_id = excluded.last_id
          """, [Self.gateway, source, name, "\(count)"], doing: "noting how far the import came")
      }
      try connection.execute("COMMIT", doing: "committing a batch")
    } catch {
      if connection.isOpen { _ = try? connection.execute("ROLLBACK", doing: "undoing a batch") }
      throw error
    }
    progress = next
  }

  /// The roll-ups of the minutes that were touched are reckoned anew.
  private func mark(_ rows: [Row]) throws(PostgresError) {
    let marks = RollUpMarks(rows)
    _ = try connection.rows(
      """
      INSERT INTO rollup_pending (minute, device_id)
      SELECT to_timestamp(60 * m), d FROM unnest($1::bigint[], $2::text[]) AS touched (m, d)
      """, [marks.minutesText, marks.devicesText], doing: "marking the minutes")
  }
}
