import BrokerTesting
import Glibc
import MQTTClient
import Testing

@Suite(.serialized, .enabled(if: Mosquitto.isInstalled, "needs \(Mosquitto.program): apt install mosquitto"))
struct MQTTClientTests {
  struct TimeOut: Error {}

  /// Runs the connections in one poll loop, like a fleet's, until `isDone` (at most twenty seconds).
  private func turn(_ clients: [MQTTClient], until isDone: () -> Bool) throws {
    for _ in 0..<20_000 {
      if isDone() { return }
      var entries = clients.map { client in
        pollfd(
          fd: client.fileDescriptor ?? -1, events: Int16(client.wantsWrite ? POLLIN | POLLOUT : POLLIN), revents: 0)
      }
      _ = poll(&entries, nfds_t(entries.count), 1)
      for (entry, client) in zip(entries, clients) where entry.revents != 0 {
        if Int32(entry.revents) & POLLOUT != 0 { try client.write() }
        if Int32(entry.revents) & ~POLLOUT != 0 { while try client.read() > 0 {} }
      }
    }
    throw TimeOut()
  }

  private func connected(_ options: MQTTOptions) throws -> MQTTClient {
    let client = try MQTTClient(options)
    try client.connect()
    try turn([client]) { client.isConnected }
    return client
  }

  @Test(arguments: MQTTVersion.allCases)
  func messageArrivesWithWhatItWasAndItsPublisherIsTold(_ version: MQTTVersion) throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    var options = MQTTOptions(port: broker.port, clientID: "both")
    options.version = version
    options.payloadLimit = 4
    let client = try connected(options)
    var messages: [MQTTMessage] = []
    var told: [Int32] = []
    var granted: UInt8?
    client.onMessage = { messages.append($0) }
    client.onPublished = { told.append($0) }
    client.onSubscribed = { granted = $1 }
    try client.subscribe("a/+", qos: 1)
    try turn([client]) { granted != nil }
    let number = try client.publish(topic: "a/b", payload: Array("hello".utf8))
    try turn([client]) { !messages.isEmpty && !told.isEmpty }
    #expect(granted == 1)
    #expect(told == [number])
    #expect(messages == [MQTTMessage(topic: "a/b", payload: Array("hell".utf8), length: 5)])
  }

  @Test func fleetConnectsWithoutBlockingAndPublishes() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    var taken = 0
    var clients: [MQTTClient] = []
    for number in 0..<100 {
      let client = try MQTTClient(MQTTOptions(port: broker.port, clientID: "device-\(number)"))
      client.onConnected = { [unowned client] _ in _ = try? client.publish(topic: "a", payload: [1]) }
      client.onPublished = { _ in taken += 1 }
      try client.connect(blocking: false)
      clients.append(client)
    }
    try turn(clients) { taken == 100 }
  }

  @Test func willIsPublishedForAClientThatIsCutOffAndNotForOneThatSaysGoodBye() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let witness = try connected(MQTTOptions(port: broker.port, clientID: "witness"))
    var isReady = false
    var wills: [MQTTMessage] = []
    witness.onSubscribed = { _, granted in isReady = granted != nil }
    witness.onMessage = { wills.append($0) }
    try witness.subscribe("will/+", qos: 1)
    try turn([witness]) { isReady }
    for (name, isPolite) in [("polite", true), ("cut", false)] {
      var options = MQTTOptions(port: broker.port, clientID: name)
      options.will = MQTTWill(topic: "will/\(name)", payload: [7], isRetained: false)
      let client = try connected(options)
      if isPolite { client.disconnect() } else { client.abandon() }
      #expect(client.fileDescriptor == nil)
    }
    try turn([witness]) { !wills.isEmpty }
    #expect(wills == [MQTTMessage(topic: "will/cut", payload: [7])])
  }

  @Test func sessionGoesOnAfterAReconnect() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    var options = MQTTOptions(port: broker.port, clientID: "lasting")
    options.cleanStart = false
    options.sessionExpirySeconds = 60
    let client = try MQTTClient(options)
    var sessions: [Bool] = []
    client.onConnected = { sessions.append($0) }
    for count in 1...3 {
      try client.connect()
      try turn([client]) { sessions.count == count }
      client.disconnect()
    }
    #expect(sessions == [false, true, true])
  }

  @Test func refusalTellsTheBrokersReason() throws {
    let broker = try Mosquitto(settings: "allow_anonymous false")
    defer { broker.stop() }
    let error = #expect(throws: MQTTError.self) {
      _ = try connected(MQTTOptions(port: broker.port, clientID: "nobody"))
    }
    #expect(error?.code == .refused)
    // 135: Not authorized (MQTT 5.0, section 2.4).
    #expect(error?.reason == 135)
  }

  @Test(arguments: [true, false])
  func closedPortIsUnreachableWithItsErrno(_ blocking: Bool) throws {
    let port = FakeBroker().port
    let client = try MQTTClient(MQTTOptions(port: port, clientID: "lost"))
    let error = #expect(throws: MQTTError.self) {
      try client.connect(blocking: blocking)
      try turn([client]) { client.isConnected }
    }
    #expect(error?.code == .unreachable)
    #expect(error?.systemError == ECONNREFUSED)
    #expect(error?.detail.contains("Connection refused") == true)
  }

  @Test func publishWithoutAConnectionKeepsNothing() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let client = try MQTTClient(MQTTOptions(port: broker.port, clientID: "early"))
    let error = #expect(throws: MQTTError.self) { try client.publish(topic: "a", payload: [1]) }
    #expect(error?.code == .notConnected)
    #expect(!client.wantsWrite)
  }
}
