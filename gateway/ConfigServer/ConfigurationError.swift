import ConfigModel

/// Why a configuration cannot be served, and what to do.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of fault.
  public enum Code: Sendable, Equatable {
    /// There is no such file.
    case missing
    /// It is there and cannot be read.
    case unreadable
    /// It is not JSON.
    case notJSON
    /// It is JSON, but not a fleet's configuration.
    case wrongShape
  }

  /// What kind of fault.
  public var code: Code
  /// The file.
  public var file: String
  /// The line of the fault, from 1, where one is known.
  public var line: Int?
  /// The column of the fault, in bytes from 1, where one is known.
  public var column: Int?
  /// What is wrong.
  public var detail: String

  /// What to do about it.
  public var remedy: String {
    switch code {
    case .missing: "name the right file, or begin with gateway/ConfigServer/example/pico_iot_config.json"
    case .unreadable: "let the gateway's user read the file"
    case .notJSON: "mend that place; `python3 -m json.tool < FILE` checks a file"
    case .wrongShape: "compare with gateway/ConfigServer/example/pico_iot_config.json"
    }
  }

  /// One line: file, place, fault, remedy.
  public var description: String {
    let place = line.map { ":\($0)" + (column.map { ":\($0)" } ?? "") } ?? ""
    return "configuration \(file)\(place): \(detail); \(remedy)"
  }

  init(_ code: Code, file: String, line: Int? = nil, column: Int? = nil, detail: String) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.detail = detail
  }

  init(_ failure: FileContents.Failure, file: String) {
    self.init(failure.isMissing ? .missing : .unreadable, file: file, detail: failure.words)
  }

  init(_ error: JSONSyntaxError, file: String) {
    self.init(.notJSON, file: file, line: error.line, column: error.column, detail: error.reason)
  }
}
