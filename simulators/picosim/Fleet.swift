import Foundation
import Node
import NodeShell
import Telemetry
import VirtualBoard

/// Simulated boards on one thread: each is stepped when something of it is due, or when its socket has something to say.
final class Fleet {
  /// What a fleet is made of.
  struct Plan {
    var names: [String]
    var endpoints: Endpoints
    var network = NetworkKind.broker
    var speed = Speed.factor(1)
    var scenario = Scenario()
    /// Random faults from this seed, for each board others.
    var faults: UInt64?
    /// Whether power cuts are among the random faults.
    var cutsPower = true
    var parts: Set<Part> = [.bme280, .ssd1306]
    var visitPeriodMilliseconds = 45_000.0
    var configuration = NodeConfiguration()
    /// The first board's place in a fleet that is spread over several processes.
    var first = 0
    /// Each board starts so much later than the one before it, ms.
    var staggerMilliseconds = 0.0
    var isWatched = false
  }

  let picos: [SimulatedPico]
  let epoll: Epoll
  /// Somebody else's descriptor is ready; owners below 0 are theirs, except for `fetchOwner`.
  var onForeignDescriptor: (_ owner: Int) -> Void = { _ in }

  private static let fetchOwner = -1
  private let fetcher: ConfigurationFetcher?
  private let isOnline: Bool
  private var pace: Pace
  private var timetable: Timetable
  private let starts: [UInt64]
  private var watched: [Watch?]

  /// What the loop waits for on a board's socket.
  private struct Watch: Equatable {
    var connection: Int
    var descriptor: Int32
    var isForWriting: Bool
  }

  /// The boards as planned; they start as the time begins to run.
  ///
  /// - Throws: what the file system says of the boot counters, or the MQTT client of its options.
  init(_ plan: Plan) throws {
    let boots = try BootCounter(directory: plan.endpoints.state)
    let seed = plan.endpoints.seed
    picos = try plan.names.enumerated().map { index, name in
      let number = UInt64(plan.first + index)
      var board = SimulatedPico.Plan(name: name, seed: seed &* 1000 &+ number, boot: { try boots.next(device: name) })
      board.scenario = plan.scenario
      board.faults = plan.faults.map { RandomFaults(seed: $0 &* 1000 &+ number, cutsPower: plan.cutsPower) }
      board.parts = plan.parts
      board.visitPeriodMilliseconds = plan.visitPeriodMilliseconds
      board.configuration = plan.configuration
      return try SimulatedPico(board, network: plan.network, endpoints: plan.endpoints)
    }
    epoll = try Epoll()
    isOnline = plan.network == .broker
    let starts = plan.names.indices.map { UInt64(Double(plan.first + $0) * plan.staggerMilliseconds) }
    self.starts = starts
    timetable = Timetable(count: starts.count) { starts[$0] }
    watched = Array(repeating: nil, count: starts.count)
    pace = Pace(plan.speed)
    let hasConfig = isOnline && plan.endpoints.config != "none"
    fetcher = hasConfig ? ConfigurationFetcher(base: plan.endpoints.config, boards: plan.names.count) : nil
    if let fetcher { epoll.add(fetcher.fileDescriptor, owner: Self.fetchOwner) }
    for pico in picos { pico.isWatched = plan.isWatched }
  }

  /// The order in which strap ids are given out: the demo's first boards are rooms a person knows.
  private static let order = [6, 2, 4, 5, 10, 7, 0, 3, 1, 8, 9, 11, 12, 13, 14, 15]

  /// The straps of a board by its place in the fleet; `nil` beyond the sixteen.
  static func straps(_ place: Int) -> UInt8? { place < order.count ? UInt8(order[place]) : nil }

  /// Names for boards `first` ..< `first` + `count`: the sixteen of the straps, and beyond them by number.
  static func names(first: Int = 0, count: Int) -> [String] {
    (first..<first + count).map { $0 < order.count ? text(DeviceID(straps: UInt8(order[$0]))) : "Sim\($0)" }
  }

  /// The boards' milliseconds since the start.
  var milliseconds: UInt64 { pace.milliseconds }

  /// Real milliseconds since the start.
  var realMilliseconds: UInt64 { pace.realMilliseconds }

  /// Readings made so far.
  var made: Int { picos.reduce(0) { $0 + $1.made } }
  /// Payloads handed to the broker so far, resent ones included.
  var sent: Int { picos.reduce(0) { $0 + $1.sent } }
  /// Readings acknowledged so far.
  var acknowledged: Int { picos.reduce(0) { $0 + $1.acknowledged } }
  /// Readings in the outboxes.
  var unsent: Int { picos.reduce(0) { $0 + $1.device.node.outbox.count } }
  /// Readings dropped because an outbox was full.
  var dropped: Int { picos.reduce(0) { $0 + $1.dropped } }
  /// Readings that were lost in power cuts: neither acknowledged nor in flash.
  var lost: Int { picos.reduce(0) { $0 + $1.lost } }

  /// Steps the boards that are due, then waits for a socket or the next moment, at most until `end`.
  func turn(until end: UInt64 = .max) {
    let next = min(timetable.next?.due ?? end, end)
    if pace.speed == .max { pace.jump(to: next) }
    let now = pace.milliseconds
    // Nothing comes back in a turn before every board that was due has had its turn.
    while let (due, board) = timetable.next, due <= min(now, end) { step(board, at: isOnline ? now : due) }
    guard pace.speed != .max || isOnline else { return }
    let wait = min(pace.wait(until: min(timetable.next?.due ?? end, end)), 1000)
    epoll.wait(milliseconds: Int32(wait)) { owner in
      if owner >= 0 {
        picos[owner].networkReady()
        watch(owner)
      } else if owner == Self.fetchOwner {
        for answer in fetcher?.answers() ?? [] {
          picos[answer.board].take(answer.outcome)
          hurry(answer.board)
        }
      } else {
        onForeignDescriptor(owner)
      }
    }
  }

  /// Runs until the boards' clock shows `end`, or `isEnough` says so.
  func run(until end: UInt64, isEnough: () -> Bool = { false }) {
    while milliseconds < end, !isEnough() { turn(until: end) }
  }

  /// A board is stepped at once: something was done to it.
  func hurry(_ board: Int) {
    timetable.set(board, due: max(milliseconds, starts[board]))
  }

  /// The board's own milliseconds since its start.
  func localMilliseconds(of board: Int) -> UInt64 {
    let now = milliseconds
    return now - min(now, starts[board])
  }

  private func step(_ board: Int, at now: UInt64) {
    let pico = picos[board]
    let next = pico.step(milliseconds: now - starts[board], real: pace.realMilliseconds) { device, tag in
      if let fetcher {
        fetcher.fetch(board: board, device: device, tag: tag)
      } else {
        pico.take(.unchanged)
      }
    }
    timetable.set(board, due: starts[board] + next)
    if isOnline { watch(board) }
  }

  /// Lets the kernel watch what the board's socket is to be watched for. To be called after whatever may have closed or
  /// opened it, before another board gets the same descriptor.
  private func watch(_ board: Int) {
    let pico = picos[board]
    let wanted = pico.fileDescriptor.map {
      Watch(
        connection: pico.uplink?.connection ?? 0, descriptor: $0, isForWriting: pico.uplink?.wantsWrite ?? false)
    }
    guard wanted != watched[board] else { return }
    let old = watched[board]
    watched[board] = wanted
    guard let wanted else {
      if let old { epoll.remove(old.descriptor) }
      return
    }
    if old?.connection == wanted.connection {
      epoll.change(wanted.descriptor, owner: board, writable: wanted.isForWriting)
    } else {
      epoll.add(wanted.descriptor, owner: board, writable: wanted.isForWriting)
    }
  }

  /// Makes no new readings, and waits until all are acknowledged, at most `seconds` of real time.
  func drain(seconds: UInt64, isEnough: () -> Bool = { false }) {
    for (index, pico) in picos.enumerated() {
      pico.isQuiet = true
      hurry(index)
    }
    let deadline = pace.realMilliseconds + seconds * 1000
    while unsent > 0, pace.realMilliseconds < deadline, !isEnough() { turn(until: milliseconds + 100) }
  }

  /// Says good-bye.
  func stop() {
    fetcher?.stop()
    for pico in picos { pico.stop() }
  }
}
