import Display
import Telemetry

extension Node {
  /// For how long a board that was asked shows which one it is, ms.
  static var identifyMilliseconds: UInt64 { 30_000 }
  /// Bytes of the picture in one answer: a quarter, so that it fits a message of 512 bytes.
  static var screenPartBytes: Int { 256 }

  /// A command came.
  ///
  /// - Returns: `false` when nothing will be answered: it is no command, it came before, or two others still wait.
  @discardableResult
  public mutating func commandArrived(_ text: borrowing Span<UInt8>) -> Bool {
    var pending = PendingCommand()
    guard (try? CommandQueue.read(text, into: &pending)) == true else {
      log(.warning, "not a command")
      return false
    }
    if pending.command == .read {
      if configuration.isEnabled { pending.isReady = false } else { pending.failure = .disabled }
    }
    guard commands.append(&pending) else { return false }
    guard pending.failure == nil, let command = pending.command else { return true }
    log(.info, "command ", command.name)
    switch command {
    case .identify: identifyUntil = uptimeMilliseconds + Self.identifyMilliseconds
    case .read: measurementDue = uptimeMilliseconds
    case .config: configurationFetch.hurry()
    case .restart, .screen: break
    }
    return true
  }

  /// Writes the next answer that is due into `answer`; `false` when none is. To be published on `cmd/result`.
  ///
  /// - Parameters:
  ///   - canvas: what the display shows, for `screen`; only read.
  ///   - answer: 512 bytes are enough for any.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func takeCommandAnswer<let capacity: Int>(
    _ canvas: inout Canvas, into answer: inout InlineBytes<capacity>
  ) -> Bool {
    guard link.isConnected, let index = commands.firstReady() else { return false }
    answer.removeAll()
    answer.append("{\"id\":")
    answer.append(jsonString: commands.waiting[index].id)
    if let command = commands.waiting[index].command {
      answer.append(",\"cmd\":")
      answer.append(quoted: command.name)
    }
    if let failure = commands.waiting[index].failure {
      answer.append(",\"ok\":false,\"error\":")
      answer.append(quoted: failure.name)
    } else {
      answer.append(",\"ok\":true")
      if finish(index, &canvas, &answer) { return true }
    }
    answer.append(UInt8(ascii: "}"))
    commands.remove(at: index)
    return true
  }

  /// What only this command's answer says; `true` when more parts follow.
  private mutating func finish<let capacity: Int>(
    _ index: Int, _ canvas: inout Canvas, _ answer: inout InlineBytes<capacity>
  ) -> Bool {
    switch commands.waiting[index].command {
    case .read:
      answer.append(",\"boot\":")
      answer.append(unsigned: UInt64(identity.boot))
      answer.append(",\"seq\":")
      answer.append(unsigned: UInt64(commands.waiting[index].seq))
    case .restart: isRestartWanted = true
    case .screen:
      let part = commands.waiting[index].part
      let parts = 1024 / Self.screenPartBytes
      answer.append(",\"part\":")
      answer.append(unsigned: UInt64(part + 1))
      answer.append(",\"parts\":")
      answer.append(unsigned: UInt64(parts))
      answer.append(",\"data\":\"")
      let first = part * Self.screenPartBytes
      answer.append(base64Count: Self.screenPartBytes) { canvas.byte(at: first + $0) }
      answer.append(UInt8(ascii: "\""))
      guard part + 1 == parts else {
        answer.append(UInt8(ascii: "}"))
        commands.waiting[index].part = part + 1
        return true
      }
    case .identify, .config, nil: break
    }
    return false
  }

  /// A reading was made: the commands that wait for one can be answered.
  mutating func answerReads(_ seq: UInt32) {
    for index in 0..<commands.count where !commands.waiting[index].isReady {
      commands.waiting[index].seq = seq
      commands.waiting[index].isReady = true
    }
  }
}

extension InlineBytes {
  /// Appends `count` bytes in base64 (RFC 4648 section 4).
  fileprivate mutating func append(base64Count count: Int, byte: (Int) -> UInt8) {
    var index = 0
    while index < count {
      let left = count - index
      let first = UInt32(byte(index)) << 16
      let second = left > 1 ? UInt32(byte(index + 1)) << 8 : 0
      let group = first | second | (left > 2 ? UInt32(byte(index + 2)) : 0)
      append(Self.base64Digit(group >> 18))
      append(Self.base64Digit(group >> 12 & 63))
      append(left > 1 ? Self.base64Digit(group >> 6 & 63) : UInt8(ascii: "="))
      append(left > 2 ? Self.base64Digit(group & 63) : UInt8(ascii: "="))
      index += 3
    }
  }

  private static func base64Digit(_ value: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    switch value {
    case 0..<26: return UInt8(ascii: "A") + value
    case 26..<52: return UInt8(ascii: "a") + (value - 26)
    case 52..<62: return UInt8(ascii: "0") + (value - 52)
    case 62: return UInt8(ascii: "+")
    default: return UInt8(ascii: "/")
    }
  }
}
