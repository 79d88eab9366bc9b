import ConfigModel
import ConfigStore
import Foundation

/// A store of one test, in a folder that goes with it.
final class StoreFolder {
  let url: URL
  let store: ConfigStore

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "martlet-config-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    store = try ConfigStore(path: url.appending(path: "config.sqlite").path)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A second opening of the same file, as another process has it.
  func again() throws -> ConfigStore { try ConfigStore(path: store.path, make: false) }

  @discardableResult
  func save(_ text: String, by author: String = "Ada", expecting: Int64? = nil, at time: Int64 = 1) throws
    -> ConfigSaved
  {
    try store.save(
      try JSONValue(parsing: Array(text.utf8)), author: author, note: "", at: time, expecting: expecting)
  }
}
