import CI2C
import Glibc
import HAL
import Synchronization

extension LinuxI2CBus {
  /// The SMBus command that puts the same bytes on the wires as a transaction does (SMBus 2.0 section 5.5, and the I²C
  /// block commands of Documentation/i2c/smbus-protocol.rst).
  enum SMBusCommand: Equatable, Sendable {
    /// An address alone.
    case quick
    /// One byte from the chip.
    case readByte
    /// One byte to the chip.
    case writeByte(UInt8)
    /// A register's number and one byte from it.
    case readByteData(register: UInt8)
    /// A register's number and one byte for it.
    case writeByteData(register: UInt8, UInt8)
    /// A register's number and 2 … 32 bytes from there on.
    case readBlock(register: UInt8, count: Int)
    /// A register's number and 2 … 32 bytes.
    case writeBlock(register: UInt8, [UInt8])

    /// The command for a transaction, or `nil` where SMBus has none: more than 32 bytes, or a command of two bytes.
    init?(write: [UInt8], readCount: Int) {
      switch (write.count, readCount) {
      case (0, 0): self = .quick
      case (0, 1): self = .readByte
      case (1, 0): self = .writeByte(write[0])
      case (1, 1): self = .readByteData(register: write[0])
      case (2, 0): self = .writeByteData(register: write[0], write[1])
      case (1, 2...Int(I2C_SMBUS_BLOCK_MAX)): self = .readBlock(register: write[0], count: readCount)
      case (3...(1 + Int(I2C_SMBUS_BLOCK_MAX)), 0): self = .writeBlock(register: write[0], Array(write.dropFirst()))
      default: return nil
      }
    }
  }

  /// Runs a transaction on an adapter that takes no plain messages.
  ///
  /// - Throws: `.addressNotAcknowledged` also where SMBus has no such command: to this adapter the chip is not there.
  func command(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    var bytes: [UInt8] = []
    for index in write.indices { bytes.append(write[index]) }
    guard let command = SMBusCommand(write: bytes, readCount: read.count) else { throw .addressNotAcknowledged }
    let (result, answer) = adapter.smbus.withLock { _ in run(command, address) }
    guard result >= 0 else { throw Self.error(errno: -result, writeCount: bytes.count) }
    guard answer.count == read.count else { throw .addressNotAcknowledged }
    for index in read.indices { read[index] = answer[index] }
  }

  private func run(_ command: SMBusCommand, _ address: UInt8) -> (result: Int32, answer: [UInt8]) {
    let bus = adapter.file.descriptor
    let chosen = martlet_smbus_address(bus, UInt16(address))
    guard chosen >= 0 else { return (chosen, []) }
    switch command {
    case .quick where martlet_smbus_can_quick(adapter.functions) != 0:
      return (martlet_smbus_quick(bus), [])
    case .quick:
      let result = i2c_smbus_read_byte(bus)
      return (result, [])
    case .readByte:
      return single(i2c_smbus_read_byte(bus))
    case .writeByte(let byte):
      return (i2c_smbus_write_byte(bus, byte), [])
    case .readByteData(let register):
      return single(i2c_smbus_read_byte_data(bus, register))
    case .writeByteData(let register, let byte):
      return (i2c_smbus_write_byte_data(bus, register, byte), [])
    case .readBlock(let register, let count):
      return block(register, count)
    case .writeBlock(let register, let bytes):
      guard martlet_smbus_can_block(adapter.functions) != 0 else { return (-EOPNOTSUPP, []) }
      return (i2c_smbus_write_i2c_block_data(bus, register, UInt8(bytes.count), bytes), [])
    }
  }

  private func single(_ result: Int32) -> (result: Int32, answer: [UInt8]) {
    (result, result >= 0 ? [UInt8(truncatingIfNeeded: result)] : [])
  }

  private func block(_ register: UInt8, _ count: Int) -> (result: Int32, answer: [UInt8]) {
    guard martlet_smbus_can_block(adapter.functions) != 0 else { return (-EOPNOTSUPP, []) }
    // The kernel may fill all 32, whatever was asked for.
    var answer = [UInt8](repeating: 0, count: Int(I2C_SMBUS_BLOCK_MAX))
    let result = i2c_smbus_read_i2c_block_data(adapter.file.descriptor, register, UInt8(count), &answer)
    return (result, result >= 0 ? Array(answer.prefix(min(Int(result), count))) : [])
  }
}
