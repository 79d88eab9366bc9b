import Ingest
import MQTTClient

/// The gateway's connection: in the place of `MQTTClient`, with the same rule that nothing leaves but by `write`.
final class SimulatedConnection: BrokerConnection, @unchecked Sendable {
  enum Incoming {
    case accepted(sessionPresent: Bool)
    case subscribed(Int32)
    case message(Int, SimulatedBroker.Message)
  }

  private enum Outgoing {
    case acknowledgement(Int)
    case publish(String, [UInt8])
    case subscribe(Int32)
  }

  var onMessage: (MQTTMessage) -> Void = { _ in }
  var onConnected: (Bool) -> Void = { _ in }
  var onSubscribed: (Int32, UInt8?) -> Void = { _, _ in }
  private(set) var isConnected = false
  /// Whether the broker has let it in: then messages may come.
  private(set) var isAccepted = false

  private let world: World
  private let gateway: GatewayRun
  private var incoming: [Incoming] = []
  private var head = 0
  private var outgoing: [Outgoing] = []
  private var isOpen = false
  private var isBroken = false
  /// Half open: nothing arrives and what is sent vanishes, until the keep-alive notices.
  private var heldSince: Int64?
  private var numbers: Int32 = 0

  init(_ world: World, _ gateway: GatewayRun) {
    self.world = world
    self.gateway = gateway
  }

  // MARK: The network's side

  func arrive(_ packet: Incoming) {
    guard isOpen, !isBroken, heldSince == nil else { return }
    if case .accepted = packet { isAccepted = true }
    incoming.append(packet)
    gateway.ingestPlayer.wake()
  }

  /// The connection breaks; what has not been read is gone.
  func cut() {
    guard isOpen else { return }
    isBroken = true
    incoming = []
    head = 0
    outgoing = []
    gateway.ingestPlayer.wake()
  }

  func hold() { if isOpen { heldSince = world.stage.now } }

  // MARK: The gateway's side

  var fileDescriptor: Int32? { isOpen && !gateway.isDead ? 1 : nil }
  var wantsWrite: Bool { isOpen && !outgoing.isEmpty }

  func open() throws(MQTTError) {
    close()
    guard !gateway.isDead, world.broker.isUp, !world.chance.happens(0.02) else {
      throw MQTTError(.unreachable, detail: "nobody answers")
    }
    isOpen = true
    isBroken = false
    heldSince = nil
    world.broker.attach(self)
  }

  func abandon() { close() }

  func disconnect(within milliseconds: Int32) {
    _ = try? flush(within: milliseconds)
    close()
  }

  private func close() {
    isOpen = false
    isConnected = false
    isAccepted = false
    incoming = []
    head = 0
    outgoing = []
    world.broker.detach(self)
  }

  func read() throws(MQTTError) -> Int {
    try check()
    guard head < incoming.count else {
      incoming.removeAll(keepingCapacity: true)
      head = 0
      return 0
    }
    if world.dies(.beforeRead, gateway) { throw lost() }
    let packet = incoming[head]
    head += 1
    switch packet {
    case .accepted(let sessionPresent):
      isConnected = true
      onConnected(sessionPresent)
    case .subscribed(let number): onSubscribed(number, 1)
    case .message(let number, let message):
      // As libmosquitto: queued before the message is handed over.
      if world.isBroken(.pubackAfterCommit) {
        world.broker.acknowledge(number, from: self)
      } else {
        outgoing.append(.acknowledgement(number))
      }
      onMessage(MQTTMessage(topic: message.topic, payload: message.payload))
    }
    return 1
  }

  func write() throws(MQTTError) {
    try check()
    while !outgoing.isEmpty {
      if world.dies(.beforePacket, gateway) { throw lost() }
      if world.chance.happens(world.intensity) {
        cut()
        throw lost()
      }
      let packet = outgoing.removeFirst()
      if heldSince != nil { continue }
      switch packet {
      case .acknowledgement(let number): world.broker.acknowledge(number, from: self)
      case .publish(let topic, let payload): world.broker.forward(topic, payload)
      case .subscribe(let number): world.broker.subscribe(self, number)
      }
    }
  }

  func flush(within milliseconds: Int32) throws(MQTTError) -> Bool {
    try write()
    return true
  }

  func maintain() throws(MQTTError) {
    try check()
    if let heldSince, world.stage.now - heldSince > 90_000_000 {
      isBroken = true
      throw lost()
    }
  }

  func publish(topic: String, payload: [UInt8], qos: UInt8, retain: Bool) throws(MQTTError) -> Int32 {
    try check()
    outgoing.append(.publish(topic, payload))
    numbers += 1
    return numbers
  }

  func subscribe(_ filter: String, qos: UInt8, noLocal: Bool) throws(MQTTError) -> Int32 {
    try check()
    numbers += 1
    outgoing.append(.subscribe(numbers))
    return numbers
  }

  func wait(forWriting: Bool, wake: Int32, milliseconds: Int32) -> Bool {
    if forWriting || isBroken || gateway.isDead || head < incoming.count { return true }
    gateway.ingestPlayer.wait(seconds: Double(milliseconds) / 1000)
    return isBroken || gateway.isDead || head < incoming.count
  }

  private func check() throws(MQTTError) {
    if gateway.isDead || !isOpen || isBroken { throw lost() }
  }

  private func lost() -> MQTTError {
    MQTTError(.connectionLost, detail: "the connection broke")
  }
}
