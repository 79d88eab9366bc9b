import Foundation
import Node
import Telemetry
import Testing

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

private func load<T: Decodable>(_ name: String, _ type: T.Type) -> T {
  try! JSONDecoder().decode(type, from: Data(contentsOf: root.appending(path: "protocol/vectors/\(name).json")))
}

private func bytes(_ hexadecimal: String) -> [UInt8] { hexadecimal.split(separator: " ").map { UInt8($0, radix: 16)! } }

private func inline<let capacity: Int>(_ text: String) -> InlineBytes<capacity> { InlineBytes(Array(text.utf8).span) }

private func path(_ key: ConfigurationKey) -> String {
  var (path, group) = (key.name.description, key.group)
  while group != .root {
    path = "\(group.name).\(path)"
    group = group.parent
  }
  return path
}

private func configuration(_ values: [String: Int32]) -> NodeConfiguration {
  var configuration = NodeConfiguration()
  for key in ConfigurationKey.allCases {
    if let value = values[path(key)] { configuration[key] = value }
  }
  return configuration
}

/// protocol/vectors/configuration.json, written by hand; the MicroPython core reads the same file.
private struct ConfigurationVectors: Decodable {
  struct Document: Decodable {
    var name: String
    var document: String
    var values: [String: Int32]
    var refused: [String]
  }
  struct NotJSON: Decodable {
    var document: String
    var offset: Int
  }
  struct Record: Decodable {
    var name: String
    var tag: String
    var values: [String: Int32]
    var record: String
  }
  var documents: [Document]
  var not_json: [NotJSON]
  struct Refusal: Decodable {
    var name: String
    var tag: String
    var reason: String
    var record: String
  }
  var records: [Record]
  var no_records: [String]
  var refusals: [Refusal]
  var no_refusals: [String]
}

@Suite struct ConfigurationVectorTests {
  private let vectors = load("configuration", ConfigurationVectors.self)

  @Test func everyDocumentIsTakenAsItSays() throws {
    for vector in vectors.documents {
      var taken = NodeConfiguration()
      let refused = try taken.apply(Array(vector.document.utf8).span)
      #expect(taken == configuration(vector.values), "\(vector.name)")
      let paths = ConfigurationKey.allCases.filter { refused.contains($0) }.map(path)
      #expect(paths.sorted() == vector.refused.sorted(), "\(vector.name)")
    }
  }

  @Test func whatIsNotJSONIsSoAtTheByteItSays() {
    for vector in vectors.not_json {
      var taken = NodeConfiguration()
      do throws(JSONError) {
        _ = try taken.apply(Array(vector.document.utf8).span)
        Issue.record("taken: \(vector.document)")
      } catch {
        #expect(error.offset == vector.offset, "\(vector.document)")
      }
    }
  }

  @Test func everyRecordIsReadAndWritten() throws {
    for vector in vectors.records {
      let record = bytes(vector.record)
      let tagged = TaggedConfiguration(record: record.span)
      let expected = TaggedConfiguration(configuration: configuration(vector.values), tag: inline(vector.tag))
      #expect(tagged == expected, "\(vector.name)")
      guard record.count == 125 + vector.tag.utf8.count, !vector.name.contains("taken no more") else { continue }
      var written = InlineBytes<192>()
      expected.encode(into: &written)
      #expect((0..<written.count).map { written[$0] } == record, "\(vector.name)")
    }
    for text in vectors.no_records {
      let isNone = TaggedConfiguration(record: bytes(text).span) == nil
      #expect(isNone, "\(text)")
    }
  }

  @Test func everyRecordOfARefusalIsReadAndWritten() {
    let reasons: [String: RefusedConfiguration.Reason] = [
      "past": .past, "gateway-not-reached": .gatewayNotReached, "not-json": .notJSON,
    ]
    for vector in vectors.refusals {
      let record = bytes(vector.record)
      let expected = RefusedConfiguration(tag: inline(vector.tag), reason: reasons[vector.reason]!)
      #expect(RefusedConfiguration(record: record.span) == expected, "\(vector.name)")
      var written = InlineBytes<72>()
      expected.encode(into: &written)
      #expect((0..<written.count).map { written[$0] } == record, "\(vector.name)")
    }
    for text in vectors.no_refusals {
      let isNone = RefusedConfiguration(record: bytes(text).span) == nil
      #expect(isNone, "\(text)")
    }
  }
}

/// protocol/vectors/flight-record.json, written by hand; the MicroPython core reads the same file.
private struct FlightVectors: Decodable {
  struct Record: Decodable {
    var name: String
    var boot: UInt32
    var uptime_s: UInt32
    var ended_by: String
    var record: String
    var message: String
  }
  var records: [Record]
  var no_records: [String]
}

@Suite struct FlightVectorTests {
  private let vectors = load("flight-record", FlightVectors.self)

  @Test func everyRecordIsReadWrittenAndTold() {
    for vector in vectors.records {
      let record = bytes(vector.record)
      guard let life = FlightRecord(record: record.span) else {
        Issue.record("no record: \(vector.name)")
        continue
      }
      #expect(life.boot == vector.boot && life.uptimeSeconds == vector.uptime_s)
      var written = InlineBytes<95>()
      life.encode(into: &written)
      #expect((0..<written.count).map { written[$0] } == record, "\(vector.name)")
      let cause = ResetCause.allCases.first { $0.name.description == vector.ended_by }!
      let stage = Stage(cause: cause, previous: life)
      stage.step()
      #expect(stage.logs().first == vector.message)
    }
    for text in vectors.no_records {
      let isNone = FlightRecord(record: bytes(text).span) == nil
      #expect(isNone, "\(text)")
    }
  }
}

/// protocol/vectors/commands.json, written by hand; the MicroPython core reads the same file.
private struct CommandVectors: Decodable {
  struct Command: Decodable {
    var text: String
    var id: String
    var cmd: String?
  }
  var commands: [Command]
  var no_commands: [String]
}

@Suite struct CommandVectorTests {
  private let vectors = load("commands", CommandVectors.self)

  @Test func everyCommandIsAnsweredByItsNameAndId() {
    for vector in vectors.commands {
      let stage = Stage()
      stage.advance(2000)
      #expect(stage.command(vector.text), "\(vector.text)")
      stage.advance(20)
      let start = #"{"id":"\#(vector.id)","# + (vector.cmd.map { #""cmd":"\#($0)","ok":true"# } ?? #""ok":false"#)
      #expect(stage.answers().first?.hasPrefix(start) == true, "\(vector.text)")
    }
    for text in vectors.no_commands {
      let stage = Stage()
      stage.step()
      #expect(!stage.command(text), "\(text)")
    }
  }
}
