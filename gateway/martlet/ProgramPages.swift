import Foundation
import Glibc
import ServiceLifecycle

/// Lets go, once, of the pages of code that only the start needed: reading settings, opening the journal, migrating.
///
/// Of 25 MB of code that are resident then a gateway at work refers to 7. The kernel would take the rest back where memory
/// is short; on a small machine it is better not to ask for it. Nothing is lost: code is not changed in memory, and what
/// is needed again comes from the page cache or the file.
struct ProgramPages: Service {
  /// After the start, in seconds.
  var delay = 30.0

  func run() async throws {
    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(delay)) }
    if !Task.isShuttingDownGracefully { Self.release() }
    try? await gracefulShutdown()
  }

  /// Gives back the program's own code pages.
  ///
  /// - Returns: the bytes of address space that were given back; 0 where the system does not tell.
  @discardableResult
  static func release() -> Int {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
      let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    else { return 0 }
    var released = 0
    // address-address permissions offset device inode path (proc_pid_maps(5)). Private, never written: only code.
    for line in maps.split(separator: "\n") where line.contains(" r-xp ") && line.hasSuffix(program) {
      let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard ends.count == 2, ends[0] < ends[1], let start = UnsafeMutableRawPointer(bitPattern: ends[0]) else {
        continue
      }
      let count = Int(ends[1] - ends[0])
      if madvise(start, count, MADV_DONTNEED) == 0 { released += count }
    }
    return released
  }
}
