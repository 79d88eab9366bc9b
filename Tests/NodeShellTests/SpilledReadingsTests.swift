import Node
import NodeShell
import Telemetry
import Testing

@Suite struct SpilledReadingsTests {
  private let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1"), boot: 3)

  private func reading(_ seq: UInt32, boot: UInt32 = 2) -> Reading {
    Reading(
      boot: boot, seq: seq, event: .heartbeat, measurement: .missing(.absent), motion: .low, switchLevel: .low,
      wifiRSSI: nil, uptimeMilliseconds: UInt64(seq) * 1000, unixSeconds: nil)
  }

  private func outbox(_ seqs: ClosedRange<UInt32>) -> Outbox<256> {
    var outbox = Outbox<256>()
    for seq in seqs { outbox.append(reading(seq)) }
    return outbox
  }

  private func restored(_ flash: SpilledReadings) -> [UInt32] {
    var node = Node<256>(identity: identity)
    flash.restore(&node)
    return (0..<node.outbox.count).map { node.outbox[$0].seq }
  }

  @Test func whatIsKeptComesBackOnceAndInOrder() {
    var outbox = outbox(1...5)
    var flash = SpilledReadings()
    flash.keep(outbox)
    flash.keep(outbox)
    #expect(flash.bytes.count == 5 * OutboxRecord.byteCount)
    // A reading that went out is written again, because its time is fixed now.
    _ = outbox.takeNext(now: 0) { _, _ in nil }
    flash.keep(outbox)
    #expect(flash.bytes.count == 6 * OutboxRecord.byteCount)
    #expect(restored(flash) == [1, 2, 3, 4, 5])
  }

  @Test func theLaterRecordOfAReadingCounts() {
    var outbox = outbox(1...1)
    var flash = SpilledReadings()
    flash.keep(outbox)
    _ = outbox.takeNext(now: 0) { _, _ in 1_795_474_529 }
    flash.keep(outbox)
    var node = Node<256>(identity: identity)
    flash.restore(&node)
    #expect(node.outbox.count == 1 && node.outbox[0].unixSeconds == 1_795_474_529)
  }

  @Test func itKnowsWhatWasAcknowledgedSinceItWasWritten() {
    var outbox = outbox(1...5)
    var flash = SpilledReadings()
    flash.keep(outbox)
    outbox.acknowledge(boot: 2, first: 2, last: 3)
    outbox.append(reading(6))
    #expect(flash.settled(in: outbox) == 2 && flash.held(by: outbox) == 3)
  }

  @Test func weeksOfReadingsStayWithinItsBound() {
    var outbox = Outbox<256>()
    var flash = SpilledReadings()
    for seq in UInt32(1)...5000 {
      outbox.append(reading(seq))
      flash.keep(outbox)
      #expect(flash.bytes.count <= SpilledReadings.bound * OutboxRecord.byteCount)
    }
    #expect(restored(flash).suffix(256) == Array(4745...5000))
    #expect(flash.held(by: outbox) == 256)
  }
}
