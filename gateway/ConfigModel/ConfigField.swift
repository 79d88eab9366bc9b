/// One key of the configuration of a device: everything that is known of it, in one place.
public struct ConfigField: Sendable {
  /// What a value may be.
  public enum Kind: Sendable, Equatable {
    /// 0 or 1, or `false` or `true`.
    case flag
    /// A whole number without exponent.
    case integer(ClosedRange<Int64>)
    /// A number in hundredths: both bounds and the value rounded half away from zero.
    case hundredths(ClosedRange<Int64>)
    /// One of some words.
    case word([String])
    /// Text of so many bytes without control characters.
    case text(ClosedRange<Int>)
    /// Empty, or `http://…` or `https://…` of so many bytes at most.
    case url(Int)
    /// A list of at most so many GPIO numbers, none twice.
    case pins(Int)
  }

  /// Which part of a device the key is about; the order is that of the form and of the reference.
  public enum Topic: String, Sendable, CaseIterable {
    /// What it is called.
    case identity = "Identity"
    /// How often it does what.
    case periods = "Periods"
    /// How it reports.
    case reporting = "Reporting"
    /// What its display shows.
    case display = "Display"
    /// What it says of itself.
    case log = "Log"
    /// The fan whose speed is set.
    case pwmFan = "Fan with a speed"
    /// The fans that come on one after the other.
    case stepFans = "Fans in steps"
    /// Which pin is what.
    case wiring = "Wiring"
    /// Where its broker is.
    case broker = "Broker"
    /// Where the former service's web interface is.
    case api = "Web interface of the former service"
  }

  /// Who follows the key.
  public enum Reader: String, Sendable {
    /// Every machine of this project, checked by `Sources/Node` (protocol/configuration.md).
    case core = "device"
    /// The firmware at its start.
    case firmware = "firmware, at its start"
    /// The firmware of the former fleet only.
    case former = "former fleet"
    /// The gateway and its pages only.
    case gateway = "gateway"
  }

  /// The names of the objects around it, and its own.
  public var path: [String]
  /// What a value may be.
  public var kind: Kind
  /// `ms`, `°C`, `%`, `Hz`, `GPIO`; empty where there is none.
  public var unit: String
  /// What holds without it; `nil`: nothing.
  public var standard: JSONValue?
  /// One sentence for a person.
  public var help: String
  /// Which part it belongs to.
  public var topic: Topic
  /// Who follows it.
  public var reader: Reader
  /// Whether it is handed to nobody but its own device.
  public var isSecret: Bool
  /// Whether it may stand only in an entry of `device_list`.
  public var isOfOneDevice: Bool

  /// The path with points between its names.
  public var name: String { path.joined(separator: ".") }

  init(
    _ name: String, _ topic: Topic, _ kind: Kind, unit: String = "", standard: JSONValue? = nil,
    reader: Reader = .core, isSecret: Bool = false, isOfOneDevice: Bool = false, _ help: String
  ) {
    path = name.split(separator: ".").map(String.init)
    self.kind = kind
    self.unit = unit
    self.standard = standard
    self.help = help
    self.topic = topic
    self.reader = reader
    self.isSecret = isSecret
    self.isOfOneDevice = isOfOneDevice
  }
}

extension ConfigField.Kind {
  /// What is right, for a person: "a whole number from 1000 to 86400000".
  public var words: String {
    switch self {
    case .flag: "0 or 1, or true or false"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .hundredths(let range):
      "a number from \(Self.degrees(range.lowerBound)) to \(Self.degrees(range.upperBound)), two decimals"
    case .word(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
    case .text(let range):
      (range.lowerBound == 0 ? "text of at most" : "text of \(range.lowerBound) to") + " \(range.upperBound) bytes"
    case .url(let limit): "empty, or an address that begins with http:// or https://, at most \(limit) bytes"
    case .pins(let limit): "a list of at most \(limit) different whole numbers from 0 to \(Self.lastPin)"
    }
  }

  /// The range alone, for tables.
  public var range: String {
    switch self {
    case .flag: "0…1"
    case .integer(let range): "\(range.lowerBound)…\(range.upperBound)"
    case .hundredths(let range): "\(Self.degrees(range.lowerBound))…\(Self.degrees(range.upperBound)), two decimals"
    case .word(let words): words.map { "`\"\($0)\"`" }.joined(separator: ", ")
    case .text(let range): "text, \(range.lowerBound)…\(range.upperBound) bytes"
    case .url(let limit): "empty, `http://…` or `https://…`, at most \(limit) bytes"
    case .pins(let limit): "list of at most \(limit) of 0…\(Self.lastPin)"
    }
  }

  /// The last GPIO of the RP2040 that a board leads out.
  static let lastPin: Int64 = 28

  private static func degrees(_ hundredths: Int64) -> String {
    let whole = "\(hundredths < 0 ? "−" : "")\(abs(hundredths) / 100)"
    let rest = abs(hundredths) % 100
    return rest == 0 ? whole : whole + (rest < 10 ? ".0\(rest)" : ".\(rest)")
  }
}
