public import GatewayCore
import HTTPTypes
public import Hummingbird
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The gateway's web pages: the fleet, live, and what machines ask for.
///
/// ```swift
/// let router = Router()
/// FleetView(fleet: fleet, metrics: metrics, health: { health.now }).addRoutes(to: router)
/// ```
///
/// | path | answer |
/// |---|---|
/// | `/` | the page |
/// | `/api/fleet` | the fleet as JSON |
/// | `/api/fleet/events` | the same as server-sent events: `snapshot`, then `update`, at most four a second |
/// | `/healthz` | 200 while the ingest loop comes round |
/// | `/readyz` | 200 while broker, journal and sinks work; each part as JSON |
/// | `/metrics` | OpenMetrics |
///
/// No answer needs anything from another host. There is no authentication: bind it to loopback, or put a proxy before it.
public struct FleetView: Sendable {
  /// Pages that may listen at the same time; a further one is told to come back later.
  public static let listenerLimit = 64

  private let fleet: Fleet
  private let metrics: GatewayMetrics
  private let health: @Sendable () -> GatewayHealth
  private let now: @Sendable () -> Int64
  private let listeners = Listeners()

  /// A view of one gateway.
  ///
  /// - Parameters:
  ///   - health: asked for each `/healthz` and `/readyz`; must not block.
  ///   - now: microseconds since 1970 UTC.
  public init(
    fleet: Fleet, metrics: GatewayMetrics, health: @escaping @Sendable () -> GatewayHealth,
    now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000_000) }
  ) {
    self.fleet = fleet
    self.metrics = metrics
    self.health = health
    self.now = now
  }

  /// Adds the routes for GET and HEAD, and rules that hold for every route added after: security headers, errors as JSON.
  public func addRoutes<Context: RequestContext>(to router: Router<Context>) {
    router.add(middleware: PageRules())
    addPage(to: router)
    addFleet(to: router)
    addProbes(to: router)
  }

  private func addPage<Context: RequestContext>(to router: Router<Context>) {
    addReading(router, "/") { _ in Answers.file(PackageResources.index_html, "text/html; charset=utf-8") }
    addReading(router, "/fleet.css") { _ in Answers.file(PackageResources.fleet_css, "text/css; charset=utf-8") }
    addReading(router, "/fleet.js") { _ in Answers.file(PackageResources.fleet_js, "text/javascript; charset=utf-8") }
    addReading(router, "/card.js") { _ in Answers.file(PackageResources.card_js, "text/javascript; charset=utf-8") }
    addReading(router, "/sparkline.js") { _ in
      Answers.file(PackageResources.sparkline_js, "text/javascript; charset=utf-8")
    }
    addReading(router, "/words.js") { _ in Answers.file(PackageResources.words_js, "text/javascript; charset=utf-8") }
    addReading(router, "/martlet.svg") { _ in Answers.file(PackageResources.martlet_svg, "image/svg+xml") }
  }

  private func addFleet<Context: RequestContext>(to router: Router<Context>) {
    addReading(router, "/api/fleet") { _ in try Answers.json(message(since: 0).message) }
    router.get("/api/fleet/events") { _, _ in
      guard let place = listeners.enter() else {
        throw HTTPError(
          .serviceUnavailable, headers: [.retryAfter: "30"],
          message: "\(Self.listenerLimit) pages listen already; close one, or ask /api/fleet")
      }
      let events = EventStream(fleet: fleet, message: message)
      return Response(
        status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: ResponseBody { writer in
          try await events.write(to: &writer, clock: .continuous)
          try await writer.finish(nil)
          withExtendedLifetime(place) {}
        })
    }
    router.head("/api/fleet/events") { _, _ in
      Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
    }
  }

  private func addProbes<Context: RequestContext>(to router: Router<Context>) {
    addReading(router, "/healthz") { _ in
      let health = health()
      return try Answers.json(
        Liveness(status: health.isAlive ? "ok" : "stuck", loopIdleMs: health.loopIdleMilliseconds),
        status: health.isAlive ? .ok : .serviceUnavailable)
    }
    addReading(router, "/readyz") { _ in
      let health = health()
      return try Answers.json(Readiness(health), status: health.isReady ? .ok : .serviceUnavailable)
    }
    addReading(router, "/metrics") { _ in
      Answers.text(metrics.snapshot.openMetrics(devices: fleet.census(at: now())), OpenMetrics.contentType)
    }
  }

  private func addReading<Context: RequestContext>(
    _ router: Router<Context>, _ path: RouterPath, use handler: @escaping @Sendable (Request) throws -> Response
  ) {
    router.get(path) { request, _ in try handler(request) }
    router.head(path) { request, _ in try handler(request).createHeadResponse() }
  }

  private func message(since known: UInt64) -> (revision: UInt64, message: FleetMessage) {
    let now = now()
    let changes = fleet.changes(since: known, at: now)
    return (changes.revision, FleetMessage(changes, metrics: metrics.snapshot, now: now))
  }
}

private struct Liveness: Encodable {
  var status: String
  var loopIdleMs: Int64
}

private struct Readiness: Encodable {
  struct Part: Encodable {
    var state: String
    var detail: String
  }

  var ready: Bool
  var parts: [String: Part]

  init(_ health: GatewayHealth) {
    ready = health.isReady
    parts = Dictionary(
      health.parts.map { ($0.name, Part(state: $0.state.rawValue, detail: $0.detail)) }, uniquingKeysWith: { $1 })
    parts["loop"] = Part(
      state: health.isAlive ? GatewayHealth.State.ok.rawValue : GatewayHealth.State.failed.rawValue,
      detail: health.isAlive ? "" : "came round \(health.loopIdleMilliseconds) ms ago")
  }
}

/// Counts the pages that listen.
final class Listeners: Sendable {
  private let count = Mutex(0)

  /// A place, or `nil` when all are taken.
  func enter() -> Place? {
    count.withLock { count in
      if count >= FleetView.listenerLimit { return nil }
      count += 1
      return Place(listeners: self)
    }
  }

  /// One page's place, given back when nobody holds it: also when the answer is dropped before it is written.
  final class Place: Sendable {
    private let listeners: Listeners

    init(listeners: Listeners) {
      self.listeners = listeners
    }

    deinit {
      listeners.count.withLock { $0 -= 1 }
    }
  }
}
