import HAL

/// A bus that answers as a recorded one did, and notes where what it is asked differs.
///
/// After the first difference nothing fits any more; it goes on by not acknowledging.
final class ReplayBus: I2CBus {
  /// Where a driver did something else than at the recording.
  struct Deviation: Equatable, CustomStringConvertible {
    var line: Int
    var recorded: String
    var done: String
    var description: String { "\(line): recorded `\(recorded)`, done `\(done)`" }
  }

  private(set) var deviation: Deviation?
  private(set) var count = 0
  private var expected: ArraySlice<BusTrace.Transaction> = []

  /// What the next step's transactions are.
  func expect(_ step: BusTrace.Step) {
    expected = step.transactions[...]
  }

  /// After the step: everything must have been done.
  func finish() {
    if let next = expected.first { differ(next.line, next.text, "nothing") }
  }

  func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    var words = [read.count > 0 ? "R" : write.isEmpty ? "P" : "W", hexadecimal(address)]
    for index in write.indices { words.append(hexadecimal(write[index])) }
    let asked = words.joined(separator: " ")
    guard deviation == nil, let next = expected.popFirst() else {
      differ(0, "nothing more in this step", asked)
      throw .addressNotAcknowledged
    }
    count += 1
    guard next.text == asked || next.text.hasPrefix(asked + " ->") || next.text.hasPrefix(asked + " !") else {
      differ(next.line, next.text, asked)
      throw .addressNotAcknowledged
    }
    let rest = next.text.dropFirst(asked.count)
    if rest.hasPrefix(" ! ") {
      throw Self.error(named: rest.dropFirst(3))
    }
    let bytes = rest.dropFirst(4).split(separator: " ").compactMap { UInt8($0, radix: 16) }
    guard bytes.count == read.count else {
      differ(next.line, next.text, "\(asked) -> \(read.count) bytes")
      throw .addressNotAcknowledged
    }
    for index in read.indices { read[index] = bytes[index] }
  }

  func recover() {
    guard deviation == nil else { return }
    let next = expected.popFirst()
    if next?.text != "9 clocks" { differ(next?.line ?? 0, next?.text ?? "nothing more in this step", "9 clocks") }
  }

  private func differ(_ line: Int, _ recorded: String, _ done: String) {
    if deviation == nil { deviation = Deviation(line: line, recorded: recorded, done: done) }
  }

  private static func error(named name: Substring) -> I2CError {
    switch name {
    case "data NACK": .dataNotAcknowledged
    case "timeout": .timeout
    case "stuck": .stuck
    default: .addressNotAcknowledged
    }
  }
}

private func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
