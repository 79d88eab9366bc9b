import CloudBridge
import FleetView
import Foundation
import GatewayCore
import HTTPIntake
import HomeAssistant
import Hummingbird
import Ingest
import Journal
import LocalNode
import Logging
import MQTTClient
import ServiceLifecycle
import TimescaleSink
import UnixSignals

/// One gateway, wired: this file is the only place that knows all the parts.
struct Gateway {
  let settings: Settings
  let logger: Logger

  init(settings: Settings) {
    self.settings = settings
    var logger = Logger(label: "martlet")
    logger.logLevel = settings.logLevel
    self.logger = logger
  }

  /// Serves until asked to stop.
  func run() async throws {
    let metrics = GatewayMetrics()
    let journal = try openJournal(metrics)
    let fleet = Fleet()
    try restore(fleet, from: journal)
    let committed = CommitSignal()
    // Beside an intake there are two writers, and a tail must get rows in the order of their numbers.
    let tail = settings.database == nil || settings.intake.port != nil ? nil : LiveTail()
    let runner = try sinkRunner(journal, committed, tail, metrics)
    let bridge = try bridgeRunner(journal, committed, metrics)
    let announcer = try announcer()
    let onCommit: @Sendable ([Row], [Bool]) -> Void = { rows, isNew in
      fleet.observe(isNew.allSatisfy { $0 } ? rows : zip(rows, isNew).filter(\.1).map(\.0))
      announcer?.observe(rows)
    }
    let ingest = try IngestLoop(
      ingestOptions(), store: journal, committed: committed, metrics: metrics, logger: logger,
      handlers: IngestHandlers(
        committed: onCommit,
        status: { status in
          fleet.presence(
            device: status.device, online: status.isOnline, boot: status.boot, version: status.version,
            at: status.received)
        }), tail: tail)
    let health = HealthWatch(
      journal: journal, metrics: metrics, ingest: ingest, sink: runner?.name, bridge: settings.bridge,
      broker: "\(settings.broker.host):\(settings.broker.port)")
    let localNode = try settings.localNode.map { try LocalNode($0.options(settings), logger: logger) }
    let view = FleetView(fleet: fleet, metrics: metrics, health: { health.now })
    logger.info(
      "gateway \(settings.gatewayID): journal \(settings.journalPath), database \(settings.database.map(PostgresConnection.redacted) ?? "none"), bridge \(settings.bridge.map { "\($0.options.host):\($0.options.port)" } ?? "none")"
    )
    // Ends in reverse: first no new readings, then the rest of the journal to the sink, and the page stays to the last.
    var services: [any Service] = [webServer(view), health, ProgramPages()]
    for runner in [bridge, runner].compactMap({ $0 }) {
      services.append(SinkService(runner: runner, drainSeconds: settings.drainSeconds))
    }
    if let database = settings.database {
      var options = Upkeep.Settings(database: database)
      options.retentionDays = settings.retentionDays
      services.append(UpkeepService(settings: options, logger: logger))
    }
    if let port = settings.intake.port {
      let intake = ReadingIntake(
        base: settings.broker.baseTopic, store: journal, committed: committed, metrics: metrics, logger: logger,
        onCommit: onCommit)
      services += [IntakeService(intake: intake), intakeServer(intake, port)]
    }
    if let announcer { services.append(HomeAssistantService(announcer: announcer)) }
    services.append(IngestService(ingest: ingest))
    if let localNode { services.append(LocalNodeService(node: localNode)) }
    try await ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    ).run()
    try journal.close()
    logger.info("gateway \(settings.gatewayID) stopped")
  }

  /// The journal; where the file is damaged a new one, and everybody is told.
  private func openJournal(_ metrics: GatewayMetrics) throws -> Journal {
    let (journal, setAside) = try Journal.opening(
      path: settings.journalPath, options: settings.journal, now: GatewayClock.system.wallMicroseconds(),
      isSound: { Profiles.fault(in: $0) == nil })
    if let setAside {
      metrics.journalSetAside(unreadable: setAside.unreadable)
      logger.error(
        "the journal was damaged and is set aside as \(setAside.path): \(setAside.fault). A new one was begun with \(setAside.recovered) entries of it; \(setAside.unreadable) could not be read. Undelivered readings among those are lost: keep the file"
      )
    }
    return journal
  }

  private func ingestOptions() throws -> IngestOptions {
    var options = IngestOptions(gatewayID: settings.gatewayID)
    if !settings.profiles.isEmpty { options.profiles = try ProfileChoice(settings.profiles).others }
    options.host = settings.broker.host
    options.port = UInt16(settings.broker.port)
    options.username = settings.broker.user
    options.password = settings.broker.password
    options.baseTopic = settings.broker.baseTopic
    options.version = settings.broker.version
    options.tls = settings.broker.tls
    options.batchMessages = settings.broker.receiveMaximum
    options.shareName = settings.broker.shareName
    return options
  }

  /// Who tells Home Assistant, where that is asked for.
  private func announcer() throws -> Announcer? {
    guard settings.homeAssistant.isEnabled else { return nil }
    var logger = logger
    logger[metadataKey: "part"] = "home-assistant"
    return try Announcer(
      settings.discovery, mqtt: settings.broker.options(clientID: "martlet-\(settings.gatewayID)-ha"), logger: logger)
  }

  private func sinkRunner(
    _ journal: Journal, _ committed: CommitSignal, _ tail: LiveTail?, _ metrics: GatewayMetrics
  ) throws -> SinkRunner? {
    guard let database = settings.database else { return nil }
    var options = TimescaleSink.Settings(database: database, gateway: settings.gatewayID, journal: journal.id)
    options.migrateOnStart = settings.migrateOnStart
    return try SinkRunner(
      TimescaleSink(options, logger: logger), store: journal, rows: Profiles.row, committed: committed,
      tail: tail, metrics: metrics, logger: logger, liveFirst: settings.liveFirst)
  }

  private func bridgeRunner(
    _ journal: Journal, _ committed: CommitSignal, _ metrics: GatewayMetrics
  ) throws -> SinkRunner? {
    guard let bridge = settings.bridge else { return nil }
    let cloud = try CloudBridge(
      bridge.options, journal: journal.id,
      start: { SinkPosition(upTo: (try? journal.statistics().cursors[CloudBridge.sinkName]) ?? 0) },
      isOnlyWay: settings.database == nil, metrics: metrics, logger: logger)
    return try SinkRunner(
      cloud, store: journal,
      // The bridge passes bytes on; what they mean it need not know.
      rows: {
        Row(
          device: $0.device, boot: $0.boot, seq: $0.seq, timestamp: $0.timestamp, timeSource: $0.timeSource,
          received: $0.received)
      },
      committed: committed, metrics: metrics, logger: logger, batchSize: bridge.options.batchSize,
      liveFirst: settings.liveFirst, isRequired: bridge.isRequired)
  }

  /// What the page showed before the restart.
  private func restore(_ fleet: Fleet, from journal: Journal) throws {
    for device in try journal.devices() {
      fleet.restore(from: try journal.latest(device: device, limit: 120).map(Profiles.row))
    }
  }

  private func intakeServer(_ intake: ReadingIntake, _ port: Int) -> WebServer<BasicRequestContext> {
    let router = Router()
    HTTPIntake(key: settings.intake.key, take: { await intake.take($0) }).addRoutes(to: router)
    return WebServer(
      responder: router.buildResponder(), host: settings.intake.host, port: port, name: "intake", logger: logger)
  }

  private func webServer(_ view: FleetView) -> WebServer<BasicRequestContext> {
    let router = Router()
    view.addRoutes(to: router)
    return WebServer(
      responder: router.buildResponder(), host: settings.web.host, port: settings.web.port, name: "page", logger: logger
    )
  }
}
