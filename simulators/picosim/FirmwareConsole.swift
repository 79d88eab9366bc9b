import Foundation
import Synchronization

/// What a simulated firmware says: kept in a file, and read for the line in which it tells what became of its readings.
///
/// The firmware writes that line between two steps, and the file has it before the board is asked anything else. So a
/// board whose plug is pulled right after the line, before it is answered again, had made and kept just what it said.
final class FirmwareConsole: Sendable {
  /// Where it goes.
  let handle: FileHandle
  /// The readings that wait in the board's flash.
  private let outbox: URL

  private struct State {
    var position: UInt64 = 0
    var rest: [UInt8] = []
    var before: [String: Int] = [:]
    var now: [String: Int] = [:]
    var lost = 0
  }
  private let file: FileHandle
  private let state = Mutex(State())

  /// The console of the board whose flash is `flash`.
  ///
  /// - Throws: what the file system says.
  init(flash: URL) throws {
    let path = flash.appending(path: "console.log").path
    guard
      FileManager.default.createFile(atPath: path, contents: nil) || FileManager.default.isWritableFile(atPath: path)
    else { throw CocoaError(.fileWriteNoPermission) }
    handle = try FileHandle(forUpdating: URL(filePath: path))
    try handle.seekToEnd()
    file = try FileHandle(forReadingFrom: URL(filePath: path))
    outbox = flash.appending(path: "state/outbox")
  }

  /// Reads what is new.
  ///
  /// - Returns: whether the firmware has just told what became of its readings.
  @discardableResult
  func look() -> Bool {
    state.withLock { state in
      guard let data = try? file.readToEnd(), !data.isEmpty else { return false }
      state.rest += data
      var isFresh = false
      while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: state.rest[..<end], as: UTF8.self)
        state.rest.removeFirst(end + 1)
        guard let counts = Self.counts(in: line) else { continue }
        state.now = counts
        isFresh = true
      }
      return isFresh
    }
  }

  /// A firmware starts: it counts from 0 again.
  func begins() {
    state.withLock { state in
      state.before.merge(state.now, uniquingKeysWith: +)
      state.before["unsent"] = 0
      state.now = [:]
    }
  }

  /// The board loses what waits in its RAM.
  func losesMemory() {
    state.withLock { state in
      state.lost += state.now["unsent"] ?? 0
      state.now["unsent"] = 0
    }
  }

  /// Whether nothing waits, neither in RAM nor in flash.
  var isEmpty: Bool {
    let kept = (try? FileManager.default.contentsOfDirectory(atPath: outbox.path)) ?? []
    return state.withLock { $0.now["unsent"] == 0 } && !kept.contains { $0.hasSuffix(".q") }
  }

  /// What became of the readings of all its starts. `lost` were in RAM when the supply went; the gateway may have some of
  /// them, whose acknowledgement was under way.
  var counts: Counts {
    state.withLock { state in
      var counts = Counts([])
      counts.values = state.before.merging(state.now, uniquingKeysWith: +)
      counts.values["lost"] = state.lost
      return counts
    }
  }

  /// The counts in `martlet info up 5 s: made 3 sent 3 acknowledged 2 unsent 1 dropped 0; heap …`, or `nil`.
  static func counts(in line: String) -> [String: Int]? {
    guard line.hasPrefix("martlet info up "), let words = line.split(separator: ":", maxSplits: 1).last else {
      return nil
    }
    let parts = words.prefix { $0 != ";" }.split(separator: " ")
    var counts: [String: Int] = [:]
    for index in stride(from: 0, to: parts.count - 1, by: 2) { counts[String(parts[index])] = Int(parts[index + 1]) }
    return counts["made"] == nil ? nil : counts
  }
}
