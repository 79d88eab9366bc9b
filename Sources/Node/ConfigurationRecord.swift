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

  /// Writes the record: at most 189 bytes.
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

/// The configuration that was refused last, as a shell keeps it in flash, so that a restart does not try it again: a
/// version, why, the tag, a checksum (protocol/configuration.md).
public struct RefusedConfiguration: Equatable, Sendable {
  /// What came of it.
  public enum Reason: UInt8, Equatable, Sendable {
    /// Another configuration has been taken since.
    case past
    /// The gateway was not reached under it.
    case gatewayNotReached
    /// It is not JSON.
    case notJSON
  }

  /// The document's `ETag`.
  public var tag: InlineBytes<64>
  /// What came of it.
  public var reason: Reason

  /// A refusal.
  public init(tag: InlineBytes<64>, reason: Reason) {
    self.tag = tag
    self.reason = reason
  }

  /// Writes the record: at most 69 bytes.
  public func encode(into record: inout InlineBytes<72>) {
    record.removeAll()
    record.append(1)
    record.append(reason.rawValue)
    record.append(UInt8(tag.count))
    record.append(tag)
    let checksum = record.withSpan { CRC16.checksum($0) }
    record.append(UInt8(truncatingIfNeeded: checksum))
    record.append(UInt8(truncatingIfNeeded: checksum >> 8))
  }

  /// Reads a record.
  ///
  /// - Returns: `nil` when it is none: torn, changed, or of another version.
  public init?(record: borrowing Span<UInt8>) {
    guard record.count >= 5, record.count <= 69, record[0] == 1, Int(record[2]) == record.count - 5,
      let reason = Reason(rawValue: record[1])
    else { return nil }
    let end = record.count - 2
    guard CRC16.checksum(record.extracting(0..<end)) == UInt16(record[end]) | UInt16(record[end + 1]) << 8 else {
      return nil
    }
    self.init(tag: InlineBytes(record.extracting(3..<end)), reason: reason)
  }
}
