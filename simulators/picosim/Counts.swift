import Foundation
import Synchronization

/// What became of the readings, as a line of `picosim run --machine` tells it: `made=3 sent=3 acknowledged=2 …`.
struct Counts: Equatable, Sendable {
  static let keys = ["made", "sent", "acknowledged", "unsent", "dropped", "lost"]

  var values: [String: Int] = [:]
  /// What a board said of its network.
  var trouble: String?

  /// What a line tells; unknown words are passed over.
  init(line: some StringProtocol) {
    var rest = Substring(line)
    if let range = rest.range(of: " trouble=") {
      trouble = String(rest[range.upperBound...])
      rest = rest[..<range.lowerBound]
    }
    for word in rest.split(separator: " ") {
      let halves = word.split(separator: "=")
      guard halves.count == 2, let value = Int(halves[1]), Self.keys.contains(String(halves[0])) else { continue }
      values[String(halves[0])] = value
    }
  }

  /// The sum of some.
  init(_ parts: [Counts]) {
    for part in parts {
      values.merge(part.values, uniquingKeysWith: +)
      trouble = trouble ?? part.trouble
    }
  }

  /// For a line a second.
  var line: String { words(["made", "sent", "acknowledged", "unsent"]) + (trouble.map { " trouble=\($0)" } ?? "") }

  /// For the last line.
  var summary: String {
    words(["made", "sent", "acknowledged", "unsent", "dropped"])
      + ((values["lost"] ?? 0) > 0 ? " " + words(["lost"]) : "")
  }

  private func words(_ keys: [String]) -> String {
    keys.map { "\($0)=\(values[$0] ?? 0)" }.joined(separator: " ")
  }
}

/// Reads a program's lines from any thread and keeps what the last one told.
final class LineReader: Sendable {
  private struct State {
    var rest: [UInt8] = []
    var counts = Counts([])
  }

  private let state = Mutex(State())

  /// The last line's counts.
  var counts: Counts { state.withLock { $0.counts } }

  /// Takes some bytes.
  func take(_ data: Data) {
    state.withLock { state in
      state.rest += data
      while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
        state.counts = Counts(line: String(decoding: state.rest[..<end], as: UTF8.self))
        state.rest.removeFirst(end + 1)
      }
    }
  }
}
