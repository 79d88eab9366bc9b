import GatewayCore

/// What really happened, as nobody in the system knows it whole.
final class Truth: @unchecked Sendable {
  /// Readings of version 2 that were made, and whether their time can be believed.
  private(set) var made: [ReadingName: Bool] = [:]
  private var order: [ReadingName] = []
  /// Of those, what an acknowledgement named.
  private(set) var acknowledged: Set<ReadingName> = []
  /// Messages of version 1 by number, with the name they have in the database.
  private(set) var former: [Int: ReadingName] = [:]
  /// Messages of version 1 that the broker acknowledged and lost: nobody can bring them back.
  private(set) var excused: Set<Int> = []
  /// Rows the database refused, and those whose letter was kept.
  private(set) var refused: Set<ReadingName> = []
  private(set) var letters: Set<ReadingName> = []
  /// Boots whose beginning the journal can know: it had heard of a lower boot of the device, and of no higher one.
  private(set) var known: Set<ReadingName> = []
  private var highestBoot: [String: Int64] = [:]
  /// The highest number of each boot (as `seq`) that reached the journal.
  private(set) var reached: [ReadingName: Int64] = [:]

  func make(_ name: ReadingName, isDated: Bool) {
    made[name] = isDated
    order.append(name)
  }

  func make(former number: Int, _ payload: [UInt8]) {
    former[number] = ReadingName(SimulatedFormerDevice.name, -1, Self.hash(payload))
  }

  /// The identity of a version-1 message (protocol/payload.md): written anew here, so that a fault in the gateway's own
  /// shows. FNV-1a, 64 bits, the last bit dropped.
  private static func hash(_ bytes: [UInt8]) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int64(hash >> 1)
  }

  func acknowledge(_ name: ReadingName) { acknowledged.insert(name) }

  func excuse(former number: Int) { excused.insert(number) }

  /// The database refused rows. One that came again after its letter needs a letter anew: the ledger took it for arrived.
  func refuse(_ names: [ReadingName]) {
    refused.formUnion(names)
    letters.subtract(names)
  }

  func keepLetter(_ name: ReadingName) { letters.insert(name) }

  /// A batch became durable.
  func begin(_ batch: Batch) {
    let arrived =
      batch.deadLetters.compactMap(\.loss).map { ($0.device, $0.boot, $0.seqs.upperBound) }
      + batch.entries.filter { $0.boot >= 0 }.map { ($0.device, $0.boot, $0.seq) }
    let before = highestBoot
    for (device, boot, seq) in arrived {
      let name = ReadingName(device, boot, 0)
      if reached[name] == nil, let highest = before[device], highest < boot, highestBoot[device] == highest {
        known.insert(name)
      }
      reached[name] = max(reached[name] ?? 0, seq)
    }
    for (device, boot, _) in arrived { highestBoot[device] = max(highestBoot[device] ?? 0, boot) }
  }

  // MARK: The verdict

  /// Compares everything; each line is a violation.
  func violations(of database: SimulatedDatabase, ledger: [Gap], limit: Int = 10) -> [String] {
    var lines: [String] = []
    func note(_ text: @autoclosure () -> String) { if lines.count < limit { lines.append(text()) } }
    var lost: [ReadingName: String] = [:]
    for gap in ledger where gap.outcome != .repaired {
      for seq in gap.seqs { lost[ReadingName(gap.device, gap.boot, seq)] = gap.reason ?? "open" }
    }
    for name in order {
      let isDated = made[name] ?? true
      let copies = database.copies[name] ?? 0
      if copies > 1 { note("\(name) is in the database \(copies) times") }
      let isGone = refused.contains(name) || !isDated
      if copies == 0, acknowledged.contains(name), !isGone { note("\(name) was acknowledged and is missing") }
      if copies > 0, !isDated { note("\(name) has an impossible time and is in the database") }
      // The ledger: what arrived is not missed, what did not is known to be missing.
      let boot = ReadingName(name.device, name.boot, 0)
      if copies > 0, let reason = lost[name] { note("\(name) is in the database and the ledger says \(reason)") }
      if copies > 0, let reason = database.missing[name] {
        note("\(name) is there and the database's ledger says \(reason)")
      }
      if copies == 0, known.contains(boot), name.seq < reached[boot] ?? 0 {
        // A kill between the database's COMMIT and the letter leaves a refused row that nobody tells of: documented in
        // SinkRunner.
        if refused.contains(name), !letters.contains(name) { continue }
        if lost[name] == nil { note("\(name) is missing and the ledger does not know") }
        if database.missing[name] == nil { note("\(name) is missing and the database's ledger does not know") }
      }
      if !isDated, acknowledged.contains(name), lost[name]?.hasPrefix("gateway: impossible-time") != true {
        note("\(name) had an impossible time and the ledger says \(lost[name] ?? "nothing")")
      }
    }
    for name in lost.keys where made[name] == nil { note("the ledger misses \(name), which nobody made") }
    var formerNames: Set<ReadingName> = []
    for (number, name) in former.sorted(by: { $0.key < $1.key }) {
      formerNames.insert(name)
      let copies = database.copies[name] ?? 0
      if copies > 1 { note("version-1 message \(number) is in the database \(copies) times") }
      if copies == 0, !excused.contains(number) { note("version-1 message \(number) was acknowledged and is missing") }
    }
    for name in database.copies.keys where made[name] == nil && !formerNames.contains(name) {
      note("\(name) is in the database and nobody made it")
    }
    return lines
  }
}
