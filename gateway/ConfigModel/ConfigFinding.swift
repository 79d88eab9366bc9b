/// What is to be said against one place of a configuration.
public struct ConfigFinding: Sendable, Equatable, CustomStringConvertible {
  /// How grave it is.
  public enum Severity: String, Sendable {
    /// A device would refuse it: the document is not taken.
    case fault
    /// It is taken, and kept, but is probably not what was meant.
    case warning
  }

  /// Where.
  public var path: ConfigPath
  /// How grave.
  public var severity: Severity
  /// What is wrong and what would be right.
  public var message: String

  /// Place and message.
  public var description: String { "\(severity.rawValue): \(path): \(message)" }
}

/// Everything that is to be said against a document.
public struct ConfigReport: Sendable, Equatable {
  /// At most this many are told one by one; of a hostile document the rest is only counted.
  public static let findingLimit = 1000

  /// In the order of the document.
  public private(set) var findings: [ConfigFinding] = []
  /// How many faults there are, also beyond the limit.
  public private(set) var faultCount = 0
  /// How many warnings there are, also beyond the limit.
  public private(set) var warningCount = 0

  /// The faults that are told.
  public var faults: [ConfigFinding] { findings.filter { $0.severity == .fault } }
  /// The warnings that are told.
  public var warnings: [ConfigFinding] { findings.filter { $0.severity == .warning } }
  /// Whether the document may be taken.
  public var isGood: Bool { faultCount == 0 }

  /// Nothing to say.
  public init() {}

  mutating func fault(_ path: ConfigPath, _ message: String) {
    faultCount += 1
    add(ConfigFinding(path: path, severity: .fault, message: message))
  }

  mutating func warn(_ path: ConfigPath, _ message: String) {
    warningCount += 1
    add(ConfigFinding(path: path, severity: .warning, message: message))
  }

  mutating func add(_ other: ConfigReport, except messages: Set<String>) {
    for finding in other.findings where !messages.contains(finding.message) {
      switch finding.severity {
      case .fault: fault(finding.path, finding.message)
      case .warning: warn(finding.path, finding.message)
      }
    }
  }

  private mutating func add(_ finding: ConfigFinding) {
    if findings.count < Self.findingLimit { findings.append(finding) }
  }
}
