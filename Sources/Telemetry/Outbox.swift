/// The readings a device holds until the gateway's acknowledgement names them: bounded, in order, without a heap.
///
/// Full, it drops the oldest heartbeat first and never a motion or switch event while a heartbeat remains; what it
/// dropped it tells with every payload until one of them is acknowledged.
///
/// Several readings may be under way at once (`window`); one that is not acknowledged in time is sent again, and all of
/// them after a reconnect.
public struct Outbox<let capacity: Int>: Sendable {
  private var slots: InlineArray<capacity, OutboxSlot>
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
    slots = InlineArray(repeating: OutboxSlot())
    count = 0
    dropped = DroppedRanges()
  }

  /// Whether nothing is held.
  public var isEmpty: Bool { count == 0 }

  /// The reading at `index`, 0 ..< `count`, oldest first.
  public subscript(index: Int) -> Reading {
    precondition(index >= 0 && index < count)
    return slots[index].reading
  }

  /// Uptime of the oldest reading of a boot, in milliseconds; `nil` when none is held.
  ///
  /// Mutating, so that it is read in place: a copyable value's getter may work on a copy of the whole, and that is a
  /// kilobyte of stack (seen with Swift 6.3.1 at -Osize on armv6m).
  public mutating func oldestUptimeMilliseconds(ofBoot boot: UInt32) -> UInt64? {
    for index in 0..<count where slots[index].boot == boot { return slots[index].uptimeMilliseconds }
    return nil
  }

  /// The record of the reading at `index`, for flash.
  public func record(at index: Int) -> OutboxRecord.Bytes {
    precondition(index >= 0 && index < count)
    return OutboxRecord.encode(slots[index].reading, wasSent: slots[index].wasSent)
  }

  /// Adds the reading of a record from flash, also of an earlier boot.
  ///
  /// - Returns: `false` when the bytes are no record: torn, changed, or never written.
  public mutating func restore(_ record: borrowing Span<UInt8>) -> Bool {
    guard let (reading, wasSent) = OutboxRecord.decode(record) else { return false }
    append(reading)
    for index in 0..<count where slots[index].boot == reading.boot && slots[index].seq == reading.seq {
      slots[index].wasSent = wasSent
    }
    return true
  }

  /// Adds a reading at the end; full, one goes to make room.
  public mutating func append(_ reading: Reading) {
    if count == capacity {
      let victim = oldestHeartbeat() ?? 0
      // A heartbeat does not push out an event: then it is the one that goes.
      if victim == 0, slots[0].event != .heartbeat, reading.event == .heartbeat {
        drop(boot: reading.boot, seq: reading.seq)
        return
      }
      drop(boot: slots[victim].boot, seq: slots[victim].seq)
      remove(at: victim)
    }
    slots[count] = OutboxSlot(reading)
    count += 1
  }

  /// The next reading to send, marked as under way from `now`; `nil` when nothing is due.
  ///
  /// - Parameter unixSeconds: gives the wall time of an uptime of a boot, where that is known. A reading without a time gets one
  ///   now if it was never sent; once it was sent its bytes stay as they were.
  public mutating func takeNext(
    now: UInt32, unixSeconds: (_ boot: UInt32, _ uptimeMilliseconds: UInt64) -> UInt32?
  ) -> Reading? {
    var underWay = 0
    for index in 0..<count {
      guard slots[index].isUnderWay else { continue }
      if now &- slots[index].sentAt >= Self.resendAfterMilliseconds { return send(index, now, unixSeconds) }
      underWay += 1
    }
    guard underWay < Self.window else { return nil }
    for index in 0..<count where !slots[index].isUnderWay { return send(index, now, unixSeconds) }
    return nil
  }

  /// Forgets the readings `first` … `last` of a boot: the gateway holds them.
  ///
  /// - Returns: how many were held.
  @discardableResult
  public mutating func acknowledge(boot: UInt32, first: UInt32, last: UInt32) -> Int {
    var kept = 0
    for index in 0..<count {
      if slots[index].boot == boot, slots[index].seq >= first, slots[index].seq <= last {
        if slots[index].carriedEdition == edition { dropped.removeAll() }
        continue
      }
      if kept != index { slots[kept] = slots[index] }
      kept += 1
    }
    let removed = count - kept
    count = kept
    return removed
  }

  /// The connection was lost: everything under way is to be sent again, in order.
  public mutating func connectionLost() {
    for index in 0..<count { slots[index].isUnderWay = false }
  }

  private mutating func send(
    _ index: Int, _ now: UInt32, _ unixSeconds: (UInt32, UInt64) -> UInt32?
  ) -> Reading {
    // The first sending fixes the time: a second copy with another time would be a second row where two gateways
    // received one copy each.
    if slots[index].unixSeconds == nil, !slots[index].wasSent {
      slots[index].unixSeconds = unixSeconds(slots[index].boot, slots[index].uptimeMilliseconds)
    }
    slots[index].wasSent = true
    slots[index].sentAt = now
    slots[index].isUnderWay = true
    slots[index].carriedEdition = dropped.isEmpty ? 0 : edition
    return slots[index].reading
  }

  private mutating func oldestHeartbeat() -> Int? {
    for index in 0..<count where slots[index].event == .heartbeat { return index }
    return nil
  }

  private mutating func drop(boot: UInt32, seq: UInt32) {
    dropped.insert(boot: boot, seq: seq)
    edition = edition == .max ? 1 : edition + 1
  }

  private mutating func remove(at position: Int) {
    for index in position..<(count - 1) { slots[index] = slots[index + 1] }
    count -= 1
  }
}
