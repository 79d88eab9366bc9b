import ArgumentParser
import BrokerTesting
import Glibc
import MQTTClient
import Node
import NodeShell
import Testing

@testable import picosim

/// Somebody else on the broker, who hears everything under the base topic.
private final class Listener {
  let client: MQTTClient
  private(set) var heard: [(topic: String, text: String)] = []

  init(port: UInt16) throws {
    client = try MQTTClient(MQTTOptions(port: port, clientID: "listener"))
    client.onConnected = { [unowned client] _ in _ = try? client.subscribe("iots6/#", qos: 1) }
    client.onMessage = { [unowned self] in heard.append(($0.topic, String(decoding: $0.payload, as: UTF8.self))) }
    var isReady = false
    client.onSubscribed = { _, granted in isReady = granted != nil }
    try client.connect()
    for _ in 0..<5000 where !isReady { try turn() }
    try #require(isReady, "the broker did not take the subscription")
  }

  func turn() throws {
    while client.wantsWrite { try client.write() }
    guard let descriptor = client.fileDescriptor else { return }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&entry, 1, 1) == 1 { while try client.read() > 0 {} }
  }

  func texts(_ topic: String) -> [String] { heard.filter { $0.topic == topic }.map(\.text) }
}

@Suite(.serialized, .enabled(if: Mosquitto.isInstalled, "needs \(Mosquitto.program): apt install mosquitto"))
struct BrokerTests {
  private func plan(_ broker: Mosquitto) throws -> Fleet.Plan {
    var plan = Fleet.Plan(
      names: ["Attic06"], endpoints: try Endpoints.parse(["--port", "\(broker.port)", "--config", "none"]))
    plan.configuration.heartbeatPeriodMilliseconds = 1000
    plan.visitPeriodMilliseconds = 0
    return plan
  }

  /// Runs both until `isDone`, at most for a minute of the boards.
  private func run(_ fleet: Fleet, _ listener: Listener, until isDone: () -> Bool) throws {
    let end = fleet.milliseconds + 60_000
    while !isDone() {
      try #require(fleet.milliseconds < end, "heard: \(listener.heard)")
      fleet.turn(until: fleet.milliseconds + 20)
      try listener.turn()
    }
  }

  /// The broker's acknowledgement is all there is: without it each would be sent again every ten seconds, for ever.
  @Test func versionOneReadingsAreSentOnceThoughNoGatewayIsThere() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    var plan = try plan(broker)
    plan.configuration[.payloadVersion] = 1
    plan.speed = .factor(20)
    let listener = try Listener(port: broker.port)
    let fleet = try Fleet(plan)
    try run(fleet, listener) { fleet.milliseconds > 30_000 }
    fleet.drain(seconds: 5)
    #expect(fleet.made > 20 && fleet.unsent == 0 && fleet.sent == fleet.made && fleet.acknowledged == fleet.made)
    fleet.stop()
    try run(fleet, listener) { listener.texts("iots6/Attic06").count >= fleet.made }
    #expect(listener.texts("iots6/Attic06").count == fleet.made)
  }

  @Test func commandsAreAnsweredAndTheLogBeginsWithTheFlightRecord() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let listener = try Listener(port: broker.port)
    let fleet = try Fleet(try plan(broker))
    let (results, log, status) = ("iots6/Attic06/cmd/result", "iots6/Attic06/log", "iots6/Attic06/status")
    try run(fleet, listener) { !listener.texts("iots6/Attic06").isEmpty && !listener.texts(log).isEmpty }
    #expect(listener.texts(log)[0].contains(#""reset":"power-on""#))
    for text in [#"{"id":"a","cmd":"read"}"#, #"{"id":"b","cmd":"screen"}"#] {
      try listener.client.publish(topic: "iots6/Attic06/cmd", payload: Array(text.utf8))
    }
    try run(fleet, listener) { listener.texts(results).count == 5 }
    #expect(listener.texts(results).filter { $0.contains(#""cmd":"screen","ok":true,"part":"#) }.count == 4)
    #expect(listener.texts(results).contains { $0.hasPrefix(#"{"id":"a","cmd":"read","ok":true,"boot":"#) })

    let online = listener.texts(status).count
    try listener.client.publish(topic: "iots6/Attic06/cmd", payload: Array(#"{"id":"c","cmd":"restart"}"#.utf8))
    try run(fleet, listener) { listener.texts(log).contains { $0.contains(#""ended_by":"command""#) } }
    #expect(listener.texts(results).last == #"{"id":"c","cmd":"restart","ok":true}"#)
    #expect(listener.texts(status).dropFirst(online).first?.hasPrefix(#"{"state":"offline""#) == true)
    #expect(listener.texts(status).last?.hasPrefix(#"{"state":"online""#) == true, "\(listener.heard)")
    fleet.stop()
  }

  @Test func theStatusIsToldAgainWhenAConfigurationIsTakenOrRefused() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let listener = try Listener(port: broker.port)
    let fleet = try Fleet(try plan(broker))
    let status = "iots6/Attic06/status"
    try run(fleet, listener) { !listener.texts(status).isEmpty }
    fleet.picos[0].take(.arrived(document: Array(#"{"heartbeat_publish_period":1}"#.utf8), tag: "9"))
    fleet.hurry(0)
    try run(fleet, listener) { listener.texts(status).last?.contains(#""config":"9""#) == true }
    #expect(listener.texts(status).last?.contains(#""refused":["heartbeat_publish_period"]"#) == true)
    fleet.stop()
  }
}
