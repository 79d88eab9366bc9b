/// Which readings became durable, as the messages that tell their devices (protocol/payload.md, the acknowledgement).
///
/// ```swift
/// var ledger = AckLedger()
/// ledger.note(device: "Attic06", boot: 17, seq: 1201)
/// ledger.messages(timeMilliseconds: 1_795_474_529_123)
/// // Attic06: {"boot":17,"seqs":[[1201,1201]],"time":1795474529123}
/// ```
///
/// A value for one batch. Duplicates are noted like new readings: the device sends again because an ack was lost.
struct AckLedger {
  /// The most ranges of one message; a device's parser is sized for it.
  static let rangeLimit = 64
  /// The most bytes of one message.
  static let byteLimit = 400

  /// A message to one device.
  struct Message: Equatable {
    var device: String
    var payload: [UInt8]
    /// How many readings it names.
    var readings: Int
  }

  private struct Key: Hashable {
    var device: String
    var boot: Int64
  }

  private var order: [Key] = []
  private var seqs: [Key: [Int64]] = [:]

  /// Notes one durable reading.
  mutating func note(device: String, boot: Int64, seq: Int64) {
    let key = Key(device: device, boot: boot)
    if seqs[key] == nil { order.append(key) }
    seqs[key, default: []].append(seq)
  }

  /// The messages, devices in the order of arrival, a boot a message at least.
  func messages(timeMilliseconds time: Int64) -> [Message] {
    order.flatMap { key in
      Self.messages(key, Self.ranges(seqs[key] ?? []), time)
    }
  }

  /// Ascending ranges that hold exactly `seqs`.
  static func ranges(_ seqs: [Int64]) -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
    for seq in seqs.sorted() {
      if let last = ranges.last, seq <= last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, seq)
      } else {
        ranges.append(seq...seq)
      }
    }
    return ranges
  }

  private static func messages(_ key: Key, _ ranges: [ClosedRange<Int64>], _ time: Int64) -> [Message] {
    let head = "{\"boot\":\(key.boot),\"seqs\":["
    let tail = "],\"time\":\(time)}"
    var messages: [Message] = []
    var text = head
    var count = 0
    var readings = 0
    for range in ranges {
      let piece = "[\(range.lowerBound),\(range.upperBound)]"
      let isFull = count == rangeLimit || text.utf8.count + 1 + piece.utf8.count + tail.utf8.count > byteLimit
      if isFull, count > 0 {
        messages.append(Message(device: key.device, payload: Array((text + tail).utf8), readings: readings))
        text = head
        count = 0
        readings = 0
      }
      if count > 0 { text += "," }
      text += piece
      count += 1
      readings += range.count
    }
    if count > 0 {
      messages.append(Message(device: key.device, payload: Array((text + tail).utf8), readings: readings))
    }
    return messages
  }
}
