import Foundation

/// What a long command says of itself on standard error: one line that is written over on a terminal, a line now and
/// then elsewhere.
struct Progress {
  private let name: String
  private let isQuiet: Bool
  private let isTerminal = isatty(2) == 1
  private var next = ContinuousClock.now
  private var isOpen = false

  init(_ name: String, isQuiet: Bool) {
    self.name = name
    self.isQuiet = isQuiet
  }

  /// How far it is; most calls print nothing.
  mutating func tell(_ text: String) {
    guard !isQuiet, ContinuousClock.now >= next else { return }
    next = .now + (isTerminal ? .milliseconds(200) : .seconds(5))
    Self.write(isTerminal ? "\r\u{1B}[K\(name): \(text)" : "\(name): \(text)\n")
    isOpen = isTerminal
  }

  /// The last line.
  mutating func finish(_ text: String?) {
    if isOpen { Self.write("\r\u{1B}[K") }
    isOpen = false
    if let text, !isQuiet { Self.write("\(name): \(text)\n") }
  }

  /// A line for a person, quiet or not.
  static func say(_ text: String) { write("martlet: \(text)\n") }

  private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
