/// A configuration as bytes of a file or of a request: JSON or YAML.
public enum ConfigText {
  /// Far above any fleet's configuration (a device takes about 100 bytes), far below what hurts.
  public static let sizeLimit = 4 * 1024 * 1024

  /// Why bytes are no configuration.
  public struct Unreadable: Error, Equatable, CustomStringConvertible {
    /// With line and column where they are known.
    public var description: String
  }

  /// Reads JSON, or YAML where it is said to be that or does not begin as a JSON object.
  ///
  /// - Throws: too long, not UTF-8, or the syntax error with its place.
  public static func parse(_ bytes: [UInt8], isYAML: Bool = false) throws(Unreadable) -> JSONValue {
    guard bytes.count <= sizeLimit else {
      throw Unreadable(description: "it has \(bytes.count) bytes; at most \(sizeLimit) are taken")
    }
    let first = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if !isYAML, first == nil || first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      do { return try JSONValue(parsing: bytes) } catch { throw Unreadable(description: "\(error)") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Unreadable(description: "it is not UTF-8")
    }
    do { return try ConfigYAML.parse(text) } catch { throw Unreadable(description: "\(error)") }
  }
}
