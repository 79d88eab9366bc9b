import GatewayCore

/// When the boots of devices without a clock began, as all gateways of one database agree: `device_boot`, the first writer wins.
///
/// Each gateway fixes the beginning of a boot for itself when it first hears of it, in its journal, because it must not wait for a
/// database. Two that share a fleet, or one with a new journal, would give the same reading two times, and so two rows. In
/// the database all use the one that came first.
struct BootEpochs {
  /// The most boots remembered; beyond it all are forgotten and asked for again.
  static let limit = 20_000

  struct Key: Hashable {
    var device: String
    var boot: Int64
  }

  private var known: [Key: Int64] = [:]
  /// Learnt in the transaction under way: true only when it is committed.
  private var pending: [Key: Int64] = [:]

  /// Forgets everything: after a lost transaction nobody knows what is there.
  mutating func forget() {
    known.removeAll()
    pending.removeAll()
  }

  /// The transaction is committed.
  mutating func confirm() {
    if pending.isEmpty { return }
    if known.count + pending.count > Self.limit { known.removeAll() }
    known.merge(pending) { $1 }
    pending.removeAll()
  }

  /// The rows with the times that count in the database; asks it for boots that are not known yet.
  mutating func settle(_ rows: [Row], _ connection: PostgresConnection) throws(PostgresError) -> [Row] {
    guard rows.contains(where: { $0.timeSource == .derived }) else { return rows }
    try learn(rows, connection)
    return rows.map { row in
      guard let (key, _) = Self.epoch(of: row), let epoch = pending[key] ?? known[key],
        let uptime = row.uptimeMilliseconds
      else { return row }
      var row = row
      row.timestamp = epoch + uptime * 1000
      return row
    }
  }

  /// The boot, and when it began by this gateway's journal.
  private static func epoch(of row: Row) -> (Key, Int64)? {
    guard row.timeSource == .derived, let uptime = row.uptimeMilliseconds,
      row.device.utf8.allSatisfy(RollUpMarks.isPlain)
    else { return nil }
    return (Key(device: row.device, boot: row.boot), row.timestamp - uptime * 1000)
  }

  private mutating func learn(_ rows: [Row], _ connection: PostgresConnection) throws(PostgresError) {
    var asked: [Key: Int64] = [:]
    for row in rows {
      guard let (key, epoch) = Self.epoch(of: row), known[key] == nil, pending[key] == nil, asked[key] == nil
      else { continue }
      asked[key] = epoch
    }
    if asked.isEmpty { return }
    // In one order everywhere, so that two gateways wait for each other and do not deadlock.
    let order = asked.sorted { ($0.key.device, $0.key.boot) < ($1.key.device, $1.key.boot) }
    func list(_ values: [String]) -> String { "{" + values.joined(separator: ",") + "}" }
    let parameters: [String?] = [
      list(order.map { "\"\($0.key.device)\"" }), list(order.map { "\($0.key.boot)" }),
      list(order.map { "\($0.value)" }),
    ]
    _ = try connection.rows(
      """
      INSERT INTO device_boot (device_id, boot, epoch_offset)
      SELECT d, b, TIMESTAMPTZ 'epoch' + e * INTERVAL '1 microsecond'
      FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS asked (d, b, e)
      ON CONFLICT (device_id, boot) DO NOTHING
      """, parameters, doing: "fixing when boots began")
    let found = try connection.rows(
      """
      SELECT device_id, boot, (extract(epoch FROM epoch_offset) * 1000000)::bigint
      FROM device_boot JOIN unnest($1::text[], $2::bigint[]) AS asked (d, b) ON device_id = d AND boot = b
      """, Array(parameters.prefix(2)), doing: "asking when boots began")
    for row in found {
      guard let device = row[0], let boot = row[1].flatMap({ Int64($0) }), let epoch = row[2].flatMap({ Int64($0) })
      else { continue }
      pending[Key(device: device, boot: boot)] = epoch
    }
  }
}
