import HAL
import Node
import Telemetry

/// Runs the whole device for a while against constants and writes what it publishes, a payload a line, and at the end a
/// checksum of all that its display was sent.
///
/// The same function runs on Linux and on a Cortex-M0+: both must write the same bytes. It instantiates every driver over
/// concrete types, because a generic that is never specialised is never compiled for the chip.
///
/// - Parameters:
///   - seconds: how long the device lives, in virtual time.
///   - put: takes each byte.
public func runEmbeddedCheck(seconds: UInt32, put: (UInt8) -> Void) {
  var checksum: UInt32 = 2_166_136_261
  withUnsafeMutablePointer(to: &checksum) { checksum in
    var device = board(FixedBus(displayChecksum: checksum))
    var message = InlineBytes<512>()
    live(&device, &message, seconds * 1000, put)
    message.removeAll()
    message.append("display=")
    message.append(unsigned: UInt64(checksum.pointee))
    putLine(&message, put)
  }
}

/// Asks a device what a person and a gateway may ask it, and writes what it answers: commands, log lines, a status after a
/// configuration of which one value is taken and one is refused. As `runEmbeddedCheck` otherwise.
public func runEmbeddedDialogue(put: (UInt8) -> Void) {
  var checksum: UInt32 = 0
  withUnsafeMutablePointer(to: &checksum) { checksum in
    var device = board(FixedBus(displayChecksum: checksum))
    var message = InlineBytes<512>()
    ask(&device, &message, put)
  }
}

private typealias Board = Device<PlainWiring<FixedBus, FixedInput, FixedLight>, 16>

// Never inlined: what the making needs of the stack is free again when the device runs.
@inline(never)
private func board(_ bus: FixedBus) -> Board {
  var configuration = NodeConfiguration()
  configuration.heartbeatPeriodMilliseconds = 5_000
  return Board(
    node: Node(
      identity: NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 17),
      configuration: configuration),
    bus: bus, motion: FixedInput(), door: FixedInput(), light: FixedLight())
}

private var link: Link { Link(isJoined: true, rssi: -61, isConnected: true) }

@inline(never)
private func live(
  _ device: inout Board, _ message: inout InlineBytes<512>, _ end: UInt32, _ put: (UInt8) -> Void
) {
  var now: UInt32 = 0
  while now < end {
    let actions = device.step(now: now, link: link)
    if actions.fetchConfiguration { device.node.configurationIsUnchanged() }
    while device.node.takePayload(now: now, into: &message) {
      putLine(&message, put)
      acknowledge(&device.node, now)
    }
    now += 10
  }
}

@inline(never)
private func ask(_ device: inout Board, _ message: inout InlineBytes<512>, _ put: (UInt8) -> Void) {
  var now: UInt32 = 0
  run(&device, &now)
  command(&device.node, #"{"id":"1","cmd":"read"}"#)
  command(&device.node, #"{"id":"2","cmd":"screen"}"#)
  command(&device.node, #"{"id":"2","cmd":"screen"}"#)
  run(&device, &now)
  while device.takeCommandAnswer(into: &message) { putLine(&message, put) }
  command(&device.node, #"{"id":"3","cmd":"dance"}"#)
  while device.takeCommandAnswer(into: &message) { putLine(&message, put) }
  while device.node.takeLog(into: &message) { putLine(&message, put) }
  configure(&device.node)
  run(&device, &now)
  device.node.writeOnlineStatus(into: &message)
  putLine(&message, put)
}

@inline(never)
private func run(_ device: inout Board, _ now: inout UInt32) {
  for _ in 0..<300 {
    now += 10
    _ = device.step(now: now, link: link)
  }
}

@inline(never)
private func configure(_ node: inout Node<16>) {
  let document = InlineBytes<96>(#"{"fan_pwm_controller_config":{"enabled":1,"temp_min":2.5,"temp_max":"warm"}}"#)
  document.withSpan { _ = try? node.configurationArrived($0, tag: InlineBytes("7")) }
}

@inline(never)
private func putLine(_ message: inout InlineBytes<512>, _ put: (UInt8) -> Void) {
  for index in 0..<message.count { put(message[index]) }
  put(UInt8(ascii: "\n"))
}

@inline(never)
private func command(_ node: inout Node<16>, _ text: StaticString) {
  InlineBytes<64>(text).withSpan { _ = node.commandArrived($0) }
}

/// Answers as the gateway would: everything so far is durable, and the device started at 22:45:24 UTC.
@inline(never)
private func acknowledge(_ node: inout Node<16>, _ now: UInt32) {
  var answer = InlineBytes<128>("{\"boot\":17,\"seqs\":[[1,")
  answer.append(unsigned: UInt64(node.made))
  answer.append("]],\"time\":")
  answer.append(unsigned: 1_795_473_924_000 + UInt64(now))
  answer.append(UInt8(ascii: "}"))
  answer.withSpan { _ = node.acknowledgementArrived($0) }
}
