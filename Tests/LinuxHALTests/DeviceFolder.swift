import Foundation
import LinuxHAL

/// A folder in place of the machine's `/dev` and `/sys`, deleted at the end.
final class DeviceFolder {
  let files: DeviceFiles
  let root: String

  init() throws {
    root = NSTemporaryDirectory() + "linuxhal-" + UUID().uuidString
    files = DeviceFiles(root: root)
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: root)
  }

  /// Makes a file with its folders.
  func put(_ path: String, _ text: String = "") throws {
    let full = root + path
    try FileManager.default.createDirectory(
      atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: full, atomically: false, encoding: .utf8)
  }

  /// What a file holds. A shorter text leaves the rest of a longer one, as sysfs would not: the first line counts.
  func line(_ path: String) throws -> String {
    let text = try String(contentsOfFile: root + path, encoding: .utf8)
    return String(text.prefix { $0 != "\n" })
  }
}
