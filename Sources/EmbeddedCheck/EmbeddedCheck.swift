import HAL
import Node
import Telemetry

private typealias Board = Device<PlainWiring<FixedBus, FixedInput, FixedLight>, 16>

/// Runs the whole device against constants and writes what it publishes.
///
/// The same code runs on Linux and on a Cortex-M0+: both must write the same bytes. It instantiates every driver over
/// concrete types, because a generic that is never specialised is never compiled for the chip.
public struct EmbeddedCheck {
  /// How much memory a check needs, aligned as a `UInt64`.
  public static var byteCount: Int { messageOffset + MemoryLayout<InlineBytes<512>>.size }
  private static var messageOffset: Int { MemoryLayout<Board>.stride }

  private let device: UnsafeMutablePointer<Board>
  private let message: UnsafeMutablePointer<InlineBytes<512>>
  private let checksum: UnsafeMutablePointer<UInt32>

  /// A device in `memory`, just started.
  ///
  /// - Parameters:
  ///   - memory: `byteCount` bytes; static on a chip, so that the stack holds none of it.
  ///   - checksum: where the checksum of all that the display is sent is kept.
  public init(in memory: UnsafeMutableRawPointer, checksum: UnsafeMutablePointer<UInt32>) {
    checksum.pointee = 2_166_136_261
    self.checksum = checksum
    device = memory.bindMemory(to: Board.self, capacity: 1)
    message = (memory + Self.messageOffset).bindMemory(to: InlineBytes<512>.self, capacity: 1)
    initialise(device, FixedBus(displayChecksum: checksum))
    message.initialize(to: InlineBytes())
  }

  /// Lets the device live for a while; writes each payload as a line, and at the end the checksum.
  ///
  /// - Parameters:
  ///   - seconds: how long, in virtual time.
  ///   - put: takes each byte.
  public func live(seconds: UInt32, put: (UInt8) -> Void) {
    EmbeddedCheck.live(&device.pointee, &message.pointee, seconds * 1000, put)
    message.pointee.removeAll()
    message.pointee.append("display=")
    message.pointee.append(unsigned: UInt64(checksum.pointee))
    putLine(&message.pointee, put)
  }

  /// Asks the device what a person and a gateway may ask it, and writes what it answers: commands, log lines, a status
  /// after a configuration of which one value is taken and one is refused.
  public func ask(put: (UInt8) -> Void) {
    EmbeddedCheck.ask(&device.pointee, &message.pointee, put)
  }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  private static func live(
    _ device: inout Board, _ message: inout InlineBytes<512>, _ end: UInt32, _ put: (UInt8) -> Void
  ) {
    var now: UInt32 = 0
    while now < end {
      let actions = device.step(now: now, link: link)
      if actions.fetchConfiguration { device.node.configurationIsUnchanged() }
      while device.node.takePayload(now: now, into: &message) {
        putLine(&message, put)
        acknowledge(&device.node, &message, now)
      }
      now += 10
    }
  }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  private static func ask(_ device: inout Board, _ message: inout InlineBytes<512>, _ put: (UInt8) -> Void) {
    var now: UInt32 = 0
    run(&device, &now)
    command(&device.node, &message, #"{"id":"1","cmd":"read"}"#)
    command(&device.node, &message, #"{"id":"2","cmd":"screen"}"#)
    command(&device.node, &message, #"{"id":"2","cmd":"screen"}"#)
    run(&device, &now)
    while device.takeCommandAnswer(into: &message) { putLine(&message, put) }
    command(&device.node, &message, #"{"id":"3","cmd":"dance"}"#)
    while device.takeCommandAnswer(into: &message) { putLine(&message, put) }
    while device.node.takeLog(into: &message) { putLine(&message, put) }
    configure(&device.node, &message)
    run(&device, &now)
    device.node.writeOnlineStatus(into: &message)
    putLine(&message, put)
  }
}

@inline(never)
private func run(_ device: inout Board, _ now: inout UInt32) {
  for _ in 0..<300 {
    now += 10
    _ = device.step(now: now, link: link)
  }
}

@inline(never)
private func configure(_ node: inout Node<16>, _ message: inout InlineBytes<512>) {
  message.removeAll()
  message.append(#"{"fan_pwm_controller_config":{"enabled":1,"temp_min":2.5,"temp_max":"warm"}}"#)
  _ = try? node.configurationArrived(message.bytes, tag: InlineBytes("7"))
}

@inline(never)
private func putLine(_ message: inout InlineBytes<512>, _ put: (UInt8) -> Void) {
  let bytes = message.bytes
  for index in 0..<bytes.count { put(bytes[index]) }
  put(UInt8(ascii: "\n"))
}

@inline(never)
private func command(_ node: inout Node<16>, _ message: inout InlineBytes<512>, _ text: StaticString) {
  message.removeAll()
  message.append(text)
  node.commandArrived(message.bytes)
}

/// Answers as the gateway would: everything so far is durable, and the device started at 22:45:24 UTC.
@inline(never)
private func acknowledge(_ node: inout Node<16>, _ message: inout InlineBytes<512>, _ now: UInt32) {
  message.removeAll()
  message.append("{\"boot\":17,\"seqs\":[[1,")
  message.append(unsigned: UInt64(node.made))
  message.append("]],\"time\":")
  message.append(unsigned: 1_795_473_924_000 + UInt64(now))
  message.append(UInt8(ascii: "}"))
  node.acknowledgementArrived(message.bytes)
}

// Never inlined: what the making needs of the stack is free again when the device runs.
@inline(never)
private func initialise(_ device: UnsafeMutablePointer<Board>, _ bus: FixedBus) {
  var configuration = NodeConfiguration()
  configuration.heartbeatPeriodMilliseconds = 5_000
  device.initialize(
    to: Board(
      identity: NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 17),
      configuration: configuration,
      board: PlainWiring(bus: bus, motion: FixedInput(), door: FixedInput(), light: FixedLight())))
}

private var link: Link { Link(isJoined: true, rssi: -61, isConnected: true) }
