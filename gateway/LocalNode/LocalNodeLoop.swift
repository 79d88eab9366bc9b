import GatewayCore
import Glibc
import HAL
import Logging
import MQTTClient
import Node
import NodeShell
import Synchronization
import Telemetry

/// The local node's thread: steps the device a hundred times a second, as a Pico W's main loop does, and waits for its
/// sockets in between.
final class LocalNodeLoop<Board: Wiring> {
  /// The time between two steps, ms.
  private static var pace: Int32 { 10 }

  private let board: Board
  private let options: LocalNodeOptions
  private let folder: FlashFolder
  private let logger: Logger
  private let advance: (UInt64) -> Void
  private let uplink: BrokerUplink
  private let fetcher: ConfigurationFetcher?
  private let started = GatewayClock.system.monotonicSeconds()
  private var flash: NodeFlash
  private var device: Device<Board, 256>
  private var told: String?

  /// - Parameter advance: lets the board's own time reach so many milliseconds since the start.
  init(
    _ board: Board, _ options: LocalNodeOptions, _ folder: FlashFolder, _ logger: Logger,
    advance: @escaping (UInt64) -> Void
  ) {
    self.board = board
    self.options = options
    self.folder = folder
    self.advance = advance
    var logger = logger
    logger[metadataKey: "device"] = "\(options.device)"
    self.logger = logger
    flash = NodeFlash(folder: folder)
    device = Self.device(board, options, flash, boot: folder.nextBoot(), .powerOn)
    uplink = BrokerUplink(options.broker, device: options.device, baseTopic: options.baseTopic)
    fetcher = options.configServer.map { ConfigurationFetcher(base: $0, boards: 1) }
  }

  private static func device(
    _ board: Board, _ options: LocalNodeOptions, _ flash: NodeFlash, boot: UInt32, _ cause: ResetCause
  ) -> Device<Board, 256> {
    let identity = NodeIdentity(
      device: InlineBytes(Array(options.device.utf8).span), firmware: InlineBytes(Array(options.firmware.utf8).span),
      boot: boot)
    var node = Node<256>(identity: identity, cause: cause, previous: FlightRecord(record: flash.flight.span))
    flash.restore(&node)
    return Device(node: node, board: board)
  }

  func run(until isStopping: borrowing Atomic<Bool>) {
    begin()
    while !isStopping.load(ordering: .relaxed) {
      wait()
      step()
    }
    flash.keepReadings(device.node)
    flash.keepFlightRecord(device.node)
    uplink.stop(&device)
    fetcher?.stop()
  }

  private var milliseconds: UInt64 { UInt64((GatewayClock.system.monotonicSeconds() - started) * 1000) }

  private func begin() {
    do throws(MQTTError) {
      try uplink.begin(device)
      flash.begin(at: milliseconds)
      logger.info("the local node has begun", metadata: ["boot": "\(device.node.identity.boot)"])
    } catch { tell(error.detail) }
  }

  private func wait() {
    var entries = [pollfd(fd: uplink.fileDescriptor ?? -1, events: Int16(POLLIN), revents: 0)]
    entries.append(pollfd(fd: fetcher?.fileDescriptor ?? -1, events: Int16(POLLIN), revents: 0))
    if uplink.wantsWrite { entries[0].events |= Int16(POLLOUT) }
    guard poll(&entries, 2, Self.pace) > 0 else { return }
    if entries[0].revents != 0 { uplink.read(&device, now: now) }
    if entries[1].revents != 0 { for answer in fetcher?.answers() ?? [] { take(answer.outcome) } }
  }

  private var now: UInt32 { UInt32(truncatingIfNeeded: milliseconds) }

  private func step() {
    advance(milliseconds)
    uplink.keepConnected(&device, real: milliseconds)
    let actions = device.step(now: now, link: Link(isJoined: true, rssi: nil, isConnected: uplink.isConnected))
    if actions.fetchConfiguration {
      if let fetcher {
        let tag = device.node.configurationTag.array
        fetcher.fetch(board: 0, device: options.device, tag: String(decoding: tag, as: UTF8.self))
      } else {
        take(.unchanged)
      }
    }
    if actions.storeConfiguration { flash.keepConfiguration(device.node) }
    if actions.storeFlightRecord { flash.keepFlightRecord(device.node) }
    uplink.publish(&device, now: now)
    flash.spill(
      device.node, isConnected: uplink.isConnected, sent: uplink.sent, acknowledged: uplink.acknowledged,
      at: milliseconds)
    tell(flash.fault?.description ?? uplink.trouble)
    if actions.restart { restart() }
  }

  /// Starts again because somebody asked for it: what is not acknowledged is kept, and sent by the next life.
  private func restart() {
    flash.keepReadings(device.node)
    flash.keepFlightRecord(device.node)
    uplink.stop(&device)
    uplink.abandon(&device)
    device = Self.device(board, options, flash, boot: folder.nextBoot(), .command)
    begin()
  }

  private func take(_ outcome: ConfigurationFetcher.Outcome) {
    switch outcome {
    case .arrived(let document, let tag):
      do throws(JSONError) {
        try device.node.configurationArrived(document.span, tag: InlineBytes(Array(tag.utf8).span))
      } catch {
        logger.warning("the configuration is not JSON: \(error.code) at byte \(error.offset)")
        device.node.configurationFailed()
      }
    case .unchanged: device.node.configurationIsUnchanged()
    case .failed(let why):
      logger.debug("no configuration: \(why)")
      device.node.configurationFailed()
    }
  }

  /// One line when a trouble begins or changes.
  private func tell(_ trouble: String?) {
    guard trouble != told else { return }
    told = trouble
    if let trouble { logger.warning("the local node: \(trouble)") }
  }
}
