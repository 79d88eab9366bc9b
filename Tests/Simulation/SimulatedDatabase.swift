import GatewayCore

/// What survives on the database's side: rows under a unique key, cursors, and what it was told of gaps.
final class SimulatedDatabase: @unchecked Sendable {
  struct Key: Hashable {
    var device: String
    var boot: Int64
    var seq: Int64
    var timestamp: Int64
  }

  private(set) var rows: Set<Key> = []
  /// How many rows each reading has, whatever their time.
  private(set) var copies: [ReadingName: Int] = [:]
  private(set) var cursors: [String: SinkPosition] = [:]
  /// What gateways said of a reading last: whether it is lost, and why.
  private(set) var missing: [ReadingName: String] = [:]
  var isUp = true

  /// Writes what is not there yet.
  ///
  /// - Returns: how many rows were new.
  func insert(_ new: [Row], unique: Bool) -> Int {
    var written = 0
    for row in new {
      let key = Key(device: row.device, boot: row.boot, seq: row.seq, timestamp: row.timestamp)
      if unique, rows.contains(key) { continue }
      rows.insert(key)
      copies[ReadingName(row.device, row.boot, row.seq), default: 0] += 1
      written += 1
    }
    return written
  }

  func moveCursor(of journal: String, to position: SinkPosition) { cursors[journal] = position }

  /// As `reading_gap_examine`: the rows decide.
  ///
  /// - Returns: which of the gap's readings are here.
  func examine(_ gap: Gap) -> [Gap] {
    var here: [Gap] = []
    for seq in gap.seqs {
      let name = ReadingName(gap.device, gap.boot, seq)
      if copies[name] != nil {
        missing[name] = nil
        var part = gap
        part.seqs = seq...seq
        here.append(part)
      } else {
        switch gap.outcome {
        case .open: if missing[name] == nil { missing[name] = "open" }
        case .lost: missing[name] = gap.reason ?? "unknown"
        case .repaired: break
        }
      }
    }
    return here
  }
}

/// Which reading of which device.
struct ReadingName: Hashable, CustomStringConvertible {
  var device: String
  var boot: Int64
  var seq: Int64

  init(_ device: String, _ boot: Int64, _ seq: Int64) {
    self.device = device
    self.boot = boot
    self.seq = seq
  }

  var description: String { "\(device)/\(boot)/\(seq)" }
}

/// A sink that works as `TimescaleSink` does, step by step, so that the gateway can die between any two.
final class SimulatedSink: RowSink {
  let name = "timescale"
  private let world: World
  private let gateway: GatewayRun
  private let journal: String
  private var isOpen = false
  private var position = SinkPosition(upTo: 0)

  init(_ world: World, _ gateway: GatewayRun, journal: String) {
    self.world = world
    self.gateway = gateway
    self.journal = journal
  }

  func open() throws(SinkError) -> SinkPosition {
    isOpen = false
    try step(.opening)
    guard world.database.isUp else { throw away() }
    isOpen = true
    position = world.database.cursors[journal] ?? SinkPosition(upTo: 0)
    return position
  }

  func deliver(_ rows: [Row], to next: SinkPosition) throws(SinkError) -> Delivery {
    try step(.beforeRows)
    guard isOpen, world.database.isUp, position == world.database.cursors[journal] ?? SinkPosition(upTo: 0) else {
      throw away()
    }
    let refused = rows.indices.filter { Self.refuses(rows[$0]) }
    let wanted = rows.indices.filter { !Self.refuses(rows[$0]) }.map { rows[$0] }
    if world.isBroken(.cursorInTransaction) { world.database.moveCursor(of: journal, to: next) }
    try step(.beforeDatabaseCommit)
    if world.chance.happens(world.intensity) { throw away() }
    // COMMIT: all of it, or the lines above.
    let written = world.database.insert(wanted, unique: !world.isBroken(.uniqueKey))
    world.database.moveCursor(of: journal, to: next)
    world.truth.refuse(refused.map { ReadingName(rows[$0].device, rows[$0].boot, rows[$0].seq) })
    try step(.afterDatabaseCommit)
    // The answer to a COMMIT may get lost.
    if world.chance.happens(world.intensity) { throw away() }
    position = next
    return Delivery(
      written: written, duplicates: wanted.count - written,
      refused: refused.map { ($0, "the database does not like this row") })
  }

  func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap] {
    try step(.beforeLedger)
    guard isOpen, world.database.isUp else { throw away() }
    var found: [Gap] = []
    for gap in gaps {
      let here = world.database.examine(gap)
      if gap.outcome == .open { found += here }
    }
    try step(.afterLedger)
    return found
  }

  func close() { isOpen = false }

  /// Some rows a database refuses for what they are, each time.
  private static func refuses(_ row: Row) -> Bool { row.boot >= 0 && row.seq % 23 == 22 }

  private func step(_ step: Step) throws(SinkError) {
    if gateway.isDead || world.dies(step, gateway) { throw away() }
  }

  private func away() -> SinkError {
    isOpen = false
    return SinkError(.unreachable, "the database is away")
  }
}
