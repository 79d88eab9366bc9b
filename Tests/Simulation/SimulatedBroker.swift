/// A broker with one lasting session, that of the gateway: QoS 1 with a window, redelivery after a reconnect, and a memory
/// that may be lost.
final class SimulatedBroker: @unchecked Sendable {
  struct Message {
    var topic: String
    var payload: [UInt8]
    /// The number of a version-1 message, which nobody sends again once the broker has acknowledged it.
    var former: Int?
  }

  private unowned let world: World
  private(set) var isUp = true
  private var hasSession = false
  private var queue: [Message] = []
  private var head = 0
  /// Sent and not acknowledged, by packet identifier, oldest first.
  private var underWay: [(packet: Int, message: Message)] = []
  private var packet = 0
  private var saved: [Message] = []
  private weak var link: SimulatedConnection?
  /// The most messages under way: the receive maximum that the gateway asks for.
  private let window: Int

  init(_ world: World, window: Int) {
    self.world = world
    self.window = window
  }

  // MARK: Devices

  /// Takes a message at QoS 1; the return is the PUBACK.
  func publish(_ message: Message) {
    guard hasSession else {
      // Nobody subscribes: acknowledged and gone.
      if let former = message.former { world.truth.excuse(former: former) }
      return
    }
    queue.append(message)
    pump()
  }

  // MARK: The gateway

  /// Lets a connection in; an older one of the same client is cut.
  func attach(_ connection: SimulatedConnection) {
    link?.cut()
    link = connection
    connection.arrive(.accepted(sessionPresent: hasSession))
    let again = underWay.map(\.message)
    underWay = []
    queue = again + queue[head...]
    head = 0
    if hasSession { pump() }
  }

  func subscribe(_ connection: SimulatedConnection, _ number: Int32) {
    hasSession = true
    connection.arrive(.subscribed(number))
    pump()
  }

  func acknowledge(_ packet: Int, from connection: SimulatedConnection) {
    guard connection === link, let index = underWay.firstIndex(where: { $0.packet == packet }) else { return }
    underWay.remove(at: index)
    pump()
  }

  /// An acknowledgement for a device, at QoS 0.
  func forward(_ topic: String, _ payload: [UInt8]) {
    guard isUp else { return }
    world.deliver(topic: topic, payload: payload)
  }

  func detach(_ connection: SimulatedConnection) {
    if link === connection { link = nil }
  }

  private func pump() {
    guard let link, link.isAccepted else { return }
    while underWay.count < window, head < queue.count {
      packet = packet % 65_535 + 1
      underWay.append((packet, queue[head]))
      link.arrive(.message(packet, queue[head]))
      head += 1
    }
    if head > 1000 {
      queue.removeFirst(head)
      head = 0
    }
  }

  // MARK: Faults

  /// Writes its memory to its disk.
  func save() {
    saved = underWay.map(\.message) + queue[head...]
  }

  enum Memory: CaseIterable {
    /// As it should be: everything acknowledged was saved.
    case kept
    /// What it had when it last saved: some of it acknowledged meanwhile, some younger gone.
    case old
    /// No persistence: the session too is gone.
    case lost
  }

  /// Dies, with what memory is left.
  func kill(_ memory: Memory) {
    isUp = false
    link?.cut()
    link = nil
    let held = underWay.map(\.message) + queue[head...]
    switch memory {
    case .kept: queue = held
    case .old: queue = saved
    case .lost:
      queue = []
      saved = []
      hasSession = false
    }
    head = 0
    underWay = []
    let left = Set(queue.compactMap(\.former))
    for former in held.compactMap(\.former) where !left.contains(former) { world.truth.excuse(former: former) }
  }

  func start() { isUp = true }

  func cutGateway() { link?.cut() }

  func holdGateway() { link?.hold() }

  var hasWork: Bool { head < queue.count || !underWay.isEmpty }
}
