/// Messages of QoS 1 that the broker has not acknowledged: at most a window of them under way, the others wait. All go
/// again after a reconnect (MQTT 5.0 and 3.1.1, 4.4).
struct PublishWindow {
  private var messages: [(number: UInt16, packet: [UInt8])] = []
  private var numbers: Set<UInt16> = []
  /// The first so many are under way.
  private var underWay = 0
  private var window = 0
  private var lastNumber: UInt16 = 0
  /// Whether the broker may have had what is sent now.
  private var isRedelivery = 0

  /// Some of the 65,535 numbers stay free for subscriptions.
  static let limit = 60_000

  var isFull: Bool { messages.count >= Self.limit }

  /// A number that no message has.
  mutating func nextNumber() -> UInt16 {
    repeat { lastNumber = lastNumber == .max ? 1 : lastNumber + 1 } while numbers.contains(lastNumber)
    return lastNumber
  }

  mutating func add(_ packet: [UInt8], number: UInt16) {
    messages.append((number, packet))
    numbers.insert(number)
  }

  /// A new connection: everything is to go again.
  ///
  /// - Parameter sessionPresent: the broker may have had what was under way, which is then marked so (DUP, 3.3.1.1).
  mutating func begin(window: Int, sessionPresent: Bool) {
    isRedelivery = sessionPresent ? underWay : 0
    self.window = window
    underWay = 0
  }

  /// The next packet that may go, if there is one.
  mutating func takeDue() -> [UInt8]? {
    guard underWay < min(window, messages.count) else { return nil }
    var packet = messages[underWay].packet
    underWay += 1
    if isRedelivery > 0 {
      isRedelivery -= 1
      packet[0] |= 0x08
    }
    return packet
  }

  /// The broker has it.
  ///
  /// - Returns: whether it was under way.
  mutating func acknowledge(_ number: UInt16) -> Bool {
    guard let index = messages[..<underWay].firstIndex(where: { $0.number == number }) else { return false }
    messages.remove(at: index)
    numbers.remove(number)
    underWay -= 1
    return true
  }
}
