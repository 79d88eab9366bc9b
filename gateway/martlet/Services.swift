import CloudBridge
import FleetView
import Foundation
import GatewayCore
import Ingest
import Journal
import LocalNode
import Logging
import ServiceLifecycle
import Synchronization
import TimescaleSink

/// The ingest thread as a service: ends with everything read committed and acknowledged.
struct IngestService: Service {
  let ingest: IngestLoop

  func run() async throws {
    ingest.start()
    try? await gracefulShutdown()
    await blocking { ingest.stop() }
  }
}

/// The device in this process as a service: ends with what is not acknowledged kept.
struct LocalNodeService: Service {
  let node: LocalNode

  func run() async throws {
    node.start()
    try? await gracefulShutdown()
    await blocking { node.stop() }
  }
}

/// The thread behind the HTTP intake as a service: ends with everything committed that was taken.
struct IntakeService: Service {
  let intake: ReadingIntake

  func run() async throws {
    intake.start()
    try? await gracefulShutdown()
    await blocking { intake.stop() }
  }
}

/// A sink's thread as a service: ends with the journal delivered, or after `drainSeconds`.
struct SinkService: Service {
  let runner: SinkRunner
  let drainSeconds: Double

  func run() async throws {
    runner.start()
    try? await gracefulShutdown()
    _ = await blocking { runner.stop(within: drainSeconds) }
  }
}

/// Roll-ups and retention once a minute; one gateway of a database at a time.
struct UpkeepService: Service {
  let settings: Upkeep.Settings
  let logger: Logger

  func run() async throws {
    let upkeep = Mutex<Upkeep?>(Upkeep(settings, logger: logger))
    // One line when a fault begins or changes.
    let told = Mutex<String?>(nil)
    while !Task.isShuttingDownGracefully, !Task.isCancelled {
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(60)) }
      if Task.isShuttingDownGracefully || Task.isCancelled { break }
      await blocking {
        let fault = upkeep.withLock { upkeep -> String? in
          do throws(SinkError) {
            _ = try upkeep?.turn()
            return nil
          } catch {
            return error.description
          }
        }
        let isNews = told.withLock { told in
          defer { told = fault }
          return told != fault
        }
        if let fault, isNews { logger.warning("roll-ups and retention wait: \(fault)") }
      }
    }
    upkeep.withLock { upkeep in
      upkeep?.close()
      upkeep = nil
    }
  }
}

/// Looks at the journal once a second, so that the page and the metrics never wait for the disk.
final class HealthWatch: Service, Sendable {
  private let journal: Journal
  private let metrics: GatewayMetrics
  private let ingest: IngestLoop
  private let sink: String?
  private let bridge: BridgeSettings?
  private let broker: String
  private let journalFault = Mutex<String?>(nil)

  init(
    journal: Journal, metrics: GatewayMetrics, ingest: IngestLoop, sink: String?, bridge: BridgeSettings?,
    broker: String
  ) {
    self.journal = journal
    self.metrics = metrics
    self.ingest = ingest
    self.sink = sink
    self.bridge = bridge
    self.broker = broker
  }

  func run() async throws {
    while !Task.isShuttingDownGracefully, !Task.isCancelled {
      look()
      if journal.isDamaged {
        throw StoreError(
          .corrupt, "the file was found damaged in use; the gateway ends, and its next start sets the file aside")
      }
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
    }
  }

  private func look() {
    do throws(StoreError) {
      // Otherwise a sink that catches up while nothing new comes would begin anew after a kill.
      try journal.saveCursors()
      let statistics = try journal.statistics()
      metrics.storeState(statistics)
      for (name, cursor) in statistics.cursors {
        metrics.sinkLag(name, entries: statistics.lastID - cursor)
        let oldest = cursor < statistics.lastID ? try journal.entries(after: cursor, limit: 1).first : nil
        let age = oldest.map { GatewayClock.system.wallMicroseconds() - $0.received } ?? 0
        metrics.sinkAge(name, seconds: Double(age) / 1e6)
      }
      journalFault.withLock { $0 = nil }
    } catch {
      journalFault.withLock { $0 = error.description }
    }
  }

  /// Health at this moment.
  var now: GatewayHealth {
    let snapshot = metrics.snapshot
    var parts = [
      snapshot.isBrokerUp
        ? GatewayHealth.Part("broker", .ok)
        : GatewayHealth.Part("broker", .failed, "no connection to \(broker); is the broker running there?")
    ]
    let fault = journalFault.withLock { $0 }
    parts.append(GatewayHealth.Part("journal", fault == nil ? .ok : .failed, fault ?? ""))
    if let sink {
      let isUp = snapshot.sinks[sink]?.isUp ?? false
      parts.append(
        GatewayHealth.Part(
          "database", isUp ? .ok : .failed,
          isUp ? "" : "not reachable; readings wait in the journal; see martlet doctor"))
    } else {
      parts.append(GatewayHealth.Part("database", .notConfigured, "the journal is the store"))
    }
    if let bridge {
      let isUp = snapshot.sinks[CloudBridge.sinkName]?.isUp ?? false
      let address = "\(bridge.options.host):\(bridge.options.port)"
      parts.append(
        GatewayHealth.Part(
          "bridge", isUp ? .ok : .waiting,
          isUp
            ? "" : "\(address) is not reachable or does not confirm; readings wait in the journal; see martlet doctor"))
    }
    return GatewayHealth(loopIdleMilliseconds: ingest.idleMilliseconds, parts: parts)
  }
}

/// Runs what blocks on a thread of its own, so that Swift's few threads stay free.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: body()) }.start()
  }
}
