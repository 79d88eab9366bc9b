import GatewayCore

/// The messages of one delivery: what is under way, what is confirmed, what the far side will not have. A value without a
/// socket.
///
/// ```swift
/// var flight = Flight(confirmation: .broker)
/// flight.sent(message: 7, index: 0, entry: 1801)
/// flight.published(7)            // PUBACK
/// flight.unconfirmed             // 0
/// ```
struct Flight {
  private let confirmation: BridgeOptions.Confirmation
  private var byMessage: [Int32: (index: Int, entry: Int64)] = [:]
  private var byEntry: [Int64: Int] = [:]
  /// Messages the far side has.
  private(set) var confirmed = 0
  /// Positions the broker refuses, with its reason.
  private(set) var refusals: [(index: Int, reason: UInt8)] = []

  init(confirmation: BridgeOptions.Confirmation) {
    self.confirmation = confirmation
  }

  /// Messages whose fate is open.
  var unconfirmed: Int {
    switch confirmation {
    case .broker: byMessage.count
    case .gateway: byEntry.count
    }
  }

  /// Something changes this whenever anything is confirmed or refused.
  var progress: Int { confirmed + refusals.count }

  mutating func sent(message: Int32, index: Int, entry: Int64) {
    byMessage[message] = (index, entry)
    if confirmation == .gateway { byEntry[entry] = index }
  }

  /// The broker has it.
  mutating func published(_ message: Int32) {
    guard byMessage.removeValue(forKey: message) != nil, confirmation == .broker else { return }
    confirmed += 1
  }

  /// The broker will not have it.
  mutating func refused(_ message: Int32, reason: UInt8) {
    guard let (index, entry) = byMessage.removeValue(forKey: message) else { return }
    if confirmation == .gateway, byEntry.removeValue(forKey: entry) == nil { return }
    refusals.append((index, reason))
  }

  /// The far gateway has those.
  mutating func acknowledged(_ ranges: [ClosedRange<Int64>]) {
    guard confirmation == .gateway else { return }
    for entry in byEntry.keys where ranges.contains(where: { $0.contains(entry) }) {
      byEntry.removeValue(forKey: entry)
      confirmed += 1
    }
  }
}
