import Node
import Telemetry

/// Readings in flash: records one behind another, none of them changed (protocol/outbox.md). A reading whose bytes went
/// out after it was written gets a second record, which counts.
///
/// Flash wears: nothing is erased before no reading in it is held any more, or before it is full.
public struct SpilledReadings {
  /// The most records: ten sectors of 4 KB.
  public static let bound = 1024

  /// The records.
  public private(set) var bytes: [UInt8] = []
  /// What is in it, and whether as sent.
  private var kept: [UInt64: Bool] = [:]

  /// Holds nothing.
  public init() {}

  /// Holds what was written; a record cut short at the end is none.
  public init(bytes: [UInt8]) {
    self.bytes = Array(bytes.prefix(bytes.count / OutboxRecord.byteCount * OutboxRecord.byteCount))
    for start in stride(from: 0, to: self.bytes.count, by: OutboxRecord.byteCount) {
      let record = self.bytes[start..<start + OutboxRecord.byteCount]
      if let (reading, wasSent) = OutboxRecord.decode(record.span) { kept[Self.key(reading)] = wasSent }
    }
  }

  /// Whether it holds nothing.
  public var isEmpty: Bool { bytes.isEmpty }

  /// Of the readings in it how many an outbox does not hold: they were acknowledged, and will be sent once more.
  public func settled<let capacity: Int>(in outbox: borrowing Outbox<capacity>) -> Int { kept.count - held(by: outbox) }

  /// Of the readings an outbox holds how many are in it.
  public func held<let capacity: Int>(by outbox: borrowing Outbox<capacity>) -> Int {
    var count = 0
    for index in 0..<outbox.count where kept[Self.key(outbox[index])] != nil { count += 1 }
    return count
  }

  /// Writes what the outbox holds and is not in it as it is now.
  public mutating func keep<let capacity: Int>(_ outbox: borrowing Outbox<capacity>) {
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
  public mutating func erase() {
    (bytes, kept) = ([], [:])
  }

  /// Gives a node the readings, each once and in the order they were written.
  public func restore<let capacity: Int>(_ node: inout Node<capacity>) {
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
