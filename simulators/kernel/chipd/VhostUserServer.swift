import Glibc

/// The adapter's side of vhost-user: it learns where the machine's memory and queue are, and serves the queue when kicked.
struct VhostUserServer: ~Copyable {
  /// The requests it knows, by the protocol's numbers.
  private enum Request: UInt32 {
    case getFeatures = 1
    case setMemoryTable = 5
    case setQueueSize = 8
    case setQueueAddresses = 9
    case setQueueBase = 10
    case getQueueBase = 11
    case setQueueKick = 12
    case setQueueCall = 13
    case getProtocolFeatures = 15
    case getQueueCount = 17
  }

  /// VIRTIO_F_VERSION_1, VHOST_USER_F_PROTOCOL_FEATURES, and VIRTIO_I2C_F_ZERO_LENGTH_REQUEST, which Linux insists on.
  private static let features: UInt64 = 1 << 32 | 1 << 30 | 1 << 0
  /// REPLY_ACK, and SLAVE_REQ: user-mode Linux takes its interrupt from that channel, and finds none without it.
  private static let protocolFeatures: UInt64 = 1 << 3 | 1 << 5
  /// The message's flag that asks for an answer to a request which has none.
  private static let needsReply: UInt32 = 1 << 3

  let connection: VhostUserConnection
  let device: VirtioI2C
  var memory = GuestMemory()
  var queue = Virtqueue()
  var kick: Int32?
  var call: Int32?

  init(connection: VhostUserConnection, device: VirtioI2C) {
    self.connection = connection
    self.device = device
  }

  /// Serves the machine until it is gone.
  mutating func run() throws(ChipDaemonError) {
    while true {
      var entries = [pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)]
      if let kick { entries.append(pollfd(fd: kick, events: Int16(POLLIN), revents: 0)) }
      guard poll(&entries, nfds_t(entries.count), -1) > 0 else { throw .system("poll", errno: errno) }
      if entries.count > 1, entries[1].revents != 0, let kick {
        var count: UInt64 = 0
        _ = read(kick, &count, 8)
        try serveQueue()
      }
      guard entries[0].revents != 0 else { continue }
      guard let message = try connection.receive() else { return }
      try handle(message)
    }
  }

  private mutating func serveQueue() throws(ChipDaemonError) {
    var index = queue.taken
    let chains = try queue.take(from: memory)
    guard !chains.isEmpty else { return }
    try device.serve(chains)
    for chain in chains {
      try queue.giveBack(chain, index: index, to: memory)
      index &+= 1
    }
    if let call {
      var one: UInt64 = 1
      _ = write(call, &one, 8)
    }
  }

  private mutating func handle(_ message: VhostUserMessage) throws(ChipDaemonError) {
    var answer: [UInt8]?
    // What the list lacks needs no action: owner, feature acknowledgement, enabling, the machine's own channel.
    switch Request(rawValue: message.request) {
    case .getFeatures: answer = Self.features.bytes
    case .getProtocolFeatures: answer = Self.protocolFeatures.bytes
    case .getQueueCount: answer = UInt64(1).bytes
    case .setMemoryTable: memory = try GuestMemory(message)
    case .setQueueSize: queue.size = Int(message.number(at: 4, as: UInt32.self))
    case .setQueueAddresses:
      queue.rings = (message.number(at: 8), message.number(at: 16), message.number(at: 24))
    case .setQueueBase: queue.taken = UInt16(truncatingIfNeeded: message.number(at: 4, as: UInt32.self))
    case .getQueueBase:
      answer = UInt32(0).bytes + UInt32(queue.taken).bytes
      Self.replace(&kick, by: nil)
    case .setQueueKick: Self.replace(&kick, by: message.descriptors.first)
    case .setQueueCall: Self.replace(&call, by: message.descriptors.first)
    case nil: break
    }
    if let answer {
      try connection.reply(to: message.request, answer)
    } else if message.flags & Self.needsReply != 0 {
      try connection.reply(to: message.request, UInt64(0).bytes)
    }
  }

  private static func replace(_ descriptor: inout Int32?, by other: Int32?) {
    if let descriptor { close(descriptor) }
    descriptor = other
    // A kick that another message was faster than must not block.
    if let other { _ = fcntl(other, F_SETFL, fcntl(other, F_GETFL) | O_NONBLOCK) }
  }
}
