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
  withUnsafeMutablePointer(to: &checksum) { run(FixedBus(displayChecksum: $0), seconds, put) }
  var line = InlineBytes<32>("display=")
  line.append(unsigned: UInt64(checksum))
  for index in 0..<line.count { put(line[index]) }
  put(UInt8(ascii: "\n"))
}

private func run(_ bus: FixedBus, _ seconds: UInt32, _ put: (UInt8) -> Void) {
  let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 17)
  var configuration = NodeConfiguration()
  configuration.heartbeatPeriodMilliseconds = 5_000
  var device = Device<FixedBus, FixedInput, FixedLight, 16>(
    node: Node(identity: identity, configuration: configuration), bus: bus, motion: FixedInput(),
    door: FixedInput(), light: FixedLight())
  var payload = InlineBytes<512>()
  var now: UInt32 = 0
  while now < seconds * 1000 {
    let actions = device.step(now: now, link: Link(isJoined: true, rssi: -61, isConnected: true))
    if actions.fetchConfiguration { device.node.configurationIsUnchanged() }
    while device.node.takePayload(now: now, into: &payload) {
      for index in 0..<payload.count { put(payload[index]) }
      put(UInt8(ascii: "\n"))
      acknowledge(&device.node, now)
    }
    now += 10
  }
}

/// Answers as the gateway would: everything so far is durable, and the device started at 22:45:24 UTC.
private func acknowledge(_ node: inout Node<16>, _ now: UInt32) {
  var answer = InlineBytes<128>("{\"boot\":17,\"seqs\":[[1,")
  answer.append(unsigned: UInt64(node.made))
  answer.append("]],\"time\":")
  answer.append(unsigned: 1_795_473_924_000 + UInt64(now))
  answer.append(UInt8(ascii: "}"))
  answer.withSpan { _ = node.acknowledgementArrived($0) }
}
