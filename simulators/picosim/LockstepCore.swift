import ChipModels
import Node
import NodeShell
import StatusLED
import Telemetry
import VirtualBoard

/// The Swift core as the other core is driven: lines of what happens go in, lines of what it did come out
/// (simulators/micropython/PROTOCOL.md, "Lockstep").
struct LockstepCore: ~Copyable {
  /// The readings whose payloads the last step gave, in order.
  private(set) var taken: [ReadingIdentity] = []

  private let board: VirtualBoard
  private var device: Device<VirtualBoard, 32>
  private var boot: UInt32 = 1
  private var statusEdition: UInt32 = 0
  private var payload = InlineBytes<512>()
  /// What a shell would have in flash; empty for nothing.
  private var kept = Kept()

  private struct Kept {
    var lastGood: [UInt8] = []
    var candidate: [UInt8] = []
    var refused: [UInt8] = []
    var flight: [UInt8] = []
  }

  init(board: VirtualBoard) {
    self.board = board
    device = Self.device(on: board, boot: boot, cause: .unknown, previous: nil)
  }

  private static func device(
    on board: VirtualBoard, boot: UInt32, cause: ResetCause, previous: FlightRecord?
  ) -> Device<VirtualBoard, 32> {
    let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0-sim"), boot: boot)
    return Device(node: Node(identity: identity, cause: cause, previous: previous), board: board)
  }

  /// What happens between two steps.
  mutating func happen(_ line: String) {
    let words = line.split(separator: " ", maxSplits: 2).map { Array($0.utf8) }
    let second = words.count > 1 && words[1] != Array("-".utf8) ? words[1] : []
    let tag = InlineBytes<64>(second.span)
    let rest = Array(line.utf8.drop { $0 != UInt8(ascii: " ") }.dropFirst())
    switch String(decoding: words[0], as: UTF8.self) {
    case "ack": device.node.acknowledgementArrived(rest.span)
    case "config":
      // What is no JSON is refused by both.
      let document = words[2]
      _ = try? device.node.configurationArrived(document.span, tag: tag)
    case "unchanged": device.node.configurationIsUnchanged()
    case "failed": device.node.configurationFailed()
    case "announce": device.node.configurationAnnounced(tag: tag)
    case "command": device.node.commandArrived(rest.span)
    case "puback":
      let numbers = rest.split(separator: UInt8(ascii: " ")).map { number(Array($0)) }
      device.node.brokerAcknowledged(
        ReadingIdentity(boot: numbers[0], seq: numbers[1], payloadVersion: UInt8(numbers[2])))
    case "quiet": device.node.isQuiet = words[1] == Array("1".utf8)
    case "lost": device.node.connectionLost()
    case "clock": device.node.setClock(unixMilliseconds: UInt64(String(decoding: rest, as: UTF8.self)) ?? 0)
    case "restart":
      restart(cause: ResetCause(rawValue: UInt8(number(words[1]))) ?? .unknown, flipping: Int(number(words[2])))
    default: break
    }
  }

  /// Goes on to a moment.
  ///
  /// - Returns: what it did, as the other core tells it.
  mutating func step(_ tick: UInt32, link: Link) -> [String] {
    let actions = device.step(now: tick, link: link)
    func digit(_ isTrue: Bool) -> Int { isTrue ? 1 : 0 }
    let fans = "\(actions.fanDutyPercent.map(String.init) ?? "-") \(actions.fansActive.map(String.init) ?? "-")"
    var lines = [
      "actions \(digit(actions.measure)) \(digit(actions.fetchConfiguration)) \(actions.led.rawValue)"
        + " \(digit(actions.isDisplayDim)) \(fans) \(digit(actions.restart))"
    ]
    if actions.storeConfiguration { lines.append("kept \(keepConfigurations())") }
    if actions.storeFlightRecord { lines.append("flight \(keepFlight())") }
    taken = []
    while device.node.takePayload(now: tick, into: &payload) {
      lines.append("payload " + text(payload))
      if let reading = device.node.taken { taken.append(reading) }
    }
    while device.takeCommandAnswer(into: &payload) { lines.append("answer " + text(payload)) }
    while device.node.takeLog(into: &payload) { lines.append("log " + text(payload)) }
    if device.node.statusEdition != statusEdition {
      statusEdition = device.node.statusEdition
      device.node.writeOnlineStatus(into: &payload)
      lines.append("status " + text(payload))
    }
    return lines + ["outbox \(device.node.outbox.count)"]
  }

  private mutating func keepConfigurations() -> String {
    var record = InlineBytes<192>()
    device.node.lastGoodConfiguration.encode(into: &record)
    kept.lastGood = record.array
    kept.candidate = []
    if let candidate = device.node.candidateConfiguration {
      candidate.encode(into: &record)
      kept.candidate = record.array
    }
    var refusal = InlineBytes<72>()
    device.node.refusedConfiguration?.encode(into: &refusal)
    kept.refused = refusal.array
    return "\(hexadecimal(kept.lastGood)) \(hexadecimal(kept.candidate)) \(hexadecimal(kept.refused))"
  }

  private mutating func keepFlight() -> String {
    var record = InlineBytes<95>()
    device.node.flight.encode(into: &record)
    kept.flight = record.array
    return hexadecimal(kept.flight)
  }

  /// The next life, with what the last one left: its configurations, what it refused, its flight record, its readings. In each record the
  /// byte at `place` is wrong; beyond its end none is.
  private mutating func restart(cause: ResetCause, flipping place: Int) {
    func damaged(_ record: [UInt8]) -> [UInt8] {
      var record = record
      if place < record.count { record[place] ^= 0x10 }
      return record
    }
    var records: [[UInt8]] = []
    for index in 0..<device.node.outbox.count {
      let record = device.node.outbox.record(at: index)
      records.append((0..<OutboxRecord.byteCount).map { record[$0] })
    }
    boot += 1
    kept = Kept(
      lastGood: damaged(kept.lastGood), candidate: damaged(kept.candidate), refused: damaged(kept.refused),
      flight: damaged(kept.flight))
    device = Self.device(on: board, boot: boot, cause: cause, previous: FlightRecord(record: kept.flight.span))
    device.node.restore(
      lastGood: TaggedConfiguration(record: kept.lastGood.span),
      candidate: TaggedConfiguration(record: kept.candidate.span),
      refused: RefusedConfiguration(record: kept.refused.span))
    for record in records {
      let record = damaged(record)
      device.node.restore(record.span)
    }
    statusEdition = 0
  }
}

private func number(_ word: [UInt8]) -> UInt32 { UInt32(String(decoding: word, as: UTF8.self)) ?? 0 }

/// Two digits a byte; `-` for none.
private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.isEmpty ? "-" : bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
