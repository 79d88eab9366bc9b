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

  /// 135 and 5: not authorized (MQTT 5.0, section 2.4; MQTT 3.1.1, table 3.1).
  @Test(arguments: [(MQTTVersion.v5, 135), (.v311, 5)] as [(MQTTVersion, UInt8)])
  func refusalTellsTheBrokersReason(version: MQTTVersion, reason: UInt8) throws {
    let broker = try Mosquitto(settings: "allow_anonymous false")
    defer { broker.stop() }
    var options = MQTTOptions(port: broker.port, clientID: "nobody")
    options.version = version
    options.username = "nobody"
    options.password = "knows me"
    let error = #expect(throws: MQTTError.self) { _ = try connected(options) }
    #expect(error?.code == .refused)
    #expect(error?.reason == reason)
    #expect(error?.detail.contains("(\(reason))") == true)
    #expect(error?.detail.contains("knows me") == false)
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

  @Test func waitingForTheConnectionEndsWithTheBrokersAnswerOrWithTheTime() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let client = try MQTTClient(MQTTOptions(port: broker.port, clientID: "waiting"))
    try client.connect()
    #expect(try client.awaitConnection(milliseconds: 10_000))
    // It listens, takes the connection, and says nothing.
    let silent = FakeBroker()
    let other = try MQTTClient(MQTTOptions(port: silent.port, clientID: "waiting"))
    // Or Swift lets it go after its last use, and its port with it.
    try withExtendedLifetime(silent) {
      try other.connect()
      #expect(try !other.awaitConnection(milliseconds: 1))
    }
    #expect(!other.isConnected)
  }

  @Test func brokerThatDiesIsALostConnectionAndNothingIsKept() throws {
    let broker = try Mosquitto()
    let client = try connected(MQTTOptions(port: broker.port, clientID: "widow"))
    broker.stop()
    let error = #expect(throws: MQTTError.self) { try turn([client]) { false } }
    #expect(error?.code == .connectionLost)
    #expect(client.fileDescriptor == nil)
    let refusal = #expect(throws: MQTTError.self) { try client.subscribe("a") }
    #expect(refusal?.code == .notConnected)
    #expect(refusal?.detail == "cannot subscribe to a: not connected")
    // Nobody to say good-bye to.
    client.disconnect()
  }

  @Test func secondClientOfTheSameNameTakesTheConnectionFromTheFirst() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let first = try connected(MQTTOptions(port: broker.port, clientID: "twin"))
    let second = try connected(MQTTOptions(port: broker.port, clientID: "twin"))
    let error = #expect(throws: MQTTError.self) { try turn([first]) { false } }
    #expect(error?.code == .connectionLost)
    #expect(!first.isConnected)
    try second.maintain()
    #expect(second.isConnected)
  }

  @Test func nonsenseIsRefusedAndTheConnectionStands() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let client = try connected(MQTTOptions(port: broker.port, clientID: "clumsy"))
    let topic = #expect(throws: MQTTError.self) { try client.publish(topic: "a/#", payload: [1]) }
    #expect(topic?.code == .invalid)
    let filter = #expect(throws: MQTTError.self) { try client.subscribe("a/#/b") }
    #expect(filter?.code == .invalid)
    try client.maintain()
    #expect(client.isConnected)
    var nameless = MQTTOptions(port: broker.port, clientID: "")
    nameless.cleanStart = false
    let name = #expect(throws: MQTTError.self) { _ = try MQTTClient(nameless) }
    #expect(name?.code == .invalid)
  }

  @Test func ownMessagesStayAwayWhereTheyWereNotAskedFor() throws {
    let broker = try Mosquitto()
    defer { broker.stop() }
    let client = try connected(MQTTOptions(port: broker.port, clientID: "hermit"))
    var granted = 0
    var topics: [String] = []
    client.onSubscribed = { _, _ in granted += 1 }
    client.onMessage = { topics.append($0.topic) }
    try client.subscribe("quiet", noLocal: true)
    try client.subscribe("loud")
    try turn([client]) { granted == 2 }
    try client.publish(topic: "quiet", payload: [1])
    try client.publish(topic: "loud", payload: [1])
    try turn([client]) { topics.contains("loud") }
    #expect(topics == ["loud"])
  }
}
