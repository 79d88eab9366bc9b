import GatewayCore

/// The table `reading_gap`, read.
public enum ReadingGaps {
  /// Every gap, or one device's, by device, boot and number.
  public static func read(_ connection: PostgresConnection, device: String? = nil) throws(PostgresError) -> [Gap] {
    let rows = try connection.rows(
      """
      SELECT device_id, boot, seq_from, seq_to, (extract(epoch FROM detected_at) * 1000000)::bigint,
        (extract(epoch FROM closed_at) * 1000000)::bigint, outcome, reason
      FROM reading_gap WHERE device_id = $1 OR $1 IS NULL ORDER BY device_id, boot, seq_from
      """, [device], doing: "reading the gaps")
    return rows.compactMap { row in
      let numbers = row[1...5].map { $0.flatMap { Int64($0) } }
      guard let device = row[0], let boot = numbers[0], let from = numbers[1], let to = numbers[2], from <= to,
        let detected = numbers[3], let outcome = Gap.Outcome.allCases.first(where: { $0.name == row[6] })
      else { return nil }
      return Gap(
        device: device, boot: boot, seqs: from...to, detected: detected, closed: numbers[4], outcome: outcome,
        reason: row[7])
    }
  }
}
