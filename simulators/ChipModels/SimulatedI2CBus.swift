import HAL

/// An I²C bus of chip models, with a clock, faults and a trace.
///
///     let clock = VirtualClock()
///     let bus = SimulatedI2CBus(clock: clock)
///     bus.attach(BME280Model())
///     bus.failNext(.nackAddress)
///     print(bus.trace)          // W 76 F4 25
///                               // R 76 F7 -> 80 00 00 80 00 00 80 00
///
/// A chip that holds SDA (`BusFault.holdSDA`) blocks everything until `recover()`. Every byte costs nine clocks, 22.5 µs at 400 kHz.
public final class SimulatedI2CBus: I2CBus {
  /// The board's time; transactions move it on.
  public let clock: VirtualClock
  /// Speed in Hz.
  public let frequency: UInt64
  /// The chips, in the order they were attached; the unplugged are not among them.
  public private(set) var chips: [any I2CChip] = []
  /// Decides for every transaction that no other fault hits whether it fails; for random faults.
  public var faultPlan: (BusRequest) -> BusFault? = { _ in nil }
  /// Whether transactions are written down; off, because a fleet runs for months.
  public var isTracing = false
  /// One line a transaction since tracing began, or `clearTrace()`; below it, behind a #, what its chip complains of.
  public private(set) var trace: [String] = []
  /// Transactions since the start.
  public private(set) var transactionCount = 0
  /// Bytes on the wire since the start, addresses included.
  public private(set) var byteCount = 0
  /// Whether a chip holds SDA low.
  public private(set) var isHeld = false
  /// How often the controller sent nine clocks.
  public private(set) var recoveryCount = 0
  /// How long the controller lets a chip stretch the clock, in µs.
  public static let patienceMicroseconds: UInt64 = 20_000
  var pending: [(fault: BusFault, address: UInt8?, skip: Int, times: Int)] = []

  /// A bus without chips.
  public init(clock: VirtualClock = VirtualClock(), frequency: UInt64 = 400_000) {
    precondition(frequency > 0)
    self.clock = clock
    self.frequency = frequency
  }

  /// Puts a chip on the bus; it has been under power for a while.
  public func attach(_ chip: any I2CChip) {
    chips.append(chip)
  }

  /// Takes a chip off the bus.
  public func unplug(_ chip: any I2CChip) {
    chips.removeAll { $0 === chip }
  }

  /// Puts a chip on the bus whose power begins now.
  public func plugIn(_ chip: any I2CChip) {
    chip.powerCycle(at: clock.microseconds)
    chips.append(chip)
  }

  /// Makes coming transactions fail.
  ///
  /// - Parameters:
  ///   - fault: how.
  ///   - address: only transactions with this address count; all when `nil`.
  ///   - skip: how many of them still work.
  ///   - times: how many of them fail then.
  public func failNext(_ fault: BusFault, address: UInt8? = nil, after skip: Int = 0, times: Int = 1) {
    pending.append((fault, address, skip, times))
  }

  /// Forgets all faults that are still to come.
  public func heal() {
    pending = []
    isHeld = false
    faultPlan = { _ in nil }
  }

  /// Forgets the trace.
  public func clearTrace() {
    trace = []
  }

  /// Runs one transaction; see `I2CBus`.
  public func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    var bytes: [UInt8] = []
    for index in write.indices { bytes.append(write[index]) }
    let request = BusRequest(index: transactionCount, address: address, write: bytes, readCount: read.count)
    transactionCount += 1
    let chip = isTracing ? chips.first { $0.address == address } : nil
    let known = chip?.complaints.count ?? 0
    defer { note(chip?.complaints.dropFirst(known) ?? [], of: address) }
    let answer: [UInt8]
    do throws(I2CError) {
      answer = try run(request, fault: nextFault(for: request) ?? faultPlan(request))
    } catch {
      note(request, outcome: " ! \(error.traceName)")
      throw error
    }
    for index in read.indices { read[index] = answer[index] }
    note(request, outcome: read.count > 0 ? " -> " + Self.hex(answer) : "")
  }

  /// Sends nine clocks and a stop: a chip that holds SDA has said its byte to the end.
  public func recover() {
    recoveryCount += 1
    isHeld = false
    clock.advance(nanoseconds: 10 * 1_000_000_000 / frequency)
    if isTracing { trace.append("9 clocks") }
  }

  private func run(_ request: BusRequest, fault: BusFault?) throws(I2CError) -> [UInt8] {
    if fault == .holdSDA { isHeld = true }
    if isHeld { throw .stuck }
    switch fault {
    case .timeout:
      clock.advance(microseconds: Self.patienceMicroseconds)
      throw .timeout
    case .stretch(let microseconds):
      clock.advance(microseconds: min(microseconds, Self.patienceMicroseconds))
      if microseconds > Self.patienceMicroseconds { throw .timeout }
    case .stuck, .holdSDA:
      throw .stuck
    case .nackAddress:
      spend(bytes: 1)
      throw .addressNotAcknowledged
    case .nackData, .flipRead, .brownOut, nil:
      break
    }
    let chip = chips.first { $0.address == request.address }
    chip?.advance(to: clock.microseconds)
    // A probe, or the write half of a transaction, begins with the write bit.
    let writes = !request.write.isEmpty || request.readCount == 0
    guard let chip, writes ? chip.acknowledges() : chip.acknowledgesRead() else {
      spend(bytes: 1)
      throw .addressNotAcknowledged
    }
    if writes {
      var taken = request.write
      if case .nackData(let byte) = fault, byte < taken.count { taken = Array(taken.prefix(byte)) }
      let acknowledged = chip.write(taken)
      spend(bytes: 1 + min(acknowledged + 1, request.write.count))
      guard acknowledged == request.write.count else { throw .dataNotAcknowledged }
    }
    if fault == .brownOut {
      chip.powerCycle(at: clock.microseconds)
      throw request.readCount > 0 ? .addressNotAcknowledged : .dataNotAcknowledged
    }
    guard request.readCount > 0 else { return [] }
    chip.advance(to: clock.microseconds)
    guard chip.acknowledgesRead() else {
      spend(bytes: 1)
      throw .addressNotAcknowledged
    }
    var answer = chip.read(request.readCount)
    precondition(answer.count == request.readCount, "a chip gave \(answer.count) bytes of \(request.readCount)")
    spend(bytes: 1 + request.readCount)
    if case .flipRead(let byte, let bit) = fault, byte < answer.count { answer[byte] ^= 1 << UInt8(bit & 7) }
    return answer
  }

  private func spend(bytes: Int) {
    byteCount += bytes
    clock.advance(nanoseconds: UInt64(bytes) * 9 * 1_000_000_000 / frequency)
  }

  private func nextFault(for request: BusRequest) -> BusFault? {
    guard let index = pending.firstIndex(where: { $0.address == nil || $0.address == request.address }) else {
      return nil
    }
    if pending[index].skip > 0 {
      pending[index].skip -= 1
      return nil
    }
    let fault = pending[index].fault
    pending[index].times -= 1
    if pending[index].times <= 0 { pending.remove(at: index) }
    return fault
  }

  private func note(_ request: BusRequest, outcome: String) {
    guard isTracing else { return }
    let verb = request.readCount > 0 ? "R" : request.write.isEmpty ? "P" : "W"
    let words = [verb, Self.hex([request.address]), Self.hex(request.write)].filter { !$0.isEmpty }
    trace.append(words.joined(separator: " ") + outcome)
  }

  private func note(_ complaints: ArraySlice<String>, of address: UInt8) {
    for complaint in complaints { trace.append("# \(Self.hex([address])): \(complaint)") }
  }

  /// Bytes as `76 F4`.
  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
  }
}
