import Foundation

/// A folder for a journal, removed with the test.
final class JournalFolder {
  private let url = FileManager.default.temporaryDirectory.appending(path: "martlet-ingest-\(UUID().uuidString)")

  init() { try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  var file: String { url.appending(path: "journal.sqlite").path(percentEncoded: false) }

  deinit { try? FileManager.default.removeItem(at: url) }
}
