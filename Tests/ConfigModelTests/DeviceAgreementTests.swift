import Telemetry
import Testing

@testable import ConfigModel
@testable import Node

/// The gateway refuses exactly what a device would refuse: else a person sees "saved" and the device says "refused".
@Suite struct DeviceAgreementTests {
  @Test func everyKeyOfTheDeviceIsInTheSchemaWithItsRangeAndItsStandard() throws {
    for key in ConfigurationKey.allCases {
      let field = try #require(ConfigSchema.field(path(of: key)), "\(path(of: key))")
      #expect(field.reader == .core)
      let range = Int64(key.range.lowerBound)...Int64(key.range.upperBound)
      var standard = JSONValue.number("\(key.standard)")
      switch field.kind {
      case .flag: #expect(range == 0...1)
      case .integer(let own):
        #expect(own == range, "\(field.name)")
        #expect(key.decimals == 0)
      case .hundredths(let own):
        #expect(own == range, "\(field.name)")
        #expect(key.decimals == 2)
        standard = .number("\(key.standard / 100)")
        #expect(key.standard % 100 == 0)
      case .word(let words):
        #expect(
          words == (0..<5).map { "\(key.words[$0])" }.filter { !$0.isEmpty }.map { String($0.dropFirst().dropLast()) })
        standard = .string(words[Int(key.standard)])
      case .pins(let limit):
        #expect(range == 0...Int64(limit))
        standard = .array([])
      case .text, .url: Issue.record("\(field.name) is text, and no device's key is")
      }
      #expect(field.standard == standard, "\(field.name)")
    }
    #expect(
      ConfigSchema.fields.count { $0.reader == .core && $0.name != "device_id" } == ConfigurationKey.allCases.count)
  }

  /// Values at and beside every edge, and of every wrong kind.
  private static let values =
    [
      "0", "1", "2", "-1", "-0", "4", "8", "9", "99", "100", "101", "499", "500", "999", "1000", "3600000", "3600001",
      "10000", "10001", "86400000", "86400001", "-40", "-40.004", "-40.005", "125", "125.004", "125.005", "50.004",
      "50.005", "-50.005", "1.0", "1e0", "1E3", "0.5", "25.5", "1e400", "-1e-400", "123456789012345678",
      "1234567890123456789", "99999999999999999999", "true", "false", "null", "\"\"", "\"1\"", "\"C\"", "\"F\"",
      "\"c\"", "\"off\"", "\"debug\"", "\"loud\"", "{}", "[]", "[1]", "[1,2,3,4,5,6,7,8]", "[1,2,3,4,5,6,7,8,9]",
      "[\"1\"]", "[[1]]", "[null]",
    ].map { (try? JSONValue(parsing: Array($0.utf8))) ?? .null }

  @Test func theGatewayRefusesAValueWhenAndOnlyWhenTheDeviceDoes() throws {
    for key in ConfigurationKey.allCases {
      let field = try #require(ConfigSchema.field(path(of: key)))
      for value in Self.values {
        var document = JSONValue.object([])
        let isSet = document.set(ConfigPath(path(of: key).map { .key($0) }), to: value)
        #expect(isSet)
        let refused = try refusedKeys(document)
        #expect(
          (field.fault(of: value) != nil) == refused.contains(key),
          "\(field.name) = \(value.compact): the device \(refused.contains(key) ? "refuses" : "takes") it")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func wholeRandomDocumentsAreRefusedAtTheSameKeys(seed: UInt64) throws {
    var chance = SplitMix(state: seed)
    for _ in 0..<250 {
      var document = JSONValue.object([])
      for key in ConfigurationKey.allCases where chance.next() % 2 == 0 {
        let value = Self.values[Int(chance.next() % UInt64(Self.values.count))]
        let isSet = document.set(ConfigPath(path(of: key).map { .key($0) }), to: value)
        #expect(isSet)
      }
      let refused = try refusedKeys(document)
      let report = ConfigCheck.check(.object([JSONValue.Member(key: "device_global_config", value: document)]))
      let faults = Set(
        report.faults.map { $0.path.description.dropFirst("device_global_config.".count) }.map(String.init))
      let expected = ConfigurationKey.allCases.filter(refused.contains).map { path(of: $0).joined(separator: ".") }
      #expect(faults == Set(expected), "seed \(seed): \(document.compact)")
    }
  }

  private func refusedKeys(_ document: JSONValue) throws -> RefusedKeys {
    let bytes = Array(document.compact.utf8)
    var configuration = NodeConfiguration()
    return try configuration.apply(bytes.span)
  }

  private func path(of key: ConfigurationKey) -> [String] {
    var path = ["\(key.name)"]
    var group = key.group
    while group != .root {
      path.insert("\(group.name)", at: 0)
      group = group.parent
    }
    return path
  }
}

/// Steele, Lea and Flood's generator (OOPSLA 2014), so that a seed says the same everywhere.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
