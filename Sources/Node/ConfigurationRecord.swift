import Telemetry

/// A configuration and the tag it came with, as a shell keeps it in flash: a version, the values by key, the tag, a
/// checksum (protocol/configuration.md).
///
/// It is the effective configuration, with the old values where new ones were refused: a document kept instead would mean
/// something else after a restart.
public struct TaggedConfiguration: Equatable, Sendable {
  /// The values.
  public var configuration: NodeConfiguration
  /// The document's `ETag`; empty for the built-in configuration.
  public var tag: InlineBytes<64>

  /// A configuration and its tag.
  public init(configuration: NodeConfiguration, tag: InlineBytes<64>) {
    self.configuration = configuration
    self.tag = tag
  }

  /// What a record's first byte says.
  private static var version: UInt8 { 1 }

  /// Writes the record: at most 185 bytes.
  public func encode(into record: inout InlineBytes<192>) {
    record.removeAll()
    record.append(Self.version)
    record.append(UInt8(ConfigurationKey.count))
    for raw in UInt8(0)..<UInt8(ConfigurationKey.count) {
      guard let key = ConfigurationKey(rawValue: raw) else { continue }
      let value = UInt32(bitPattern: configuration[key])
      for byte in 0..<4 { record.append(UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))) }
    }
    record.append(UInt8(tag.count))
    record.append(tag)
    let checksum = record.withSpan { CRC16.checksum($0) }
    record.append(UInt8(truncatingIfNeeded: checksum))
    record.append(UInt8(truncatingIfNeeded: checksum >> 8))
  }

  /// Reads a record. Values that a later firmware no longer takes become the built-in ones, and so do keys the record does
  /// not have yet.
  ///
  /// - Returns: `nil` when it is none: torn, changed, or of another version.
  public init?(record: borrowing Span<UInt8>) {
    guard record.count >= 5, record[0] == Self.version else { return nil }
    let end = record.count - 2
    let checksum = UInt16(record[end]) | UInt16(record[end + 1]) << 8
    guard CRC16.checksum(record.extracting(0..<end)) == checksum else { return nil }
    let keys = Int(record[1])
    let tagStart = 3 + keys * 4
    guard tagStart <= end, Int(record[tagStart - 1]) == end - tagStart, end - tagStart <= 64 else { return nil }
    configuration = NodeConfiguration()
    for index in 0..<min(keys, ConfigurationKey.count) {
      var value: UInt32 = 0
      for byte in 0..<4 { value |= UInt32(record[2 + index * 4 + byte]) << UInt32(byte * 8) }
      if let key = ConfigurationKey(rawValue: UInt8(index)), key.range.contains(Int32(bitPattern: value)) {
        configuration[key] = Int32(bitPattern: value)
      }
    }
    tag = InlineBytes(record.extracting(tagStart..<end))
  }
}
