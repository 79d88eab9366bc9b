import GRDB
import GatewayCore

/// The completeness ledger: which readings of version 2 are missing, from (device, boot, seq) alone.
///
/// A boot counts its readings from 1, so that a number beyond the expected one proves that those between were made.
/// What it does not prove, and what the ledger therefore does not claim:
///
/// - **The end of a boot.** A later boot says nothing of readings after the last number seen of the earlier one. Only
///   the device can tell, by `dropped`.
/// - **The beginning of a boot that was under way** when this journal first heard of the device: another gateway or an
///   earlier journal may have those readings. The beginning counts only where the journal knew the device from a lower
///   boot: then it was there when the boot began.
/// - **That an open gap is lost.** The device may hold it for weeks; it stays open until it comes or somebody reports it.
///
/// Where several gateways share the readings, each sees gaps that the others fill; the database's view decides
/// (`reading_gap_examine`), and what it has is closed here too.
///
/// In order nothing is written for a reading: the next expected number is the highest in `entry` plus one. It is kept in
/// `ledger_boot` when a boot is new and before its entries are deleted.
struct LedgerWriter {
  /// What is known of a boot; a cache, made again from the file when it is lost.
  struct Boot {
    /// The number from which on the ledger speaks, and the next expected one.
    var first: Int64
    var next: Int64
    /// The highest number in any of its gaps; below it an arrival may touch one.
    var top: Int64
  }

  struct Key: Hashable {
    var device: String
    var boot: Int64
  }

  /// Boots under way, for the writer alone. Two generations, as in `BootClock`.
  struct Cache {
    static let generationLimit = 10_000
    private var young: [Key: Boot] = [:]
    private var old: [Key: Boot] = [:]

    mutating func find(_ key: Key) -> Boot? {
      if let boot = young[key] { return boot }
      guard let boot = old[key] else { return nil }
      keep(key, boot)
      return boot
    }

    mutating func keep(_ key: Key, _ boot: Boot) {
      if young[key] == nil, young.count >= Self.generationLimit {
        old = young
        young = [:]
      }
      young[key] = boot
    }

    mutating func forget() {
      young = [:]
      old = [:]
    }
  }

  /// The most gaps kept; what is repaired goes first, then what is lost, the oldest of each first.
  static let gapLimit: Int64 = 50_000
  /// The most boots remembered.
  static let bootLimit: Int64 = 100_000

  private let db: Database
  private let now: Int64
  /// The highest entry before this transaction.
  private let lastID: Int64
  private(set) var ledger: Journal.Ledger

  init(_ db: Database, now: Int64, lastID: Int64, _ ledger: Journal.Ledger) {
    self.db = db
    self.now = now
    self.lastID = lastID
    self.ledger = ledger
  }

  // MARK: Readings

  /// Notes readings that came, in any order.
  mutating func arrived(_ seqs: [Key: [Int64]], _ cache: inout Cache) throws {
    for (key, seqs) in seqs {
      for range in Self.ranges(seqs) { try arrived(range, key, &cache) }
    }
  }

  private mutating func arrived(_ range: ClosedRange<Int64>, _ key: Key, _ cache: inout Cache) throws {
    var boot = try cache.find(key) ?? load(key) ?? begin(key, at: range.lowerBound)
    if range.lowerBound > boot.next {
      let passedOver = boot.next...range.lowerBound - 1
      try change(key, passedOver, &boot) { $0.open(passedOver, at: $1) }
    }
    if range.lowerBound <= boot.top { try change(key, range, &boot) { $0.arrive(range, at: $1) } }
    boot.next = max(boot.next, range.upperBound + 1)
    cache.keep(key, boot)
  }

  /// Notes readings that will not come.
  mutating func lost(_ loss: Loss, _ cache: inout Cache) throws {
    let key = Key(device: loss.device, boot: loss.boot)
    var boot = try cache.find(key) ?? load(key)
    if !loss.sparesArrived {
      // It was here, so everything before it was made.
      try arrived(loss.seqs, key, &cache)
      boot = cache.find(key)
    }
    let seen = boot.flatMap { $0.first < $0.next ? $0.first...$0.next - 1 : nil }
    var known = boot ?? Boot(first: 0, next: 0, top: -1)
    try change(key, loss.seqs, &known) {
      $0.lose(loss.seqs, loss.reason, arrived: loss.sparesArrived ? .spared(seen: seen) : .lost, at: $1)
    }
    if boot != nil { cache.keep(key, known) }
  }

  /// Notes that a gap was filled by another gateway.
  mutating func close(_ gap: Gap, _ cache: inout Cache) throws {
    let key = Key(device: gap.device, boot: gap.boot)
    guard var boot = try cache.find(key) ?? load(key) else { return }
    try change(key, gap.seqs, &boot) { $0.arrive(gap.seqs, at: $1) }
    cache.keep(key, boot)
  }

  /// Ascending ranges that hold exactly `seqs`.
  private static func ranges(_ seqs: [Int64]) -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
    for seq in seqs.sorted() {
      if let last = ranges.last, seq <= last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, seq)
      } else {
        ranges.append(seq...seq)
      }
    }
    return ranges
  }

  // MARK: Boots

  private func load(_ key: Key) throws -> Boot? {
    let entries = try GRDB.Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT (SELECT min(seq) FROM entry WHERE device = ?1 AND boot = ?2 AND id <= ?3),
            (SELECT max(seq) FROM entry WHERE device = ?1 AND boot = ?2 AND id <= ?3)
          """), arguments: [key.device, key.boot, lastID])
    let lowest: Int64? = entries?[0]
    let highest: Int64? = entries?[1]
    let kept = try GRDB.Row.fetchOne(
      db.cachedStatement(sql: "SELECT first, next FROM ledger_boot WHERE device = ? AND boot = ?"),
      arguments: [key.device, key.boot])
    let keptFirst: Int64? = kept?[0]
    let keptNext: Int64? = kept?[1]
    guard let first = keptFirst ?? lowest else { return nil }
    return Boot(first: first, next: max(keptNext ?? 0, (highest ?? -1) + 1), top: try top(key))
  }

  private func top(_ key: Key) throws -> Int64 {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT max(seq_to) FROM reading_gap WHERE device = ? AND boot = ?"),
      arguments: [key.device, key.boot]) ?? -1
  }

  private func begin(_ key: Key, at seq: Int64) throws -> Boot {
    let highest = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT max(boot) FROM ledger_boot WHERE device = ?"), arguments: [key.device])
    let wasHere = highest.map { $0 < key.boot } ?? false
    let first = wasHere ? min(seq, 1) : seq
    try db.cachedStatement(sql: "INSERT INTO ledger_boot (device, boot, first, next) VALUES (?, ?, ?, ?)")
      .execute(arguments: [key.device, key.boot, first, first])
    try db.cachedStatement(sql: "DELETE FROM ledger_boot WHERE id <= (SELECT max(id) FROM ledger_boot) - ?")
      .execute(arguments: [Self.bootLimit])
    return Boot(first: first, next: first, top: try top(key))
  }

  /// Before entries up to `id` are deleted: what only they tell is kept, which is the highest number of a boot.
  ///
  /// Not by the index, however well it suits the grouping: that reads every entry that is kept, in each commit.
  static func remember(_ db: Database, upTo id: Int64) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO ledger_boot (device, boot, first, next)
        SELECT device, boot, seq, seq + 1 FROM entry AS gone NOT INDEXED
        WHERE id <= ? AND boot >= 0 AND NOT EXISTS (
          SELECT 1 FROM entry AS later
          WHERE later.device = gone.device AND later.boot = gone.boot AND later.seq > gone.seq)
        ON CONFLICT (device, boot) DO UPDATE SET next = max(next, excluded.next)
        """
    ).execute(arguments: [id])
  }

  // MARK: Gaps

  /// Changes the pieces around a range, and writes what differs.
  private mutating func change(
    _ key: Key, _ range: ClosedRange<Int64>, _ boot: inout Boot, _ body: (inout GapList, _ now: Int64) -> Void
  ) throws {
    // Pieces do not overlap: of those that begin before the range only the last can reach it, however many there are.
    let before = try GapColumns.fetch(
      db,
      """
      WHERE device = ?1 AND boot = ?2 AND seq_to >= ?3 AND seq_from <= ?4 AND seq_from >= coalesce(
        (SELECT max(seq_from) FROM reading_gap WHERE device = ?1 AND boot = ?2 AND seq_from <= ?3), ?3)
      ORDER BY seq_from
      """, [key.device, key.boot, range.lowerBound - 1, range.upperBound + 1])
    var list = GapList(device: key.device, boot: key.boot, pieces: before)
    body(&list, now)
    if list.pieces == before { return }
    for piece in before where !list.pieces.contains(piece) { try delete(piece) }
    for piece in list.pieces where !before.contains(piece) { try insert(piece) }
    boot.top = max(boot.top, list.pieces.last?.seqs.upperBound ?? -1)
    try prune()
  }

  private mutating func delete(_ piece: Gap) throws {
    try db.cachedStatement(sql: "DELETE FROM reading_gap WHERE device = ? AND boot = ? AND seq_from = ?")
      .execute(arguments: [piece.device, piece.boot, piece.seqs.lowerBound])
    ledger.count(piece, -1)
  }

  private mutating func insert(_ piece: Gap) throws {
    ledger.revision += 1
    try db.cachedStatement(
      sql: """
        INSERT INTO reading_gap (device, boot, seq_from, seq_to, detected, closed, outcome, reason, revision)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      piece.device, piece.boot, piece.seqs.lowerBound, piece.seqs.upperBound, piece.detected, piece.closed,
      Int64(piece.outcome.rawValue), piece.reason, ledger.revision,
    ])
    ledger.count(piece, 1)
  }

  private mutating func prune() throws {
    guard ledger.rows > Self.gapLimit else { return }
    let victims = try GapColumns.fetch(
      db,
      """
      ORDER BY CASE outcome WHEN 1 THEN 0 WHEN 2 THEN 1 ELSE 2 END, revision LIMIT ?
      """, [Self.gapLimit / 100])
    let kept = ledger.counts
    for victim in victims { try delete(victim) }
    // Forgotten is not undone: only what was open is no longer counted as open.
    ledger.counts.repairedReadings = kept.repairedReadings
    ledger.counts.lostReadings = kept.lostReadings
  }
}

/// Gaps out of the file.
enum GapColumns {
  static func fetch(_ db: Database, _ clause: String, _ arguments: StatementArguments) throws -> [Gap] {
    try GRDB.Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT device, boot, seq_from, seq_to, detected, closed, outcome, reason FROM reading_gap \(clause)"),
      arguments: arguments
    ).map(gap)
  }

  static func gap(_ row: GRDB.Row) throws -> Gap {
    let from: Int64 = row[2]
    let to: Int64 = row[3]
    let code: Int64 = row[6]
    guard from <= to, let outcome = Gap.Outcome(rawValue: UInt8(truncatingIfNeeded: code)) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a gap has no outcome or no length")
    }
    return Gap(
      device: row[0], boot: row[1], seqs: from...to, detected: row[4], closed: row[5], outcome: outcome, reason: row[7])
  }
}

extension Journal {
  /// What the writer knows of the ledger without asking the file.
  struct Ledger {
    /// Given to each gap that is written; ascending, so that a sink asks for what changed.
    var revision: Int64 = 0
    var rows: Int64 = 0
    var counts = GapCounts()

    mutating func count(_ gap: Gap, _ sign: Int64) {
      rows += sign
      let readings = sign * gap.count
      switch gap.outcome {
      case .open:
        counts.openGaps += sign
        counts.openReadings += readings
      case .repaired: counts.repairedReadings += readings
      case .lost: counts.lostReadings[gap.reason ?? "", default: 0] += readings
      }
    }

    static func load(_ db: Database) throws -> Ledger {
      var ledger = Ledger()
      ledger.revision = try Int64.fetchOne(db, sql: "SELECT max(revision) FROM reading_gap") ?? 0
      let open = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT count(*), count(*) FILTER (WHERE outcome = 0),
            coalesce(sum(seq_to - seq_from + 1) FILTER (WHERE outcome = 0), 0) FROM reading_gap
          """)
      ledger.rows = open?[0] ?? 0
      ledger.counts.openGaps = open?[1] ?? 0
      ledger.counts.openReadings = open?[2] ?? 0
      return ledger
    }
  }
}
