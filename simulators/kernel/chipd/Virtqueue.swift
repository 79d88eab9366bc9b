import Synchronization

/// The queue through which the machine's driver hands over requests (VIRTIO 1.2 section 2.7, split virtqueues).
struct Virtqueue {
  /// One request: pieces to read, pieces to fill.
  struct Chain {
    var head: UInt16
    var toRead: [UnsafeRawBufferPointer] = []
    var toFill: [UnsafeMutableRawBufferPointer] = []
  }

  /// How many descriptors there are; 0 until it was said.
  var size = 0
  /// Requests taken so far, modulo 65,536.
  var taken: UInt16 = 0
  /// Addresses of the descriptors, the used ring and the available ring, in the running process's memory.
  var rings: (descriptors: UInt64, used: UInt64, available: UInt64)?

  /// Takes every request that waits.
  mutating func take(from memory: borrowing GuestMemory) throws(ChipDaemonError) -> [Chain] {
    guard let rings, size > 0 else { return [] }
    let available = try memory.pointer(rings.available, count: 4 + 2 * size, in: .user)
    var chains: [Chain] = []
    while available.load(fromByteOffset: 2, as: UInt16.self) != taken {
      // The entries were written before the index that says so.
      atomicMemoryFence(ordering: .acquiring)
      let head = available.load(fromByteOffset: 4 + 2 * (Int(taken) % size), as: UInt16.self)
      chains.append(try chain(from: head, rings.descriptors, memory))
      taken &+= 1
    }
    return chains
  }

  /// Gives a request back.
  ///
  /// - Parameter index: its place among all that were taken, modulo 65,536.
  func giveBack(_ chain: Chain, index: UInt16, to memory: borrowing GuestMemory) throws(ChipDaemonError) {
    guard let rings else { return }
    let used = try memory.pointer(rings.used, count: 4 + 8 * size, in: .user)
    let entry = 4 + 8 * (Int(index) % size)
    used.storeBytes(of: UInt32(chain.head), toByteOffset: entry, as: UInt32.self)
    let filled = chain.toFill.reduce(0) { $0 + $1.count }
    used.storeBytes(of: UInt32(filled), toByteOffset: entry + 4, as: UInt32.self)
    atomicMemoryFence(ordering: .releasing)
    used.storeBytes(of: index &+ 1, toByteOffset: 2, as: UInt16.self)
  }

  private func chain(
    from head: UInt16, _ table: UInt64, _ memory: borrowing GuestMemory
  ) throws(ChipDaemonError) -> Chain {
    let descriptors = try memory.pointer(table, count: 16 * size, in: .user)
    var chain = Chain(head: head)
    var next = Int(head)
    for _ in 0..<size {
      guard next < size else { throw .protocolViolation("descriptor \(next) of \(size)") }
      let address = descriptors.load(fromByteOffset: 16 * next, as: UInt64.self)
      let count = Int(descriptors.load(fromByteOffset: 16 * next + 8, as: UInt32.self))
      let flags = descriptors.load(fromByteOffset: 16 * next + 12, as: UInt16.self)
      let piece = UnsafeMutableRawBufferPointer(
        start: try memory.pointer(address, count: count, in: .guest), count: count)
      // Bit 1: the device fills it. Bit 0: another follows.
      if flags & 2 != 0 { chain.toFill.append(piece) } else { chain.toRead.append(UnsafeRawBufferPointer(piece)) }
      guard flags & 1 != 0 else { return chain }
      next = Int(descriptors.load(fromByteOffset: 16 * next + 14, as: UInt16.self))
    }
    throw .protocolViolation("a chain without an end")
  }
}
