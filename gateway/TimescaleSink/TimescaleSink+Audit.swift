import GatewayCore

extension TimescaleSink {
  /// Which of these rows, delivered as the cursor says, are not in `sensor_data`: what no numbering of readings shows.
  ///
  /// Not counted as missing: what was retired, and what the database refused and the ledger has as lost.
  public func missing(of rows: [Row]) throws(SinkError) -> [Row] {
    guard let first = rows.map(\.timestamp).min(), let last = rows.map(\.timestamp).max() else { return [] }
    let margin: Int64 = 2 * 86_400_000_000
    let suspects = try absent(rows, from: first - margin, to: last + margin)
    // The beginning of a boot may be another one in the database: those are looked for at any time.
    return suspects.isEmpty ? [] : try absent(suspects, from: nil, to: nil)
  }

  private func absent(_ rows: [Row], from: Int64?, to: Int64?) throws(SinkError) -> [Row] {
    let connection = try live()
    func list(_ values: [String]) -> String { "{" + values.joined(separator: ",") + "}" }
    do throws(PostgresError) {
      let found = try connection.rows(
        """
        SELECT n FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS k (n, d, b, s, t)
        WHERE t >= (SELECT coalesce(extract(epoch FROM nullif(retired_before, '-infinity')) * 1000000, t::numeric)
                    FROM rollup_state)
          AND NOT EXISTS (
            SELECT FROM sensor_data r WHERE r.device_id = d AND r.boot = b AND r.seq = s
              AND ($6::bigint IS NULL OR r."timestamp" >= to_timestamp($6::bigint / 1000000))
              AND ($7::bigint IS NULL OR r."timestamp" <= to_timestamp($7::bigint / 1000000)))
          AND NOT EXISTS (
            SELECT FROM reading_gap g WHERE g.device_id = d AND g.boot = b AND s BETWEEN g.seq_from AND g.seq_to
              AND g.outcome = 'lost' AND g.reason = 'database: refused')
        ORDER BY n
        """,
        [
          list(rows.indices.map { "\($0)" }), list(rows.map { Self.quoted($0.device) }),
          list(rows.map { "\($0.boot)" }),
          list(rows.map { "\($0.seq)" }), list(rows.map { "\($0.timestamp)" }), from.map { "\($0)" },
          to.map { "\($0)" },
        ], doing: "comparing \(rows.count) readings")
      return found.compactMap { $0[0].flatMap { Int($0) } }.map { rows[$0] }
    } catch {
      throw SinkError(error, at: address)
    }
  }

  /// Writes rows that were found missing, beside any gateway: what is there meanwhile is left alone, the cursor stays.
  ///
  /// - Returns: how many are there now that were not.
  public func restore(_ rows: [Row]) throws(SinkError) -> Int {
    let connection = try live()
    do throws(PostgresError) {
      try connection.execute("BEGIN", doing: "beginning to restore")
      let settled = try bootEpochs.settle(rows, connection)
      if marksMinutes {
        let marks = RollUpMarks(settled)
        _ = try connection.rows(
          """
          INSERT INTO rollup_pending (minute, device_id)
          SELECT to_timestamp(60 * m), d FROM unnest($1::bigint[], $2::text[]) AS touched (m, d)
          """, [marks.minutesText, marks.devicesText], doing: "marking minutes")
      }
      try connection.execute(
        "CREATE TEMPORARY TABLE martlet_batch (LIKE sensor_data) ON COMMIT DROP", doing: "making a temporary table")
      var delivery = Delivery(written: 0, duplicates: 0)
      try land(settled[...], connection, &delivery)
      try connection.execute("COMMIT", doing: "committing what was restored")
      bootEpochs.confirm()
      return delivery.written
    } catch {
      bootEpochs.forget()
      rollBack(connection)
      throw SinkError(error, at: address)
    }
  }

  private func live() throws(SinkError) -> PostgresConnection {
    guard let connection, connection.isOpen else {
      throw SinkError(.unreachable, "the database at \(address) is not connected: open the sink again")
    }
    return connection
  }

  /// An element of an array's text.
  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
