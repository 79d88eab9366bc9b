import Foundation

/// The count of starts of each device, which a real board keeps in flash.
struct BootCounter {
  private let directory: URL?

  /// Counters in `directory`, which is made if need be.
  ///
  /// - Throws: what the file system says.
  init(directory: String?) throws {
    self.directory = directory.map { URL(filePath: $0, directoryHint: .isDirectory) }
    if let directory = self.directory {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }
  }

  /// Counts a start. Without a directory it is a random number with the top bit set, as on a board whose flash fails.
  func next(device: String) throws -> UInt32 {
    guard let directory else { return UInt32.random(in: 0...UInt32.max) | 0x8000_0000 }
    let file = directory.appending(path: "\(device).boot")
    let last = (try? String(contentsOf: file, encoding: .utf8)).flatMap {
      UInt32($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    let boot = (last ?? 0) + 1
    try Data("\(boot)\n".utf8).write(to: file, options: .atomic)
    return boot
  }
}
