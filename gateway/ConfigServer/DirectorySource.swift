import ConfigModel
public import Logging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The fleet's configuration out of a directory that somebody else writes: a repository's clone, a mounted ConfigMap.
///
/// ```text
/// fleet.yaml            the document (or fleet.json, or pico_iot_config.json)
/// devices/Attic06.yaml  an entry of device_list each (or .json); device_id is the file's name
/// ```
///
/// It is read only. `refresh` looks for changes; a state with a fault in any file is refused as a whole, each fault is
/// logged with its file, and the last good state stays.
public final class DirectorySource: FleetSource {
  /// Why the directory cannot be used.
  public struct Fault: Error, Equatable, CustomStringConvertible {
    /// A line for each fault: file, place, what is wrong.
    public var lines: [String]
    /// The lines.
    public var description: String { lines.joined(separator: "\n") }
  }

  private struct State {
    var fleet: ServedFleet
    var marks: [String: FileContents.Mark]
    var told: Fault?
  }

  private static let names = ["fleet.yaml", "fleet.yml", "fleet.json", "pico_iot_config.json"]
  /// As many devices as a fleet may have.
  private static let fileLimit = 20_000

  private let path: String
  private let logger: Logger
  private let state: Mutex<State>

  /// Reads the directory.
  ///
  /// - Throws: every fault; there is no last good state yet.
  public init(path: String, logger: Logger) throws(Fault) {
    self.path = path
    self.logger = logger
    let (files, marks) = try Self.look(path)
    state = Mutex(State(fleet: try Self.read(path, files, logger), marks: marks, told: nil))
  }

  /// See `FleetSource`.
  public func current() -> ServedFleet { state.withLock { $0.fleet } }

  /// See `FleetSource`: only the fleet's document.
  public func document(named name: String) -> ServedDocument? {
    name == ConfigurationSource.fleetName ? current().whole : nil
  }

  /// Takes in what changed.
  ///
  /// - Returns: whether there is something new.
  @discardableResult
  public func refresh() -> Bool {
    state.withLock { state in
      do throws(Fault) {
        let (files, marks) = try Self.look(path)
        if marks == state.marks { return false }
        state.marks = marks
        let new = try Self.read(path, files, logger)
        state.told = nil
        guard new.whole.etag != state.fleet.whole.etag else { return false }
        state.fleet = new
        logger.info("configuration \(path) was read, etag \(new.whole.etag)")
        return true
      } catch {
        if state.told != error {
          for line in error.lines.prefix(20) { logger.error("configuration \(line)") }
          logger.error("the last good configuration stays until \(path) is mended")
        }
        state.told = error
        return false
      }
    }
  }

  /// The files that count, and by what their changes show.
  private static func look(_ path: String) throws(Fault) -> (files: [String], marks: [String: FileContents.Mark]) {
    var files: [String] = []
    let present = names.filter { (try? FileContents.mark(of: "\(path)/\($0)")) != nil }
    guard let main = present.first else {
      throw Fault(lines: ["\(path): there is no fleet.yaml, fleet.json or pico_iot_config.json in it"])
    }
    guard present.count == 1 else {
      throw Fault(lines: ["\(path): \(present.joined(separator: " and ")) are both there; keep one"])
    }
    files.append(main)
    let devices = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/devices")) ?? []
    files += devices.filter { isDocument($0) }.sorted().prefix(fileLimit).map { "devices/\($0)" }
    var marks: [String: FileContents.Mark] = [:]
    for file in files {
      do throws(FileContents.Failure) { marks[file] = try FileContents.mark(of: "\(path)/\(file)") } catch {
        throw Fault(lines: ["\(path)/\(file): \(error.words)"])
      }
    }
    return (files, marks)
  }

  /// What begins with a point is an editor's or the file system's own.
  private static func isDocument(_ name: String) -> Bool {
    !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json"))
  }

  private static func read(_ path: String, _ files: [String], _ logger: Logger) throws(Fault) -> ServedFleet {
    var faults: [String] = []
    var document = JSONValue.object([])
    /// Which file each entry of `device_list` came from, where it is one of its own.
    var origin: [Int: String] = [:]
    for file in files {
      let value: JSONValue
      do {
        let contents = try FileContents(of: "\(path)/\(file)")
        value = try ConfigText.parse(contents.bytes, isYAML: !file.hasSuffix(".json"))
      } catch {
        faults.append("\(path)/\(file): \((error as? FileContents.Failure)?.words ?? "\(error)")")
        continue
      }
      guard file.hasPrefix("devices/") else {
        document = value
        continue
      }
      guard let members = value.members else {
        faults.append("\(path)/\(file): it is \(value.kind); it must be an object, the entry of one device")
        continue
      }
      let id = String(file.dropFirst("devices/".count).prefix { $0 != "." })
      if let own = value["device_id"], own != .string(id) {
        faults.append("\(path)/\(file): device_id: it is not \(id), the file's name")
        continue
      }
      var entries = document["device_list"]?.elements ?? []
      origin[entries.count] = file
      entries.append(
        .object([JSONValue.Member(key: "device_id", value: .string(id))] + members.filter { $0.key != "device_id" }))
      if !document.set(ConfigPath([.key("device_list")]), to: .array(entries)) {
        faults.append("\(path)/\(files[0]): it is \(document.kind); it must be an object")
        break
      }
    }
    let report = ConfigCheck.check(document)
    func line(_ finding: ConfigFinding) -> String {
      var place = finding.path
      var file = files[0]
      if case .key("device_list")? = place.steps.first, case .index(let index)? = place.steps.dropFirst().first,
        let own = origin[index]
      {
        file = own
        place = ConfigPath(Array(place.steps.dropFirst(2)))
      }
      return "\(path)/\(file): \(place): \(finding.message)"
    }
    faults += report.faults.map(line)
    guard faults.isEmpty else { throw Fault(lines: faults) }
    for warning in report.warnings.prefix(20) { logger.warning("configuration \(line(warning))") }
    do {
      return ServedFleet(
        version: nil, bytes: Array(document.withoutSecretsOfDevices.pretty.utf8), fleet: try FleetDocument(document))
    } catch {
      throw Fault(lines: ["\(path): \(error.detail)"])
    }
  }
}
