import ConfigModel
public import Logging
import Synchronization

/// The directory that configurations come from: the fleet's document, and any `NAME.json` beside it.
///
/// A file is looked at on every request and read again when it changed. A broken edit changes nothing: the last good
/// document stays, and one line in the log says where the fault is. Of values that a device would refuse the log tells as
/// well; they are handed out all the same, byte for byte as the former server did: the device refuses them one by one.
///
/// ```swift
/// let source = try ConfigurationSource(file: "/etc/martlet/pico_iot_config.json", logger: logger)
/// ```
public final class ConfigurationSource: FleetSource {
  /// The name the fleet asks for, whatever the file is called.
  static let fleetName = "pico_iot_config"

  private struct State {
    var fleet: WatchedDocument
    var others: [String: WatchedDocument] = [:]
  }

  private let state: Mutex<State>
  private let directory: String
  private let fileName: String
  private let logger: Logger

  /// Reads the fleet's document.
  ///
  /// - Throws: `ConfigurationError` with the place and the remedy, when it is missing or broken.
  public init(file: String, logger: Logger) throws(ConfigurationError) {
    var fleet = WatchedDocument(path: file, isFleet: true)
    if case .failure(let error) = fleet.refresh() { throw error }
    for finding in fleet.good?.report.findings.prefix(20) ?? [] { logger.warning("configuration \(file): \(finding)") }
    state = Mutex(State(fleet: fleet))
    let slash = file.lastIndex(of: "/")
    directory = slash.map { String(file[...$0]) } ?? "./"
    let name = slash.map { file[file.index(after: $0)...] } ?? file[...]
    fileName = name.hasSuffix(".json") ? String(name.dropLast(5)) : String(name)
    self.logger = logger
  }

  /// The fleet's document, the newest good one.
  public func current() -> ServedFleet {
    state.withLock { state in
      log(state.fleet.refresh(), of: state.fleet)
      guard let good = state.fleet.good?.fleet else {
        preconditionFailure("init read a good one, and a good one stays")
      }
      return good
    }
  }

  /// The document `NAME.json`, or `nil` where there is no such file.
  ///
  /// - Parameter name: only characters of a device id, so that it cannot leave the directory.
  /// - Throws: `ConfigurationError` when the file never was good since the start.
  public func document(named name: String) throws(ConfigurationError) -> ServedDocument? {
    if name == Self.fleetName || name == fileName { return current().whole }
    guard name.utf8.count <= 64, name.utf8.allSatisfy(DeviceID.isAllowed) else { return nil }
    let outcome: Result<ServedDocument?, ConfigurationError> = state.withLock { state in
      var watched = state.others[name] ?? WatchedDocument(path: "\(directory)\(name).json", isFleet: false)
      let refreshed = watched.refresh()
      if case .failure(let error) = refreshed, error.code == .missing {
        // Only files that are there are remembered: asking for many names must not cost memory.
        state.others[name] = nil
        return .success(nil)
      }
      log(refreshed, of: watched)
      state.others[name] = watched
      if let good = watched.good { return .success(good.document) }
      return watched.fault.map { .failure($0) } ?? .success(nil)
    }
    return try outcome.get()
  }

  private func log(_ outcome: Result<Bool, ConfigurationError>, of watched: WatchedDocument) {
    switch outcome {
    case .success(true):
      logger.info("configuration \(watched.path) was read, etag \(watched.good?.document.etag ?? "")")
      for finding in watched.good?.report.findings.prefix(20) ?? [] {
        logger.warning("configuration \(watched.path): \(finding)")
      }
    case .success(false): break
    case .failure(let error): logger.error("\(error); the last good one stays")
    }
  }
}

/// A file that is read again when it changed.
struct WatchedDocument: Sendable {
  /// One good state of it.
  struct Good: Sendable {
    /// The file as it is.
    var document: ServedDocument
    /// What it means, for the fleet's document.
    var fleet: ServedFleet?
    /// What is to be said against it, for the fleet's document.
    var report = ConfigReport()
  }

  let path: String
  let isFleet: Bool
  /// The newest good one; `nil` until the first.
  private(set) var good: Good?
  /// What is wrong with the file there now.
  private(set) var fault: ConfigurationError?
  private var seen: Result<FileContents.Mark, FileContents.Failure>?

  init(path: String, isFleet: Bool) {
    self.path = path
    self.isFleet = isFleet
  }

  /// Looks at the file.
  ///
  /// - Returns: whether a new document was read, or what is wrong with the new one; the same fault is told only once,
  ///   except that of a file which is not there.
  mutating func refresh() -> Result<Bool, ConfigurationError> {
    let mark = Result { () throws(FileContents.Failure) in try FileContents.mark(of: path) }
    if let seen, seen == mark, fault?.code != .missing || good != nil { return .success(false) }
    seen = mark
    do throws(ConfigurationError) {
      good = try read()
      fault = nil
      return .success(true)
    } catch {
      fault = error
      return .failure(error)
    }
  }

  private mutating func read() throws(ConfigurationError) -> Good {
    let contents: FileContents
    do {
      contents = try FileContents(of: path)
    } catch {
      throw ConfigurationError(error, file: path)
    }
    // The mark of what was read, not of what was there a moment before.
    seen = .success(contents.mark)
    let value: JSONValue
    do {
      value = try JSONValue(parsing: contents.bytes)
    } catch {
      throw ConfigurationError(error, file: path)
    }
    guard isFleet else { return Good(document: ServedDocument(contents.bytes)) }
    do {
      let fleet = ServedFleet(version: nil, bytes: contents.bytes, fleet: try FleetDocument(value))
      return Good(document: fleet.whole, fleet: fleet, report: ConfigCheck.check(value))
    } catch {
      throw ConfigurationError(.wrongShape, file: path, detail: error.detail)
    }
  }
}
