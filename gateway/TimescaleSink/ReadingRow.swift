import GatewayCore

/// One reading, looked for in the database.
public struct ReadingRow: Sendable, Equatable {
  /// When the reading was taken, as PostgreSQL writes it.
  public var timestamp: String
  /// Where that time comes from.
  public var timeSource: String
  /// When the gateway received it.
  public var received: String
  /// The gateway that delivered it.
  public var gateway: String

  /// Every row of one reading: one, unless something is wrong.
  public static func find(
    _ connection: PostgresConnection, device: String, boot: Int64, seq: Int64
  ) throws(PostgresError) -> [ReadingRow] {
    try connection.rows(
      """
      SELECT to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), time_source,
        to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), gateway
      FROM sensor_data WHERE device_id = $1 AND boot = $2 AND seq = $3 ORDER BY "timestamp"
      """, [device, "\(boot)", "\(seq)"], doing: "looking for a reading"
    ).map { ReadingRow(timestamp: $0[0] ?? "", timeSource: $0[1] ?? "", received: $0[2] ?? "", gateway: $0[3] ?? "") }
  }

  /// Up to which entry of a journal the database has everything, by sink; empty where it never heard of that journal.
  public static func cursors(
    _ connection: PostgresConnection, journal: String
  ) throws(PostgresError) -> [(sink: String, position: Int64)] {
    try connection.rows(
      "SELECT sink, last_id FROM gateway_cursor WHERE journal = $1 ORDER BY sink", [journal],
      doing: "reading the cursor"
    ).compactMap { row in
      guard let sink = row[0], let position = row[1].flatMap({ Int64($0) }) else { return nil }
      return (sink, position)
    }
  }
}
