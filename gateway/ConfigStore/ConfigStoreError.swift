public import ConfigModel
import GRDB

/// Why the store did not do what was asked, and what to do.
public struct ConfigStoreError: Error, Sendable, CustomStringConvertible {
  /// What kind of fault.
  public enum Code: Sendable, Equatable {
    /// The document has faults; they are in the report.
    case refused(ConfigReport)
    /// Somebody else saved meanwhile: the newest version, and what it changed since the expected one.
    case conflict(newest: Int64, changes: [ConfigDiff.Change])
    /// There is no such version.
    case noSuchVersion
    /// There is no such place in the document, or nothing to be done there.
    case noSuchPlace
    /// There is no such file, and none was to be made.
    case missing
    /// Author or note cannot be kept.
    case badNote
    /// Another process holds the file.
    case busy
    /// The file is damaged, or none of ours.
    case corrupt
    /// The system's fault.
    case io
  }

  /// What kind of fault.
  public var code: Code
  /// What is wrong, and what to do.
  public var detail: String

  /// The detail, and the faults of a refused document, a line each.
  public var description: String {
    switch code {
    case .refused(let report):
      ([detail] + report.faults.prefix(20).map { "  \($0.path): \($0.message)" }
        + (report.faultCount > 20 ? ["  and \(report.faultCount - 20) more"] : [])).joined(separator: "\n")
    case .conflict(_, let changes):
      ([detail] + changes.prefix(20).map { "  \($0)" }
        + (changes.count > 20 ? ["  and \(changes.count - 20) more"] : []))
        .joined(separator: "\n")
    case .noSuchVersion, .noSuchPlace, .missing, .badNote, .busy, .corrupt, .io: detail
    }
  }

  /// A fault and what to do.
  public init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  init(_ error: any Error, _ operation: String) {
    guard let error = error as? DatabaseError else {
      self.init(.io, "cannot \(operation): \(error)")
      return
    }
    let words = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.busy, "cannot \(operation): another process writes it; try again")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self.init(.corrupt, "cannot \(operation): \(words); put a copy back, or begin anew with martlet config apply")
    default: self.init(.io, "cannot \(operation): \(words)")
    }
  }
}
