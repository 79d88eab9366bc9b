import BrokerTesting
import Glibc
import MQTTClient
import Testing

@Suite(
  .serialized,
  .enabled(if: Mosquitto.isInstalled && Certificates.isInstalled, "needs mosquitto and openssl: apt install them"))
struct TLSTests {
  private let certificates: Certificates

  init() throws { certificates = try Certificates() }

  /// A broker that speaks only TLS, and where `asksForCertificate` only to those whom the authority signed.
  private func broker(asksForCertificate: Bool = false) throws -> Mosquitto {
    try Mosquitto(
      settings: """
        cafile \(certificates.authority)
        certfile \(certificates.broker)
        keyfile \(certificates.brokerKey)
        require_certificate \(asksForCertificate)
        """)
  }

  private func connect(_ broker: Mosquitto, _ tls: MQTTTLS?, _ version: MQTTVersion = .v5) throws -> MQTTClient {
    var options = MQTTOptions(port: broker.port, clientID: "secret")
    options.tls = tls
    options.version = version
    let client = try MQTTClient(options)
    try client.connect()
    guard try client.awaitConnection(milliseconds: 10_000) else {
      throw MQTTError(.unreachable, detail: "the broker says nothing")
    }
    return client
  }

  @Test(arguments: MQTTVersion.allCases, MQTTTLS.Version.allCases)
  func messagesGoBothWays(_ version: MQTTVersion, _ minimum: MQTTTLS.Version) throws {
    let broker = try broker()
    defer { broker.stop() }
    let client = try connect(
      broker, MQTTTLS(authorityFile: certificates.authority, minimumVersion: minimum), version)
    var messages: [MQTTMessage] = []
    client.onMessage = { messages.append($0) }
    try client.subscribe("a/+", qos: 1)
    // More than one TLS record, read in pieces.
    let payload = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
    for number in 0..<20 { try client.publish(topic: "a/\(number)", payload: payload) }
    for _ in 0..<20_000 where messages.count < 20 {
      if client.wantsWrite { try client.write() }
      if !client.hasBufferedInput {
        var entry = pollfd(fd: client.fileDescriptor ?? -1, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, 1) == 0 { continue }
      }
      while try client.read() > 0 {}
    }
    #expect(messages.count == 20)
    #expect(messages.allSatisfy { $0.payload == payload })
  }

  @Test func clientShowsItsCertificateWhereTheBrokerAsks() throws {
    let broker = try broker(asksForCertificate: true)
    defer { broker.stop() }
    let known = MQTTTLS(
      authorityFile: certificates.authority, certificateFile: certificates.client, keyFile: certificates.clientKey)
    #expect(try connect(broker, known).isConnected)
    #expect(throws: MQTTError.self) { try connect(broker, MQTTTLS(authorityFile: certificates.authority)) }
  }

  @Test func authorityThatDidNotSignIsNamedAsTheReason() throws {
    let broker = try broker()
    defer { broker.stop() }
    let stranger = try Certificates()
    let error = #expect(throws: MQTTError.self) {
      try connect(broker, MQTTTLS(authorityFile: stranger.authority))
    }
    #expect(error?.code == .refused)
    #expect(error?.detail.contains("certificate") == true, "\(String(describing: error))")
  }

  @Test func nameOnTheCertificateMustBeTheOneAskedFor() throws {
    let broker = try broker()
    defer { broker.stop() }
    let right = MQTTTLS(authorityFile: certificates.authority, serverName: "broker.test")
    #expect(try connect(broker, right).isConnected)
    let error = #expect(throws: MQTTError.self) {
      try connect(broker, MQTTTLS(authorityFile: certificates.authority, serverName: "other.test"))
    }
    #expect(error?.code == .refused)
    #expect(error?.detail.lowercased().contains("hostname mismatch") == true, "\(String(describing: error))")
  }

  @Test func fileThatCannotBeUsedIsNamedBeforeAnythingIsConnected() throws {
    for tls in [
      MQTTTLS(authorityFile: "/nowhere/ca.pem"),
      MQTTTLS(authorityFile: certificates.authority, certificateFile: certificates.client),
      MQTTTLS(authorityFile: certificates.authority, keyFile: certificates.clientKey),
      MQTTTLS(
        authorityFile: certificates.authority, certificateFile: certificates.client, keyFile: certificates.brokerKey),
    ] {
      var options = MQTTOptions(clientID: "early")
      options.tls = tls
      let error = #expect(throws: MQTTError.self) { try MQTTClient(options) }
      #expect(error?.code == .invalid)
      #expect(error?.detail.contains("TLS: ") == true)
    }
  }

  @Test func plainClientAtATLSPortIsToldThatTheConnectionEnds() throws {
    let broker = try broker()
    defer { broker.stop() }
    #expect(throws: MQTTError.self) { try connect(broker, nil) }
  }
}
