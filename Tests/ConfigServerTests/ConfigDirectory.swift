import Foundation
import HTTPTesting
import Hummingbird
import Logging
import Synchronization

@testable import ConfigServer

/// A directory of configurations of one test, and what its server logs.
final class ConfigDirectory {
  let url: URL
  let log = LogLines()

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "martlet-config-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  var mainFile: String { url.appending(path: "pico_iot_config.json").path }

  /// Writes beside and moves, as an editor does: the inode changes, so no test waits for the clock of the disk.
  func write(_ text: String, to name: String = "pico_iot_config.json") throws {
    try Data(text.utf8).write(to: url.appending(path: name), options: .atomic)
  }

  var logger: Logger { Logger(label: "test") { [log] _ in LineHandler(lines: log) } }

  func source() throws -> ConfigurationSource { try ConfigurationSource(file: mainFile, logger: logger) }

  func client() throws -> RouterClient {
    let router = Router(context: DirectContext.self)
    ConfigServer(source: try source()).addRoutes(to: router)
    return RouterClient(router)
  }
}

/// The lines a logger was given.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  func add(_ line: String) {
    lines.withLock { $0.append(line) }
  }

  func errors() -> [String] {
    lines.withLock { $0.filter { $0.hasPrefix("error ") } }
  }
}

private struct LineHandler: LogHandler {
  let lines: LogLines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  init(lines: LogLines) {
    self.lines = lines
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.add("\(event.level) \(event.message)")
  }
}
