import Foundation
import Node
import NodeShell
import Telemetry
import Testing

/// What a device on Linux finds after its process was killed.
@Suite struct NodeFlashTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "flash-\(UUID().uuidString)").path

  private func node(boot: UInt32) -> Node<256> {
    Node(identity: NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1"), boot: boot))
  }

  private func reading(_ seq: UInt32) -> [UInt8] {
    var outbox = Outbox<1>()
    outbox.append(
      Reading(
        boot: 2, seq: seq, event: .heartbeat, measurement: .missing(.absent), motion: .low, switchLevel: .low,
        wifiRSSI: nil, uptimeMilliseconds: 1000, unixSeconds: nil))
    let record = outbox.record(at: 0)
    return (0..<OutboxRecord.byteCount).map { record[$0] }
  }

  @Test func eachStartHasTheNextNumber() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try (FlashFolder(path).nextBoot(), FlashFolder(path).nextBoot(), FlashFolder(path).nextBoot()) == (1, 2, 3))
  }

  @Test func readingsConfigurationAndFlightRecordAreThereAgain() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var before = node(boot: 3)
    for seq in 1...3 as ClosedRange<UInt32> { before.restore(reading(seq).span) }
    #expect(before.outbox.count == 3)
    var flash = NodeFlash(folder: try FlashFolder(path))
    flash.keepConfiguration(before)
    flash.keepFlightRecord(before)
    flash.spill(before, isConnected: false, sent: 0, acknowledged: 0, at: 1000)
    #expect(flash.fault == nil)

    let found = NodeFlash(folder: try FlashFolder(path))
    var after = node(boot: 4)
    found.restore(&after)
    #expect(after.outbox.count == 3)
    #expect((found.lastGood, found.candidate, found.refused) == (flash.lastGood, flash.candidate, flash.refused))
    #expect(FlightRecord(record: found.flight.span)?.boot == 3)
  }

  @Test func whatIsAcknowledgedIsGoneFromTheFolderToo() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var waiting = node(boot: 3)
    waiting.restore(reading(1).span)
    var flash = NodeFlash(folder: try FlashFolder(path))
    flash.spill(waiting, isConnected: false, sent: 0, acknowledged: 0, at: 1000)
    #expect(NodeFlash(folder: try FlashFolder(path)).outbox.isEmpty == false)
    flash.spill(node(boot: 3), isConnected: true, sent: 1, acknowledged: 1, at: 2000)
    #expect(NodeFlash(folder: try FlashFolder(path)).outbox.isEmpty)
  }

  /// A connected broker is no gateway: after half a minute without its word readings are kept all the same.
  @Test func whileTheBrokerIsThereOnlyAGatewaysSilenceMakesItWrite() throws {
    var waiting = node(boot: 3)
    waiting.restore(reading(1).span)
    var flash = NodeFlash()
    flash.begin(at: 0)
    flash.spill(waiting, isConnected: true, sent: 1, acknowledged: 0, at: NodeFlash.patienceMilliseconds - 1)
    #expect(flash.outbox.isEmpty)
    flash.spill(waiting, isConnected: true, sent: 1, acknowledged: 0, at: NodeFlash.patienceMilliseconds)
    #expect(!flash.outbox.isEmpty)
  }

  @Test func recordCutShortIsNone() throws {
    let folder = try FlashFolder(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try folder.write(.outbox, reading(1) + reading(2).dropLast())
    var after = node(boot: 4)
    NodeFlash(folder: folder).restore(&after)
    #expect(after.outbox.count == 1)
  }

  @Test func folderThatIsGoneIsSaidAndNothingStops() throws {
    let folder = try FlashFolder(path)
    try FileManager.default.removeItem(atPath: path)
    var flash = NodeFlash(folder: folder)
    flash.keepFlightRecord(node(boot: 3))
    #expect(flash.fault?.description == "cannot write \(path)/flight: No such file or directory")
    #expect(folder.nextBoot() >= 0x8000_0000)
    #expect(throws: FlashFolder.Fault.self) { try FlashFolder(path + "/a/b") }
  }
}
