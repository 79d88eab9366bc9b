import GatewayCore
import Glibc
import Ingest
import Journal
import Logging

/// One life of the gateway: the real ingest loop, sink runner and journal, from its start to its death.
final class GatewayRun: @unchecked Sendable {
  let ingestPlayer: Player
  let sinkPlayer: Player
  /// Killed: whatever it still calls fails, and nothing of it reaches anybody.
  private(set) var isDead = false
  private let world: World
  private var store: FaultyStore?
  private var ingest: IngestLoop?
  private var runner: SinkRunner?
  private var left = 2
  private var gone: () -> Void = {}

  init(_ world: World) {
    self.world = world
    ingestPlayer = Player(world.stage, name: "ingest")
    sinkPlayer = Player(world.stage, name: "sink")
  }

  /// Opens the journal and starts both threads; `gone` happens when it has ended, one way or the other.
  func start(_ scenery: Scenery, gone: @escaping () -> Void) throws {
    self.gone = gone
    let journal = try Self.open(
      path: world.journalPath, options: scenery.journal,
      clock: clock { [ingestPlayer] in ingestPlayer.wait(seconds: $0) })
    let store = FaultyStore(journal, world, self)
    self.store = store
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    let committed = CommitSignal(waiting: sinkPlayer)
    let metrics = GatewayMetrics()
    let tail = LiveTail(limit: scenery.tail)
    let runner = try SinkRunner(
      SimulatedSink(world, self, journal: journal.id), store: store, rows: Profiles.row, committed: committed,
      tail: tail, metrics: metrics, logger: logger, batchSize: scenery.deliveryBatch,
      backoff: Backoff(firstSeconds: 0.25, limitSeconds: 30, seed: world.chance.seed()),
      clock: clock { [sinkPlayer] in sinkPlayer.wait(seconds: $0) })
    self.runner = runner
    var options = IngestOptions(gatewayID: "simulated")
    options.batchMessages = scenery.ingestBatch
    options.backoff = Backoff(firstSeconds: 0.5, limitSeconds: 30, seed: world.chance.seed())
    options.patience = Backoff(firstSeconds: 0.25, limitSeconds: 5, seed: world.chance.seed())
    let ingest = try IngestLoop(
      options, store: store, committed: committed, metrics: metrics, logger: logger, tail: tail,
      clock: clock { [ingestPlayer] in ingestPlayer.wait(seconds: $0) },
      connect: { [world, self] _ in SimulatedConnection(world, self) })
    self.ingest = ingest
    ingestPlayer.start({ ingest.run() }, ended: { [self] in ingestEnded() })
    sinkPlayer.start({ runner.run() }, ended: { [self] in playerEnded() })
  }

  /// Opens the file. Where other tests of the process start programs, a child that has not reached its `exec` still holds
  /// the lock of the life before: that is waited for, in real time, which no run knows of.
  private static func open(path: String, options: JournalOptions, clock: GatewayClock) throws(StoreError) -> Journal {
    for _ in 0..<5000 {
      do throws(StoreError) { return try Journal(path: path, options: options, clock: clock) } catch {
        guard error.code == .locked else { throw error }
        usleep(1000)
      }
    }
    return try Journal(path: path, options: options, clock: clock)
  }

  private func clock(_ pause: @escaping @Sendable (Double) -> Void) -> GatewayClock {
    let world = world
    return GatewayClock(
      wallMicroseconds: { world.gatewayWall }, monotonicSeconds: { Double(world.stage.now) / 1e6 }, pause: pause)
  }

  /// kill -9.
  func kill() {
    guard !isDead else { return }
    isDead = true
    ingest?.stop()
    runner?.stop(within: 0)
    ingestPlayer.wake()
    sinkPlayer.wake()
  }

  /// SIGTERM: first the ingest, then what is journaled, as `martlet gateway` does.
  func stop() {
    ingest?.stop()
    ingestPlayer.wake()
  }

  private func ingestEnded() {
    if !isDead { runner?.stop(within: 10) }
    playerEnded()
  }

  private func playerEnded() {
    left -= 1
    guard left == 0 else { return }
    // The next life needs the file's lock.
    if isDead { store?.release() } else { store?.close() }
    ingest = nil
    runner = nil
    gone()
  }

  var gaps: [Gap] { store?.gaps ?? [] }
}

/// How large things are in one life of the gateway.
struct Scenery {
  var journal: JournalOptions
  var deliveryBatch: Int
  var ingestBatch: Int
  var tail: Int

  /// Small bounds, so that every bound is met.
  init(_ chance: inout Chance) {
    journal = JournalOptions()
    journal.maxEntries = chance.pick([60, 300, 5000])
    journal.keepDeliveredEntries = chance.pick([0, 20, 1000])
    journal.keepDeliveredSeconds = chance.pick([60, 3600, 86_400])
    deliveryBatch = chance.pick([1, 3, 50, 5000])
    ingestBatch = chance.pick([1, 5, 1000])
    tail = chance.pick([0, 10, 6000])
  }
}
