import Node
import Telemetry

/// A board's flash: what a power cut and a restart leave. The count of starts is kept apart (`BootCounter`), because it
/// must outlive this program too.
struct SimulatedFlash {
  /// The last good configuration, as `TaggedConfiguration.encode` writes it.
  private(set) var lastGood: [UInt8] = []
  /// The configuration on trial.
  private(set) var candidate: [UInt8] = []
  /// What was refused last.
  private(set) var refused: [UInt8] = []
  /// The flight record of the life under way or of the last one.
  private(set) var flight: [UInt8] = []
  /// The readings.
  var outbox = SpilledReadings()

  /// Keeps what the node says is to be kept of its configurations.
  mutating func keepConfiguration<let capacity: Int>(_ node: borrowing Node<capacity>) {
    lastGood = Self.record(node.lastGoodConfiguration)
    candidate = node.candidateConfiguration.map(Self.record) ?? []
    var record = InlineBytes<72>()
    node.refusedConfiguration?.encode(into: &record)
    refused = record.array
  }

  /// Keeps the flight record as it is now.
  mutating func keepFlightRecord<let capacity: Int>(_ node: borrowing Node<capacity>) {
    var record = InlineBytes<95>()
    node.flight.encode(into: &record)
    flight = record.array
  }

  /// Gives a node that has not been stepped yet what an earlier life left. The flight record is for its `init`.
  func restore<let capacity: Int>(_ node: inout Node<capacity>) {
    node.restore(
      lastGood: TaggedConfiguration(record: lastGood.span), candidate: TaggedConfiguration(record: candidate.span),
      refused: RefusedConfiguration(record: refused.span))
    outbox.restore(&node)
  }

  private static func record(_ configuration: TaggedConfiguration) -> [UInt8] {
    var record = InlineBytes<192>()
    configuration.encode(into: &record)
    return record.array
  }
}

/// Readings in flash: records one behind another, none of them changed (protocol/outbox.md). A reading whose bytes went
/// out after it was written gets a second record, which counts.
///
/// Flash wears: nothing is erased before no reading in it is held any more, or before it is full.
struct SpilledReadings {
  /// The most records: ten sectors of 4 KB.
  static let bound = 1024

  private(set) var bytes: [UInt8] = []
  /// What is in it, and whether as sent.
  private var kept: [UInt64: Bool] = [:]

  /// Whether it holds nothing.
  var isEmpty: Bool { bytes.isEmpty }

  /// Of the readings in it how many an outbox does not hold: they were acknowledged, and will be sent once more.
  func settled<let capacity: Int>(in outbox: borrowing Outbox<capacity>) -> Int { kept.count - held(by: outbox) }

  /// Of the readings an outbox holds how many are in it.
  func held<let capacity: Int>(by outbox: borrowing Outbox<capacity>) -> Int {
    var count = 0
    for index in 0..<outbox.count where kept[Self.key(outbox[index])] != nil { count += 1 }
    return count
  }

  /// Writes what the outbox holds and is not in it as it is now.
  mutating func keep<let capacity: Int>(_ outbox: borrowing Outbox<capacity>) {
    // Each reading takes two places at most.
    if bytes.count + 2 * outbox.count * OutboxRecord.byteCount > Self.bound * OutboxRecord.byteCount { erase() }
    for index in 0..<outbox.count {
      let record = outbox.record(at: index)
      guard let (reading, wasSent) = OutboxRecord.decode(record.span) else { continue }
      let name = Self.key(reading)
      guard kept[name] != wasSent else { continue }
      for byte in 0..<OutboxRecord.byteCount { bytes.append(record[byte]) }
      kept[name] = wasSent
    }
  }

  /// Erases everything.
  mutating func erase() {
    (bytes, kept) = ([], [:])
  }

  /// Gives a node the readings, each once and in the order they were written.
  func restore<let capacity: Int>(_ node: inout Node<capacity>) {
    var latest: [UInt64: Int] = [:]
    let names = stride(from: 0, to: bytes.count, by: OutboxRecord.byteCount).map { start in
      OutboxRecord.decode(bytes[start..<start + OutboxRecord.byteCount].span).map { Self.key($0.reading) }
    }
    for (index, name) in names.enumerated() { if let name { latest[name] = index } }
    var done: Set<UInt64> = []
    for name in names {
      guard let name, done.insert(name).inserted, let index = latest[name] else { continue }
      let start = index * OutboxRecord.byteCount
      node.restore(bytes[start..<start + OutboxRecord.byteCount].span)
    }
  }

  private static func key(_ reading: Reading) -> UInt64 { UInt64(reading.boot) << 32 | UInt64(reading.seq) }
}
