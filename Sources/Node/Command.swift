import Telemetry

/// What a device may be asked on `<base>/<id>/cmd` (protocol/topics.md).
public enum Command: UInt8, Equatable, Sendable, CaseIterable {
  /// Blink and show who you are, for 30 s.
  case identify
  /// Measure now and publish it.
  case read
  /// Start again.
  case restart
  /// Send the picture on the display.
  case screen
  /// Fetch the configuration.
  case config

  /// The name on the wire.
  public var name: StaticString {
    switch self {
    case .identify: "identify"
    case .read: "read"
    case .restart: "restart"
    case .screen: "screen"
    case .config: "config"
    }
  }

  static func named(_ name: JSONSlice, in text: borrowing Span<UInt8>) -> Command? {
    for raw in UInt8(0)...Command.config.rawValue {
      if let command = Command(rawValue: raw), name.matches(command.name, in: text) { return command }
    }
    return nil
  }
}

/// A command that waits for its answer.
struct PendingCommand: Sendable {
  /// Why a command is not carried out, by its name on the wire.
  enum Failure: UInt8, Sendable {
    case unknownCommand, disabled

    var name: StaticString {
      switch self {
      case .unknownCommand: "unknown-command"
      case .disabled: "disabled"
      }
    }
  }

  var id = InlineBytes<32>()
  /// `nil` for one there is not.
  var command: Command?
  var failure: Failure?
  /// The answer can go out.
  var isReady = true
  /// Of `screen`: the next part, from 0.
  var part = 0
  /// Of `read`: the reading that was made.
  var seq: UInt32 = 0
}

/// The commands that were taken: at most two wait for their answers, and the last eight ids are remembered, so that a
/// command which a broker delivers twice is carried out and answered once.
struct CommandQueue: Sendable {
  static var bound: Int { 2 }

  private(set) var count = 0
  /// Those that wait are the first `count`. Read in place: a copy of each would be code and stack.
  var waiting = InlineArray<2, PendingCommand>(repeating: PendingCommand())
  /// Of each id its FNV-1a hash; 0 none.
  private var seen = InlineArray<8, UInt32>(repeating: 0)
  private var oldest = 0

  /// Reads a command.
  ///
  /// - Returns: `false` where the text is no command with an id of 1 to 32 bytes.
  static func read(_ text: borrowing Span<UInt8>, into pending: inout PendingCommand) throws(JSONError) -> Bool {
    var cursor = JSONCursor()
    var isNamed = false
    guard try cursor.next(in: text) == .objectStart else { return false }
    while case .key(let key) = try cursor.next(in: text) {
      var look = cursor
      let value = try look.next(in: text)
      _ = try cursor.skipValue(in: text)
      guard case .string(let slice) = value else { continue }
      if key.matches("id", in: text) {
        guard slice.read(in: text, into: &pending.id), !pending.id.isEmpty else { return false }
      } else if key.matches("cmd", in: text) {
        isNamed = true
        pending.command = Command.named(slice, in: text)
      }
    }
    _ = try cursor.next(in: text)
    guard isNamed, !pending.id.isEmpty else { return false }
    if pending.command == nil { pending.failure = .unknownCommand }
    return true
  }

  /// Takes a command; `false` when it came before, or when there is no room: then it may be sent again.
  mutating func append(_ command: inout PendingCommand) -> Bool {
    let hash = Self.hash(command.id.bytes)
    for index in 0..<8 where seen[index] == hash { return false }
    guard count < Self.bound else { return false }
    seen[oldest] = hash
    oldest = (oldest + 1) % 8
    waiting[count] = command
    count += 1
    return true
  }

  /// The first that can be answered.
  mutating func firstReady() -> Int? {
    for index in 0..<count where waiting[index].isReady { return index }
    return nil
  }

  /// Whether one waits for a reading.
  mutating func isWaiting() -> Bool {
    for index in 0..<count where !waiting[index].isReady { return true }
    return false
  }

  mutating func remove(at position: Int) {
    count -= 1
    for index in position..<count { waiting[index] = waiting[index + 1] }
  }

  private static func hash(_ id: borrowing Span<UInt8>) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for index in 0..<id.count { hash = (hash ^ UInt32(id[index])) &* 16_777_619 }
    return max(hash, 1)
  }
}
