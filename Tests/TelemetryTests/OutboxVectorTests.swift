import Telemetry
import Testing

/// protocol/vectors/outbox.json, written by hand; the MicroPython core reads the same file.
private struct OutboxVectors: Decodable {
  struct Record: Decodable {
    private enum Key: CodingKey { case name, was_sent, record }

    var name: String
    var was_sent: Bool
    var reading: Reading
    var record: String

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      name = try values.decode(String.self, forKey: .name)
      was_sent = try values.decode(Bool.self, forKey: .was_sent)
      record = try values.decode(String.self, forKey: .record)
      reading = try ReadingVector(from: decoder).reading
    }
  }
  struct NoRecord: Decodable {
    var name: String
    var bytes: String
  }
  var records: [Record]
  var no_records: [NoRecord]
}

@Suite struct OutboxVectorTests {
  private let vectors: OutboxVectors = ReadingVector.file("outbox")

  private func bytes(_ hexadecimal: String) -> [UInt8] {
    hexadecimal.split(separator: " ").map { UInt8($0, radix: 16)! }
  }

  @Test func everyRecordIsWrittenAndRead() {
    for vector in vectors.records {
      let written = OutboxRecord.encode(vector.reading, wasSent: vector.was_sent)
      #expect((0..<OutboxRecord.byteCount).map { written[$0] } == bytes(vector.record), "\(vector.name)")
      let decoded = OutboxRecord.decode(bytes(vector.record).span)
      #expect(decoded?.reading == vector.reading, "\(vector.name)")
      #expect(decoded?.wasSent == vector.was_sent, "\(vector.name)")
    }
  }

  @Test func whatIsNoRecordIsNone() {
    for vector in vectors.no_records {
      let decoded = OutboxRecord.decode(bytes(vector.bytes).span)
      #expect(decoded?.reading == nil, "\(vector.name)")
    }
  }
}
