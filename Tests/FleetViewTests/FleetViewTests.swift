import Foundation
import GatewayCore
import HTTPTesting
import HTTPTypes
import Hummingbird
import Synchronization
import Testing

@testable import FleetView

private let noon: Int64 = 1_795_478_400_000_000

@Suite struct FleetViewTests {
  let fleet = Fleet()
  let metrics = GatewayMetrics()
  let health = HealthBox()
  let client: RouterClient

  init() {
    let router = Router(context: DirectContext.self)
    let health = health
    FleetView(fleet: fleet, metrics: metrics, health: { health.value }, now: { noon }).addRoutes(to: router)
    client = RouterClient(router)
  }

  @Test func pageAndEverythingItNamesIsServedFromHere() async throws {
    var open = ["/"]
    var served: Set<String> = []
    while let path = open.popLast() {
      if !served.insert(path).inserted { continue }
      let answer = try await client.get(path)
      #expect(answer.status == .ok, "\(path)")
      #expect(
        !answer.text.replacing("http://www.w3.org/2000/svg", with: "").contains("://"), "\(path) names another host")
      for match in answer.text.matches(of: #/(?:src=|href=|from )"(\.?\/[^"#]*)"/#) {
        open.append(match.output.1.hasPrefix(".") ? String(match.output.1.dropFirst()) : String(match.output.1))
      }
    }
    #expect(
      served == [
        "/", "/fleet.css", "/fleet.js", "/card.js", "/sparkline.js", "/words.js", "/martlet.svg", "/api/fleet",
        "/metrics",
        "/readyz",
      ])
  }

  @Test func pageRunsUnderItsContentSecurityPolicy() async throws {
    let answer = try await client.get("/")
    let policy = try #require(answer.headers[.contentSecurityPolicy])
    #expect(policy.hasPrefix("default-src 'self';"))
    #expect(!policy.contains("unsafe"))
    #expect(!answer.text.contains("style="))
    #expect(answer.text.matches(of: #/<script[^>]*>[^<]/#).isEmpty)
    #expect(answer.text.matches(of: #/ on[a-z]+=/#).isEmpty)
  }

  @Test func nothingFromADeviceBecomesMarkup() async throws {
    for path in ["/fleet.js", "/card.js", "/sparkline.js", "/words.js"] {
      let script = try await client.get(path).text
      for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        #expect(!script.contains(way), "\(path) uses \(way)")
      }
    }
  }

  @Test(arguments: ["/", "/fleet.css", "/api/fleet", "/healthz", "/readyz", "/metrics", "/nowhere"])
  func headIsGetWithoutTheBody(path: String) async throws {
    let get = try await client.get(path)
    let head = try await client.head(path)
    #expect(head.status == get.status)
    #expect(head.bytes.isEmpty)
    #expect(head.headers == get.headers)
  }

  @Test func unknownPathIsJSONWithTheSecurityHeaders() async throws {
    let answer = try await client.get("/nowhere")
    #expect(answer.status == .notFound)
    #expect(answer.text == #"{"error":{"message":"Not Found"}}"#)
    #expect(answer.headers[.contentType] == "application/json")
    #expect(answer.headers[.contentSecurityPolicy] != nil)
    #expect(answer.headers[.xContentTypeOptions] == "nosniff")
  }

  @Test func postIsRefused() async throws {
    #expect(try await client.post("/api/fleet").status == .notFound)
  }

  @Test func fleetAsJSONHasSIUnitsAndNoUnknownValues() async throws {
    var row = Row(
      device: "Attic06", boot: 17, seq: 3, timestamp: noon - 2_000_000, timeSource: .derived, received: noon)
    row.event = "heartbeat"
    row.temperatureCentiCelsius = -5
    row.pressurePascals = 101_325
    row.motion = true
    row.quality = "ok"
    fleet.observe([row])
    metrics.sinkState("timescale", up: true)
    let expected =
      #"{"devices":[{"boot":17,"connection":"online","counts":{"motion":0,"readings":1,"switches":0},"#
      + #""device_id":"Attic06","history":[[1795478398,-0.05]],"reading":{"event_type":"heartbeat","motion":true,"#
      + #""pressure":1013.25,"quality":"ok","temperature":-0.05,"time":1795478398000,"time_source":"derived"},"#
      + #""seen":1795478400000,"stale":false,"stale_after":180000}],"now":1795478400000,"summary":{"broker_up":false,"#
      + #""dead_letters":0,"journal_bytes":0,"journal_entries":0,"online":1,"readings":1,"readings_per_second":0,"#
      + #""sinks":[{"lag_entries":0,"name":"timescale","up":true}],"total":1}}"#
    #expect(try await client.get("/api/fleet").text == expected)
  }

  @Test func hostileDeviceIDStaysOneLineOfAnEvent() async throws {
    fleet.observe([
      Row(device: "a\n\ndata: x\"</script>", boot: 1, seq: 1, timestamp: noon, timeSource: .device, received: noon)
    ])
    let text = try await client.get("/api/fleet").text
    #expect(!text.contains("\n"))
    #expect(text.contains(#""device_id":"a\n\ndata: x\"</script>""#))
  }

  @Test func loopThatStandsStillIsNotAlive() async throws {
    #expect(try await client.get("/healthz").text == #"{"loop_idle_ms":5,"status":"ok"}"#)
    health.value.loopIdleMilliseconds = 30_000
    let stuck = try await client.get("/healthz")
    #expect(stuck.status == .serviceUnavailable)
    #expect(stuck.text == #"{"loop_idle_ms":30000,"status":"stuck"}"#)
  }

  @Test func onePartThatFailsIsNotReadyAndOneNotAskedForIs() async throws {
    health.value.parts = [.init("broker", .ok), .init("journal", .ok), .init("timescale", .notConfigured)]
    let ready = try await client.get("/readyz")
    #expect(ready.status == .ok)
    #expect(ready.text.contains(#""timescale":{"detail":"","state":"not-configured"}"#))

    health.value.parts[0] = .init("broker", .failed, "connection refused")
    let failed = try await client.get("/readyz")
    #expect(failed.status == .serviceUnavailable)
    #expect(failed.text.contains(#""broker":{"detail":"connection refused","state":"failed"}"#))
    #expect(failed.text.contains(#""ready":false"#))
  }

  @Test func metricsAreOpenMetrics() async throws {
    metrics.received(7)
    fleet.presence(device: "Attic06", online: false, boot: nil, version: nil, at: noon)
    let answer = try await client.get("/metrics")
    #expect(answer.headers[.contentType] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    #expect(answer.text.contains("martlet_messages_received_total 7\n"))
    #expect(answer.text.contains("martlet_devices{state=\"offline\"} 1\n"))
    #expect(answer.text.hasSuffix("\n# EOF\n"))
  }

  @Test func pagesBeyondTheBoundAreTurnedAwayUntilOneLeaves() {
    let listeners = Listeners()
    var places = (0..<FleetView.listenerLimit).map { _ in listeners.enter() }
    #expect(places.allSatisfy { $0 != nil })
    #expect(listeners.enter() == nil)
    places.removeLast()
    #expect(listeners.enter() != nil)
  }
}

/// Health that a test changes.
final class HealthBox: Sendable {
  private let box = Mutex(GatewayHealth(loopIdleMilliseconds: 5, parts: []))

  var value: GatewayHealth {
    get { box.withLock { $0 } }
    set { box.withLock { $0 = newValue } }
  }
}
