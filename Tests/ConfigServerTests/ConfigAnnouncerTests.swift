import BrokerTesting
import ConfigModel
import ConfigStore
import Foundation
import Glibc
import Logging
import MQTTClient
import Testing

@testable import ConfigServer

/// A device on the broker: it hears what it is told, and says what it runs.
private final class Device {
  let client: MQTTClient
  private(set) var told: [(payload: String, isRetained: Bool)] = []

  init(_ id: String, port: UInt16) throws {
    client = try MQTTClient(MQTTOptions(port: port, clientID: id))
    client.onMessage = { [unowned self] in told.append((String(decoding: $0.payload, as: UTF8.self), $0.isRetained)) }
    try client.connect()
    let isAccepted = try client.awaitConnection(milliseconds: 10_000)
    try #require(isAccepted)
    try client.subscribe("iots6/\(id)/config", qos: 1)
  }

  /// Turns until `isDone`, for ten seconds at most.
  func turn(until isDone: () -> Bool) throws {
    for _ in 0..<2000 where !isDone() {
      while client.wantsWrite { try client.write() }
      guard let descriptor = client.fileDescriptor else { break }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while poll(&entry, 1, 5) == 1 { while try client.read() > 0 {} }
    }
    try #require(isDone(), "told: \(told)")
  }
}

@Suite(.serialized, .enabled(if: Mosquitto.isInstalled, "needs \(Mosquitto.program): apt install mosquitto"))
struct ConfigAnnouncerTests {
  @Test func aDeviceIsToldOfEachChangeOfItsOwnAndWhatItSaysIsHeard() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let directory = try ConfigDirectory()
    let store = try ConfigStore(path: directory.url.appending(path: "config.sqlite").path)
    func set(_ path: String, _ value: String) throws {
      _ = try store.set(try ConfigPath(path), to: .number(value), author: "Ada", note: "", at: 1)
    }
    try set("device_list[A].enabled", "1")
    try set("device_list[B].enabled", "1")
    let source = try StoreSource(store, logger: directory.logger)
    let board = RolloutBoard()
    let announcer = ConfigAnnouncer(
      MQTTOptions(port: broker.port, clientID: "config"), baseTopic: "iots6", source: source, board: board,
      logger: directory.logger)
    announcer.start()
    defer { announcer.stop() }

    let device = try Device("A", port: broker.port)
    func message() -> String {
      #"{"etag":"\#(source.current().document(for: "A").etag.replacing("\"", with: "\\\""))"}"#
    }
    try device.turn { device.told.last?.payload == message() }
    // A change of another's is none of its business.
    try set("device_list[B].heartbeat_publish_period", "1000")
    source.refresh()
    let count = device.told.count
    try set("device_list[A].heartbeat_publish_period", "1000")
    source.refresh()
    try device.turn { device.told.last?.payload == message() }
    #expect(device.told.count == count + 1)

    let status = JSONValue.object([
      JSONValue.Member(key: "state", value: .string("online")),
      JSONValue.Member(key: "config", value: .string(source.current().document(for: "A").etag)),
      JSONValue.Member(key: "config_state", value: .string("trial")),
    ])
    try device.client.publish(topic: "iots6/A/status", payload: Array(status.compact.utf8), qos: 1, retain: true)
    try device.turn {
      board.entries(of: source.current()).first { $0.device == "A" }?.rollout == .onTrial
    }

    // Whoever comes later hears it too.
    let late = try Device("A2", port: broker.port)
    try late.client.subscribe("iots6/A/config", qos: 1)
    try late.turn { late.told.count == 1 }
    #expect(late.told.first?.payload == message())
    #expect(late.told.first?.isRetained == true)
  }

  @Test func aStrangerThatSaysSomethingIsToldToo() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let directory = try ConfigDirectory()
    let store = try ConfigStore(path: directory.url.appending(path: "config.sqlite").path)
    let source = try StoreSource(store, logger: directory.logger)
    let announcer = ConfigAnnouncer(
      MQTTOptions(port: broker.port, clientID: "config"), baseTopic: "iots6", source: source, board: RolloutBoard(),
      logger: directory.logger)
    announcer.start()
    defer { announcer.stop() }
    let device = try Device("Spare15", port: broker.port)
    try device.client.publish(
      topic: "iots6/Spare15/status", payload: Array(#"{"state":"online"}"#.utf8), qos: 1, retain: true)
    try device.turn { !device.told.isEmpty }
  }
}
