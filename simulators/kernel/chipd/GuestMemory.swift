import Glibc

/// The machine's memory, mapped into this process.
struct GuestMemory: ~Copyable {
  /// A piece of it, at two addresses of the machine's: its own, and that of the process that runs it.
  struct Region {
    var guest: UInt64
    var user: UInt64
    var size: UInt64
    /// Where it begins here.
    var base: UnsafeMutableRawPointer
    /// What was mapped.
    var mapping: (start: UnsafeMutableRawPointer, length: Int)
  }

  /// Which of the two an address is.
  enum Space {
    case guest, user
  }

  private var regions: [Region] = []

  init() {}

  deinit {
    for region in regions { munmap(region.mapping.start, region.mapping.length) }
  }

  /// Maps what a SET_MEM_TABLE message names, and closes its descriptors.
  init(_ table: VhostUserMessage) throws(ChipDaemonError) {
    let count = Int(table.number(at: 0, as: UInt32.self))
    guard count == table.descriptors.count, table.payload.count >= 8 + 32 * count else {
      throw .protocolViolation("a table of \(count) regions with \(table.descriptors.count) descriptors")
    }
    for index in 0..<count {
      let entry = 8 + 32 * index
      let size: UInt64 = table.number(at: entry + 8)
      let offset: UInt64 = table.number(at: entry + 24)
      let length = Int(size + offset)
      let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, table.descriptors[index], 0)
      let failure = errno
      close(table.descriptors[index])
      guard let start, start != MAP_FAILED else { throw .system("mmap", errno: failure) }
      regions.append(
        Region(
          guest: table.number(at: entry), user: table.number(at: entry + 16), size: size,
          base: start + Int(offset), mapping: (start, length)))
    }
  }

  /// Where `count` bytes of the machine's are here.
  func pointer(_ address: UInt64, count: Int, in space: Space) throws(ChipDaemonError) -> UnsafeMutableRawPointer {
    for region in regions {
      let start = space == .guest ? region.guest : region.user
      if address >= start, address - start + UInt64(count) <= region.size { return region.base + Int(address - start) }
    }
    throw .protocolViolation("address 0x\(String(address, radix: 16)) is not in the machine's memory")
  }
}
