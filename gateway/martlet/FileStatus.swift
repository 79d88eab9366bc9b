import Foundation

/// Whether a file is there, without opening it: a journal that does not exist must not be made by looking.
enum FileStatus {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
