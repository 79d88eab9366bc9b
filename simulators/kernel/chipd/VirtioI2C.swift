import ChipModels
import Glibc
import HAL

/// An I²C adapter for a virtual machine (VIRTIO 1.2 section 5.21) on a simulated bus.
///
/// A request is one message; a flag says that the next belongs to the same transaction. A write and the read after it go to
/// the bus as one transaction, as the driver asked for.
struct VirtioI2C {
  let bus: SimulatedI2CBus

  private struct Message {
    var address: UInt8
    var written: [UInt8]
    /// `nil` in a write.
    var wanted: Int?
    var continues: Bool
    var chain: Virtqueue.Chain
  }

  /// Carries out what waits and fills in the answers.
  func serve(_ chains: [Virtqueue.Chain]) throws(ChipDaemonError) {
    catchUp()
    var group: [Message] = []
    for chain in chains {
      let message = try Self.message(chain)
      group.append(message)
      if !message.continues {
        run(group)
        group = []
      }
    }
    run(group)
  }

  /// The chips' time is this process's.
  private func catchUp() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    if now > bus.clock.nanoseconds { bus.clock.advance(nanoseconds: now - bus.clock.nanoseconds) }
  }

  private static func message(_ chain: Virtqueue.Chain) throws(ChipDaemonError) -> Message {
    let bytes = chain.toRead.flatMap { Array($0) }
    // virtio_i2c_out_hdr: the address shifted by one, padding, flags; virtio_i2c_in_hdr: the status, one byte.
    guard bytes.count >= 8, let status = chain.toFill.last, status.count >= 1 else {
      throw .protocolViolation("an I²C request of \(bytes.count) bytes")
    }
    return Message(
      address: bytes[0] >> 1, written: Array(bytes.dropFirst(8)),
      wanted: bytes[4] & 2 != 0 ? chain.toFill.dropLast().reduce(0) { $0 + $1.count } : nil,
      continues: bytes[4] & 1 != 0, chain: chain)
  }

  private func run(_ group: [Message]) {
    let isPair = group.count == 2 && group[0].wanted == nil && group[1].wanted != nil
    if isPair, group[0].address == group[1].address {
      let answer = transact(group[0].address, write: group[0].written, wanted: group[1].wanted ?? 0)
      Self.answer(group[0], answer == nil ? nil : [])
      Self.answer(group[1], answer)
      return
    }
    var isIntact = true
    for message in group {
      let answer = isIntact ? transact(message.address, write: message.written, wanted: message.wanted ?? 0) : nil
      isIntact = answer != nil
      Self.answer(message, answer)
    }
  }

  /// What was read, or `nil` where a chip or the bus refused.
  private func transact(_ address: UInt8, write: [UInt8], wanted: Int) -> [UInt8]? {
    var answer = [UInt8](repeating: 0, count: wanted)
    do throws(I2CError) {
      var bytes = answer.mutableSpan
      try bus.transaction(address, write: write.span, read: &bytes)
    } catch {
      return nil
    }
    return answer
  }

  private static func answer(_ message: Message, _ bytes: [UInt8]?) {
    var rest = (bytes ?? [])[...]
    for piece in message.chain.toFill.dropLast() {
      piece.copyBytes(from: rest.prefix(piece.count))
      rest = rest.dropFirst(piece.count)
    }
    // VIRTIO_I2C_MSG_OK, VIRTIO_I2C_MSG_ERR
    message.chain.toFill.last?[0] = bytes == nil ? 1 : 0
  }
}
