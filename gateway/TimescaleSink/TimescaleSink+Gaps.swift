import GatewayCore

extension TimescaleSink {
  /// How many gaps that any gateway left open are looked at again in one turn.
  static let reviewLimit = 100

  /// Tells the database what this gateway misses; the database looks what of it is there, from any gateway
  /// (`reading_gap_examine`). Then some gaps that are open there are looked at again, whoever told them: another gateway may have
  /// brought their readings meanwhile.
  ///
  /// Each gap is a transaction of its own: what is told twice is told once, and no two gateways wait for each other in a ring.
  public func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap] {
    guard let connection, connection.isOpen else {
      throw SinkError(.unreachable, "the database at \(address) is not connected: open the sink again")
    }
    do throws(PostgresError) {
      var found: [Gap] = []
      for gap in gaps {
        let here = try connection.rows(
          """
          SELECT lower(part), upper(part) - 1
          FROM unnest(reading_gap_examine($1, $2, $3, $4, $5, to_timestamp($6::double precision / 1000000))) AS part
          """,
          [
            gap.device, "\(gap.boot)", "\(gap.seqs.lowerBound)", "\(gap.seqs.upperBound)",
            gap.outcome == .lost ? gap.reason ?? "unknown" : nil, "\(gap.detected)",
          ], doing: "telling what is missing")
        if gap.outcome == .open { found += here.compactMap { part in Self.part(of: gap, part) } }
      }
      try review(connection)
      return found
    } catch {
      rollBack(connection)
      throw SinkError(error, at: address)
    }
  }

  private static func part(of gap: Gap, _ columns: [String?]) -> Gap? {
    guard let from = columns[0].flatMap({ Int64($0) }), let to = columns[1].flatMap({ Int64($0) }), from <= to
    else { return nil }
    var part = gap
    part.seqs = from...to
    return part
  }

  /// Goes round all open gaps, a few at a turn.
  private func review(_ connection: PostgresConnection) throws(PostgresError) {
    let place: [String?] = [reviewed.device, "\(reviewed.boot)", "\(reviewed.seq)"]
    let open = try connection.rows(
      """
      SELECT device_id, boot, seq_from, seq_to FROM reading_gap
      WHERE outcome = 'open' AND (device_id, boot, seq_from) > ($1, $2::bigint, $3::bigint)
      ORDER BY device_id, boot, seq_from LIMIT \(Self.reviewLimit)
      """, place, doing: "looking for open gaps")
    for gap in open {
      _ = try connection.rows(
        "SELECT reading_gap_examine($1, $2, $3, $4, NULL, now())", [gap[0], gap[1], gap[2], gap[3]],
        doing: "looking at an open gap again")
    }
    if open.count == Self.reviewLimit, let last = open.last, let device = last[0] {
      reviewed = (device, last[1].flatMap { Int64($0) } ?? 0, last[2].flatMap { Int64($0) } ?? 0)
    } else {
      reviewed = ("", 0, 0)
    }
  }
}
