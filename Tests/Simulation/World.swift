import Foundation
import GatewayCore
import Telemetry

/// One run: devices, broker, gateway, journal and database in virtual time, and the weather that breaks them.
final class World: @unchecked Sendable {
  let seed: UInt64
  let stage = Stage()
  let truth = Truth()
  let database = SimulatedDatabase()
  let journalPath: String
  var chance: Chance
  private(set) lazy var broker = SimulatedBroker(self, window: chance.pick([3, 20, 1000]))
  /// How probable a fault is at each step.
  private(set) var intensity: Double
  private(set) var isDiskFull = false
  /// How often the gateway died at each step.
  private(set) var deaths: [Step: Int] = [:]
  /// Everything that happened, folded into a number: the same for the same seed.
  private(set) var digest: UInt64 = 0

  static let calm = 0.001
  static let storm = 0.04
  /// 2026-01-01T00:00:00Z.
  private static let beginning: Int64 = 1_767_225_600_000_000

  /// What `intensity` is outside a storm.
  private let climate: Double
  private let broken: Set<Guard>
  private let folder: URL
  private var devices: [SimulatedDevice] = []
  private var former: SimulatedFormerDevice?
  private var gateway: GatewayRun?
  private var clockStep: Int64 = 0
  private var isEnding = false
  private var isFinal = false
  private var fault: (any Error)?
  private let says: (String) -> Void

  /// - Parameters:
  ///   - broken: guards that are taken out.
  ///   - climate: how probable a fault is at each step outside a storm.
  ///   - says: gets a line for each thing that happens, for a person who follows one run.
  init(
    seed: UInt64, broken: Set<Guard> = [], climate: Double = World.calm, folder: URL,
    says: @escaping (String) -> Void = { _ in }
  ) {
    self.seed = seed
    self.broken = broken
    self.climate = climate
    intensity = climate
    self.folder = folder
    self.says = says
    journalPath = folder.appending(path: "journal.sqlite").path(percentEncoded: false)
    chance = Chance(seed: seed)
  }

  func isBroken(_ which: Guard) -> Bool { broken.contains(which) }

  /// The moment it really is, microseconds since 1970 UTC.
  var trueWall: Int64 { Self.beginning + stage.now }
  /// What the gateway's clock says.
  var gatewayWall: Int64 { trueWall + clockStep }

  /// Whether the gateway dies at this step. It then is dead; the caller only has to fail.
  func dies(_ step: Step, _ gateway: GatewayRun) -> Bool {
    note(step.rawValue)
    if gateway.isDead { return true }
    guard !isEnding, chance.happens(intensity / 2) else { return false }
    deaths[step, default: 0] += 1
    say("the gateway dies \(step.rawValue)")
    gateway.kill()
    return true
  }

  func deliver(topic: String, payload: [UInt8]) {
    guard !chance.happens(intensity), let device = devices.first(where: { topic == "iots6/\($0.name)/ack" }) else {
      return
    }
    stage.after(chance.number(500...50_000)) { device.acknowledged(payload) }
  }

  private func say(_ text: @autoclosure () -> String) {
    says("\(stage.now / 1_000_000) s: \(text())")
  }

  private func note(_ text: String) {
    for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    digest = (digest ^ UInt64(bitPattern: stage.now)) &* 0x100_0000_01b3
  }

  // MARK: The run

  /// Lets that many days pass, mends everything, waits until nothing is under way, and judges.
  ///
  /// - Returns: what should not be.
  func run(days: Int) throws -> [String] {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    devices = (1...3).map { SimulatedDevice("Attic0\($0)", self) }
    former = SimulatedFormerDevice(self)
    for device in devices { nextReading(of: device) }
    nextFormerReading()
    startGateway()
    weather()
    stage.run(until: Int64(days) * 86_400_000_000) { self.fault != nil }
    if let fault { throw fault }
    return try end()
  }

  private func nextReading(of device: SimulatedDevice) {
    // Mostly alone, sometimes thirty within a minute: more than the outbox holds.
    let isBurst = chance.happens(0.05)
    stage.after(chance.wait(meanSeconds: 12 * 3600)) { [self] in
      if isEnding { return }
      for number in 0..<(isBurst ? 30 : 1) {
        stage.after(Int64(number) * 2_000_000) { [self] in
          if !isEnding { device.make(chance.happens(0.2) ? .motion : .heartbeat) }
        }
      }
      nextReading(of: device)
    }
  }

  private func nextFormerReading() {
    stage.after(chance.wait(meanSeconds: 12 * 3600)) { [self] in
      if isEnding { return }
      former?.make()
      nextFormerReading()
    }
  }

  // MARK: The gateway

  private func startGateway() {
    let run = GatewayRun(self)
    gateway = run
    do {
      try run.start(Scenery(&chance)) { [self] in gatewayEnded(run) }
    } catch {
      fault = error
    }
  }

  private func gatewayEnded(_ run: GatewayRun) {
    say("the gateway is gone")
    note("gone")
    gateway = nil
    if isFinal { return }
    stage.after(isEnding ? 1_000_000 : chance.wait(meanSeconds: 30)) { [self] in startGateway() }
  }

  // MARK: The weather

  private func weather() {
    stage.after(chance.wait(meanSeconds: 12 * 3600)) { [self] in
      if isEnding { return }
      strike()
      weather()
    }
  }

  private enum Strike: String, CaseIterable {
    case storm, killGateway, stopGateway, killBroker, cutGateway, holdGateway, databaseAway, linkDown, powerCut,
      clockStep
    case fullDisk, saveBroker
  }

  private func strike() {
    let what = chance.pick(Strike.allCases)
    say(what.rawValue)
    note(what.rawValue)
    // Mostly minutes, sometimes long enough for every bound to be met.
    let duration = chance.wait(meanSeconds: chance.happens(0.1) ? 20_000 : 600)
    switch what {
    case .storm:
      intensity = Self.storm
      stage.after(duration) { [self] in intensity = isEnding ? 0 : climate }
    case .killGateway: gateway?.kill()
    case .stopGateway: gateway?.stop()
    case .killBroker:
      guard broker.isUp else { return }
      broker.kill(chance.pick(SimulatedBroker.Memory.allCases))
      stage.after(duration / 4) { [self] in startBroker() }
    case .saveBroker: broker.save()
    case .cutGateway: broker.cutGateway()
    case .holdGateway: broker.holdGateway()
    case .databaseAway:
      database.isUp = false
      stage.after(duration) { [self] in database.isUp = true }
    case .linkDown:
      let device = chance.pick(devices)
      device.setLink(false)
      stage.after(duration) { device.setLink(true) }
    case .powerCut: chance.pick(devices).powerUp()
    case .clockStep:
      // Up to eight hours wrong, as by a time zone; it never adds up to a day.
      clockStep = chance.number(-8 * 3600...8 * 3600) * 1_000_000
    case .fullDisk:
      isDiskFull = true
      stage.after(duration) { [self] in isDiskFull = false }
    }
  }

  private func startBroker() {
    if broker.isUp { return }
    broker.start()
    for device in devices { device.reconnected() }
  }

  // MARK: The end

  private func end() throws -> [String] {
    say("everything is mended")
    isEnding = true
    intensity = 0
    isDiskFull = false
    database.isUp = true
    startBroker()
    for device in devices { device.setLink(true) }
    let patience = stage.now + 10 * 86_400_000_000
    var turns = 0
    while stage.now < patience {
      stage.run(until: stage.now + 6 * 3_600_000_000) { self.fault != nil }
      if let fault { throw fault }
      // What had to be dropped is told with the next payload.
      for device in devices where !device.isEmpty || turns == 0 { device.make(.heartbeat) }
      turns += 1
      if turns > 3, devices.allSatisfy(\.isEmpty), !broker.hasWork { break }
    }
    // The last ones arrive, and the ledger is told.
    stage.run(until: stage.now + 2 * 86_400_000_000) { self.fault != nil }
    if let fault { throw fault }
    let ledger = gateway?.gaps ?? []
    isFinal = true
    gateway?.stop()
    stage.run(until: stage.now + 86_400_000_000)
    var lines: [String] = []
    if !devices.allSatisfy(\.isEmpty) {
      lines.append("a device is not rid of its readings ten days after everything was mended")
    }
    if gateway != nil { lines.append("the gateway does not end when it is asked to") }
    return lines + truth.violations(of: database, ledger: ledger)
  }
}
