import CAllocationCount
import Glibc
import HAL
import Node
import Telemetry

/// One full step of the device, again and again: read the BME280, make a reading, encode its payload, take the gateway's
/// acknowledgement, draw the reading screen, find what changed and send it. In release:
///
///     swift run -c release stepbench
///
/// It prints a line, and fails when a step allocates or takes more than 60 µs of processor time. On the machine of
/// docs/performance.md it takes a seventh of that.
@main
struct StepBench {
  static let steps = 20_000
  static let budgetMicroseconds = 60.0

  static func main() {
    var state = FixedBus.State()
    let result = withUnsafeMutablePointer(to: &state) { measure(FixedBus(state: $0)) }
    let copy = copyMicroseconds()
    print(
      "stepbench: step=\(rounded(result.microseconds)) µs, \(rounded(result.microseconds / copy)) times a copy of a"
        + " frame's 1024 bytes (\(rounded(copy)) µs); allocations=\(result.allocations) in \(steps) steps;"
        + " payload=\(result.payloadBytes) B, display=\(result.displayBytes / steps) B a step")
    guard result.allocations == 0 else { fatalError("a step allocates") }
    guard result.microseconds <= budgetMicroseconds else {
      fatalError("a step takes more than \(budgetMicroseconds) µs")
    }
  }

  struct Result {
    var microseconds: Double
    var allocations: UInt
    var payloadBytes: Int
    var displayBytes: Int
  }

  private static func measure(_ bus: FixedBus) -> Result {
    var configuration = NodeConfiguration()
    configuration.heartbeatPeriodMilliseconds = 1000
    configuration.measurementPeriodMilliseconds = 1000
    let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 17)
    var device = Device<PlainWiring<FixedBus, FixedInput, FixedLight>, 16>(
      node: Node(identity: identity, configuration: configuration), bus: bus, motion: FixedInput(), door: FixedInput(),
      light: FixedLight())
    var payload = InlineBytes<512>()
    var now: UInt32 = 0
    // The first steps find the chips, paint everything, and refresh it once.
    for _ in 0..<70 { step(&device, bus, &now, &payload) }
    bus.state.pointee.displayBytes = 0
    let made = device.node.made
    let (before, allocations) = (processorMicroseconds(), allocation_count())
    for _ in 0..<steps { step(&device, bus, &now, &payload) }
    let (time, spent) = (processorMicroseconds() - before, allocation_count() - allocations)
    precondition(device.node.made == made + UInt32(steps) && device.node.outbox.isEmpty, "a step was not a full one")
    return Result(
      microseconds: time / Double(steps), allocations: spent, payloadBytes: payload.count,
      displayBytes: bus.state.pointee.displayBytes)
  }

  /// A second of the device: it starts to measure, and 10 ms later it has its reading, tells and shows it.
  @inline(never)
  private static func step(
    _ device: inout Device<PlainWiring<FixedBus, FixedInput, FixedLight>, 16>, _ bus: FixedBus, _ now: inout UInt32,
    _ payload: inout InlineBytes<512>
  ) {
    let link = Link(isJoined: true, rssi: -61, isConnected: true)
    bus.state.pointee.drift = (bus.state.pointee.drift &+ 7) & 0x3F
    if device.step(now: now, link: link).fetchConfiguration { device.node.configurationIsUnchanged() }
    _ = device.step(now: now + 10, link: link)
    while device.node.takePayload(now: now + 10, into: &payload) {
      var answer = InlineBytes<64>("{\"boot\":17,\"seqs\":[[1,")
      answer.append(unsigned: UInt64(device.node.made))
      answer.append("]]}")
      answer.withSpan { _ = device.node.acknowledgementArrived($0) }
    }
    now += 1000
  }

  /// What the machine needs to copy as many bytes as a frame has: the measure that makes another machine's figure
  /// comparable.
  private static func copyMicroseconds() -> Double {
    let before = allocation_count()
    let (source, target) = (
      UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 64),
      UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 64)
    )
    precondition(allocation_count() > before, "nothing counts allocations here")
    defer {
      source.deallocate()
      target.deallocate()
    }
    let rounds = 1_000_000
    let start = processorMicroseconds()
    for _ in 0..<rounds { copy(from: source, to: target) }
    return (processorMicroseconds() - start) / Double(rounds)
  }

  @inline(never)
  private static func copy(from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer) {
    target.copyMemory(from: source, byteCount: 1024)
  }

  /// What this process has had of the processor, user and system, in µs: other work on the machine does not count.
  private static func processorMicroseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
  }

  private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
