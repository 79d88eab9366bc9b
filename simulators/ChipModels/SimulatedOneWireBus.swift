import HAL

/// A chip on a simulated 1-Wire line, at the level of its slots.
public protocol OneWireChip: AnyObject {
  /// What a driver did that this chip's datasheet does not allow; a correct driver leaves it empty.
  var complaints: [String] { get }
  /// A reset pulse.
  ///
  /// - Returns: whether it answers with a presence pulse.
  func reset(at microseconds: UInt64) -> Bool
  /// A write slot.
  func write(bit: Bool, at microseconds: UInt64)
  /// A read slot; `false` pulls the line low.
  func readBit(at microseconds: UInt64) -> Bool
  /// The line is driven high after the last bit of a byte, or it is not.
  func power(isHeld: Bool, at microseconds: UInt64)
  /// Loses its supply and gets it back.
  func powerCycle(at microseconds: UInt64)
}

/// What goes wrong between one reset and the next.
public enum OneWireFault: Equatable, Sendable {
  /// Nobody answers the reset, although chips are there.
  case noPresence
  /// The line stays low.
  case shorted
  /// The read slot with this index, counted from the reset, is read wrong.
  case flipRead(slot: Int)
  /// All chips lose their supply for a moment.
  case brownOut
}

/// A 1-Wire line with chips that pull it low together, a clock and faults.
///
///     let wire = SimulatedOneWireBus(clock: clock)
///     wire.attach(DS18B20Model(serial: 1))
///     wire.attach(DS18B20Model(serial: 2))
///
/// A reset takes 960 µs, a slot 70 µs (application note 126).
public final class SimulatedOneWireBus: OneWireBus {
  /// The board's time; the line moves it on.
  public let clock: VirtualClock
  /// The chips, in the order they were attached.
  public private(set) var chips: [any OneWireChip] = []
  /// Decides at every reset that no planned fault hits what goes wrong until the next one.
  public var faultPlan: () -> OneWireFault? = { nil }
  /// Resets since the start.
  public private(set) var resetCount = 0
  /// Whether what was done on the line is written down; off, because a fleet runs for months.
  public var isTracing = false
  /// A line from each reset to the next since tracing began, or `clearTrace()`: written bits as 0 and 1, read ones as l and h,
  /// and in brackets what a chip complains of.
  public private(set) var trace: [String] = []
  /// Whether the line is low now, as the next reset will find it.
  public var isShorted: Bool { pending.first == .shorted }
  var pending: [OneWireFault] = []
  var fault: OneWireFault?
  var readSlots = 0

  /// A line without chips.
  public init(clock: VirtualClock = VirtualClock()) {
    self.clock = clock
  }

  /// Puts a chip on the line.
  public func attach(_ chip: any OneWireChip) {
    chips.append(chip)
  }

  /// Takes a chip off the line.
  public func unplug(_ chip: any OneWireChip) {
    chips.removeAll { $0 === chip }
  }

  /// Puts a chip on the line whose power begins now.
  public func plugIn(_ chip: any OneWireChip) {
    chip.powerCycle(at: clock.microseconds)
    chips.append(chip)
  }

  /// Makes what follows the next resets fail, a fault for each.
  public func failNext(_ faults: OneWireFault...) {
    pending += faults
  }

  /// Forgets all faults.
  public func heal() {
    pending = []
    fault = nil
    faultPlan = { nil }
  }

  /// Forgets the trace.
  public func clearTrace() {
    trace = []
  }

  /// See `OneWireBus`.
  public func reset() throws(OneWireError) {
    if isTracing { trace.append("1-Wire ") }
    resetCount += 1
    readSlots = 0
    fault = pending.isEmpty ? faultPlan() : pending.removeFirst()
    if fault == .brownOut { for chip in chips { chip.powerCycle(at: clock.microseconds) } }
    let now = clock.microseconds
    clock.advance(microseconds: 960)
    if fault == .shorted { throw .shorted }
    // All of them hear it, also when the answer is lost.
    var isPresent = false
    hearingComplaints { for chip in chips where chip.reset(at: now) { isPresent = true } }
    guard isPresent, fault != .noPresence else { throw .noPresence }
  }

  /// See `OneWireBus`.
  public func write(bit: Bool) {
    note(bit ? "1" : "0")
    hearingComplaints { for chip in chips { chip.write(bit: bit, at: clock.microseconds) } }
    clock.advance(microseconds: 70)
  }

  /// See `OneWireBus`: the line is low as soon as one chip pulls it.
  public func readBit() -> Bool {
    var level = true
    hearingComplaints { for chip in chips where !chip.readBit(at: clock.microseconds) { level = false } }
    clock.advance(microseconds: 70)
    defer { readSlots += 1 }
    if fault == .flipRead(slot: readSlots) { level.toggle() }
    note(level ? "h" : "l")
    return level
  }

  /// See `OneWireBus`.
  public func write(_ byte: UInt8, keepPowered: Bool) {
    for bit in 0..<8 { write(bit: byte >> UInt8(bit) & 1 == 1) }
    hearingComplaints { for chip in chips { chip.power(isHeld: keepPowered, at: clock.microseconds) } }
  }

  private func hearingComplaints(_ work: () -> Void) {
    let known = isTracing ? chips.map(\.complaints.count) : []
    work()
    for (chip, count) in zip(chips, known) {
      for complaint in chip.complaints.dropFirst(count) { note(" [\(complaint)] ") }
    }
  }

  private func note(_ slot: String) {
    if isTracing, !trace.isEmpty { trace[trace.count - 1] += slot }
  }
}
