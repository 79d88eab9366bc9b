import Foundation
import Node
import Telemetry

/// Some simulated boards in real time on one thread.
final class Fleet {
  let picos: [SimulatedPico]
  private let fetcher: ConfigurationFetcher?
  private let start = ContinuousClock.now

  /// `count` boards named by their straps, and beyond sixteen by number.
  convenience init(count: Int, endpoints: Endpoints) throws {
    try self.init(names: (0..<count).map(Self.name), endpoints: endpoints, isOnline: true)
  }

  /// The one board with these id straps.
  convenience init(strap: Int, endpoints: Endpoints, isOnline: Bool) throws {
    try self.init(names: [text(DeviceID(straps: UInt8(strap)))], endpoints: endpoints, isOnline: isOnline)
  }

  private init(names: [String], endpoints: Endpoints, isOnline: Bool) throws {
    let boots = try BootCounter(directory: endpoints.state)
    picos = try names.enumerated().map { index, name in
      return try SimulatedPico(
        name: name, boot: boots.next(device: name), seed: endpoints.seed &* 1000 &+ UInt64(index), endpoints: endpoints,
        isOnline: isOnline)
    }
    fetcher = isOnline && endpoints.config != "none" ? ConfigurationFetcher(base: endpoints.config) : nil
    for pico in picos { pico.start() }
  }

  /// The order in which strap ids are given out: the demo's first boards are rooms a person knows.
  private static let order = [6, 2, 4, 5, 10, 7, 0, 3, 1, 8, 9, 11, 12, 13, 14, 15]

  private static func name(_ index: Int) -> String {
    index < order.count ? text(DeviceID(straps: UInt8(order[index]))) : "Sim\(index)"
  }

  /// Milliseconds since the start.
  var milliseconds: UInt64 {
    let elapsed = (ContinuousClock.now - start).components
    return UInt64(elapsed.seconds) * 1000 + UInt64(elapsed.attoseconds / 1_000_000_000_000_000)
  }

  /// Readings made so far.
  var made: Int { picos.reduce(0) { $0 + Int($1.device.node.made) } }
  /// Payloads handed to the broker so far, resent ones included.
  var sent: Int { picos.reduce(0) { $0 + $1.sent } }
  /// Readings acknowledged so far.
  var acknowledged: Int { picos.reduce(0) { $0 + $1.acknowledged } }
  /// Readings in the outboxes.
  var unsent: Int { picos.reduce(0) { $0 + $1.device.node.outbox.count } }
  /// Readings dropped because an outbox was full.
  var dropped: Int { picos.reduce(0) { $0 + Int($1.device.node.outbox.dropped.total) } }

  /// Steps every board once, then waits for the network or the next slot, at most `milliseconds`.
  func turn(waitingAtMost wait: Int32 = 10) {
    for (index, pico) in picos.enumerated() {
      pico.step(milliseconds: milliseconds) { device, tag in
        if let fetcher {
          fetcher.fetch(board: index, device: device, tag: tag)
        } else {
          pico.take(.unchanged)
        }
      }
    }
    for answer in fetcher?.answers() ?? [] { picos[answer.board].take(answer.outcome) }
    var entries = picos.compactMap { pico in
      pico.fileDescriptor.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }
    poll(&entries, nfds_t(entries.count), wait)
  }

  /// Makes no new readings, and waits until all are acknowledged, at most `seconds`.
  func drain(seconds: UInt64) {
    for pico in picos { pico.isQuiet = true }
    let deadline = milliseconds + seconds * 1000
    while unsent > 0, milliseconds < deadline { turn() }
  }

  /// Says good-bye.
  func stop() {
    fetcher?.stop()
    for pico in picos { pico.stop() }
  }
}
