/// The readings a device holds until the gateway's acknowledgement names them: bounded, in order, without a heap.
///
/// Full, it drops the oldest heartbeat first and never a motion or switch event while a heartbeat remains; what it
/// dropped it tells with every payload until one of them is acknowledged.
///
/// Several readings may be under way at once (`window`); one that is not acknowledged in time is sent again, and all of
/// them after a reconnect.
public struct Outbox<let capacity: Int>: Sendable {
  private struct Slot: Sendable {
    var reading: Reading
    /// Millisecond tick of the last sending; meaningless until `isUnderWay`.
    var sentAt: UInt32 = 0
    var isUnderWay = false
    var wasSent = false
    /// Which edition of `dropped` the last sending carried; 0 none.
    var carriedEdition: UInt8 = 0
  }

  private var slots: InlineArray<capacity, Slot?>
  /// How many readings are held.
  public private(set) var count: Int
  /// What had to be dropped and the gateway has not acknowledged to know.
  public private(set) var dropped: DroppedRanges
  private var edition: UInt8 = 1

  /// How many readings may be under way at once.
  public static var window: Int { 8 }
  /// After how long a reading that was not acknowledged is sent again, in milliseconds.
  public static var resendAfterMilliseconds: UInt32 { 10_000 }

  /// An empty outbox.
  public init() {
    slots = InlineArray(repeating: nil)
    count = 0
    dropped = DroppedRanges()
  }

  /// Whether nothing is held.
  public var isEmpty: Bool { count == 0 }

  /// The reading at `index`, 0 ..< `count`, oldest first.
  public subscript(index: Int) -> Reading {
    precondition(index >= 0 && index < count)
    return slots[index]!.reading
  }

  /// Adds a reading at the end; full, one goes to make room.
  public mutating func append(_ reading: Reading) {
    if count == capacity {
      let victim = oldestHeartbeat() ?? 0
      // A heartbeat does not push out an event: then it is the one that goes.
      if victim == 0, slots[0]!.reading.event != .heartbeat, reading.event == .heartbeat {
        drop(reading)
        return
      }
      drop(slots[victim]!.reading)
      remove(at: victim)
    }
    slots[count] = Slot(reading: reading)
    count += 1
  }

  /// The next reading to send, marked as under way from `now`; `nil` when nothing is due.
  ///
  /// - Parameter unixSeconds: gives the wall time of an uptime, where the clock is set. A reading without a time gets one
  ///   now if it was never sent; once it was sent its bytes stay as they were.
  public mutating func takeNext(
    now: UInt32, unixSeconds: (_ uptimeMilliseconds: UInt64) -> UInt32?
  ) -> Reading? {
    var underWay = 0
    for index in 0..<count {
      guard slots[index]!.isUnderWay else { continue }
      if now &- slots[index]!.sentAt >= Self.resendAfterMilliseconds { return send(index, now, unixSeconds) }
      underWay += 1
    }
    guard underWay < Self.window else { return nil }
    for index in 0..<count where !slots[index]!.isUnderWay { return send(index, now, unixSeconds) }
    return nil
  }

  /// Forgets the readings `first` … `last` of a boot: the gateway holds them.
  ///
  /// - Returns: how many were held.
  @discardableResult
  public mutating func acknowledge(boot: UInt32, first: UInt32, last: UInt32) -> Int {
    var kept = 0
    for index in 0..<count {
      let slot = slots[index]!
      if slot.reading.boot == boot, slot.reading.seq >= first, slot.reading.seq <= last {
        if slot.carriedEdition == edition { dropped.removeAll() }
        continue
      }
      if kept != index { slots[kept] = slot }
      kept += 1
    }
    let removed = count - kept
    for index in kept..<count { slots[index] = nil }
    count = kept
    return removed
  }

  /// The connection was lost: everything under way is to be sent again, in order.
  public mutating func connectionLost() {
    for index in 0..<count { slots[index]!.isUnderWay = false }
  }

  private mutating func send(
    _ index: Int, _ now: UInt32, _ unixSeconds: (UInt64) -> UInt32?
  ) -> Reading {
    // The first sending fixes the time: a second copy with another time would be a second row where two gateways
    // received one copy each.
    if slots[index]!.reading.unixSeconds == nil, !slots[index]!.wasSent {
      slots[index]!.reading.unixSeconds = unixSeconds(slots[index]!.reading.uptimeMilliseconds)
    }
    slots[index]!.wasSent = true
    slots[index]!.sentAt = now
    slots[index]!.isUnderWay = true
    slots[index]!.carriedEdition = dropped.isEmpty ? 0 : edition
    return slots[index]!.reading
  }

  private func oldestHeartbeat() -> Int? {
    for index in 0..<count where slots[index]!.reading.event == .heartbeat { return index }
    return nil
  }

  private mutating func drop(_ reading: Reading) {
    dropped.insert(boot: reading.boot, seq: reading.seq)
    edition = edition == .max ? 1 : edition + 1
  }

  private mutating func remove(at position: Int) {
    for index in position..<(count - 1) { slots[index] = slots[index + 1] }
    count -= 1
    slots[count] = nil
  }
}
