import CI2C
import Glibc
import HAL
import Synchronization

/// An I²C bus of this machine: `/dev/i2c-N`, by the kernel's i2c-dev.
///
///     let bus = try LinuxI2CBus(1)                  // a Raspberry Pi's header: SDA pin 3, SCL pin 5
///     var sensor = EnvironmentSensor(bus: bus)
///
/// A transaction is one `I2C_RDWR`, so nobody else's messages get between a write and its read. An adapter that knows only
/// SMBus commands is spoken to through libi2c, as far as they go (`LinuxI2CBus+SMBus.swift`). A chip that has a kernel
/// driver answers here too: i2c-dev does not ask who owns an address, so unbind such a driver first.
///
/// `recover()` does nothing: i2c-dev has no request for it, and adapters that can, free their bus by themselves before they
/// report `stuck` or `timeout`.
public struct LinuxI2CBus: I2CBus, Sendable {
  /// The most bytes in one direction of a transaction (`I2C_RDWR` in drivers/i2c/i2c-dev.c).
  public static var longestMessage: Int { 8192 }

  /// N in `/dev/i2c-N`.
  public let number: Int
  /// What the adapter calls itself.
  public let name: String
  let adapter: Adapter

  /// The open node, and what its adapter can do (`I2C_FUNCS`).
  final class Adapter: Sendable {
    let file: OpenFile
    let functions: UInt
    /// An SMBus command's address belongs to the node, so one speaks at a time.
    let smbus = Mutex(())

    init(_ file: OpenFile, functions: UInt) {
      self.file = file
      self.functions = functions
    }
  }

  /// The bus `/dev/i2c-N`.
  ///
  /// - Throws: `LinuxHALError`: `missing` with what buses there are, `noPermission` with the group, `unsuitable` where the
  ///   node is no I²C bus.
  public init(_ number: Int, files: DeviceFiles = .host) throws(LinuxHALError) {
    let node = "/dev/i2c-\(number)"
    let descriptor = martlet_open(files.path(node))
    guard descriptor >= 0 else { throw Self.refusal(-descriptor, number: number, files: files) }
    let file = OpenFile(descriptor)
    var functions: UInt = 0
    let result = martlet_i2c_functions(descriptor, &functions)
    guard result >= 0 else { throw Self.refusal(-result, number: number, files: files) }
    self.number = number
    name = Self.adapterName(number, files: files)
    adapter = Adapter(file, functions: functions)
  }

  /// Every bus there is, as `number: name`; also those the user may not open.
  public static func available(files: DeviceFiles = .host) -> [(number: Int, name: String)] {
    let numbers = Set(
      files.numbers(in: "/dev", prefix: "i2c-") + files.numbers(in: "/sys/class/i2c-dev", prefix: "i2c-"))
    return numbers.sorted().map { ($0, adapterName($0, files: files)) }
  }

  /// Whether the adapter takes any transaction; otherwise only what SMBus has a command for.
  public var takesPlainMessages: Bool { martlet_i2c_has_messages(adapter.functions) != 0 }

  /// Runs one transaction; see `I2CBus`.
  public func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    precondition(write.count <= Self.longestMessage && read.count <= Self.longestMessage, "more than 8192 bytes")
    guard takesPlainMessages else { return try command(address, write: write, read: &read) }
    let (written, wanted) = (UInt16(write.count), UInt16(read.count))
    let result = write.withUnsafeBufferPointer { source in
      read.withUnsafeMutableBufferPointer { sink in
        martlet_i2c_transfer(
          adapter.file.descriptor, UInt16(address), source.baseAddress, written, sink.baseAddress, wanted)
      }
    }
    if Self.cannotProbe(result: result, writeCount: write.count, readCount: read.count) {
      return try probeByReading(address)
    }
    if let error = Self.error(result: result, writeCount: write.count, readCount: read.count) { throw error }
  }

  /// Asks for one byte, as `i2cdetect -r` does; chips that count reads or clear flags by them notice.
  private func probeByReading(_ address: UInt8) throws(I2CError) {
    var byte: UInt8 = 0
    let result = martlet_i2c_transfer(adapter.file.descriptor, UInt16(address), nil, 0, &byte, 1)
    if let error = Self.error(result: result, writeCount: 0, readCount: 1) { throw error }
  }
}

extension LinuxI2CBus {
  /// Whether the adapter refused a probe because it cannot send an address alone (`I2C_AQ_NO_ZERO_LEN`, as Synopsys
  /// DesignWare in a Raspberry Pi 5): the I²C core answers EOPNOTSUPP then, and drivers that look themselves EINVAL.
  static func cannotProbe(result: Int32, writeCount: Int, readCount: Int) -> Bool {
    writeCount == 0 && readCount == 0 && (result == -EOPNOTSUPP || result == -EINVAL)
  }

  /// What became of a transaction.
  ///
  /// - Parameters:
  ///   - result: what `I2C_RDWR` gave: how many messages went through, or a negated `errno`.
  ///   - writeCount: bytes that were to be written.
  ///   - readCount: bytes that were to be read.
  static func error(result: Int32, writeCount: Int, readCount: Int) -> I2CError? {
    let messages: Int32 = writeCount > 0 && readCount > 0 ? 2 : 1
    // Some adapters (i2c-virtio among them) tell a NACK by the number of messages that went through. Which byte of the one
    // that failed was not acknowledged nobody says: an absent chip is by far the likeliest.
    guard result < 0 else { return result == messages ? nil : .addressNotAcknowledged }
    return error(errno: -result, writeCount: writeCount)
  }

  /// A transaction's `errno` as an I²C error (Documentation/i2c/fault-codes.rst in the kernel's source, and its drivers).
  static func error(errno: Int32, writeCount: Int) -> I2CError {
    switch errno {
    // The address was not acknowledged (fault-codes.rst; i2c-algo-bit, i2c-imx, i2c-stub).
    case ENXIO, ENODEV: .addressNotAcknowledged
    // A NACK in whatever byte: i2c-bcm2835 and i2c-designware, that is every Raspberry Pi, do not tell which.
    case EREMOTEIO: .addressNotAcknowledged
    // "Something went wrong". i2c-algo-bit (i2c-gpio) means a written byte that was not acknowledged; a read has none.
    case EIO: writeCount > 0 ? .dataNotAcknowledged : .addressNotAcknowledged
    // The chip broke the protocol after it had answered.
    case EPROTO, EBADMSG: .dataNotAcknowledged
    // SCL low for longer than the adapter waits, or its interrupt never came.
    case ETIMEDOUT, ETIME: .timeout
    // SDA low when the bus should be idle: "bus busy" before the start, or the arbitration lost to nobody.
    case EBUSY, EAGAIN: .stuck
    // Nothing was sent (a length the adapter cannot do, an adapter that was unplugged or sleeps): nobody answered.
    default: .addressNotAcknowledged
    }
  }

  /// Why a node cannot be opened or is not what it should be.
  static func refusal(_ errno: Int32, number: Int, files: DeviceFiles) -> LinuxHALError {
    let code = LinuxHALError.code(of: errno)
    let remedy =
      switch code {
      case .missing:
        "there is no I²C bus \(number) (\(list(files))): on a Raspberry Pi set dtparam=i2c_arm=on in config.txt"
          + " (sudo raspi-config nonint do_i2c 0) and restart; elsewhere load the driver, sudo modprobe i2c-dev"
      case .noPermission: LinuxHALError.membership(of: "i2c")
      case .unsuitable: "this is no I²C bus; \(list(files))"
      case .busy, .failed: "see what the kernel says about it: dmesg | grep i2c"
      }
    return LinuxHALError(
      code, device: files.path("/dev/i2c-\(number)"), cause: LinuxHALError.words(for: errno), remedy: remedy)
  }

  private static func list(_ files: DeviceFiles) -> String {
    let buses = available(files: files)
    guard !buses.isEmpty else { return "there is none at all" }
    return "there are: " + buses.map { "\($0.number) \($0.name)" }.joined(separator: ", ")
  }

  private static func adapterName(_ number: Int, files: DeviceFiles) -> String {
    files.line(of: "/sys/class/i2c-dev/i2c-\(number)/name") ?? "i2c-\(number)"
  }
}
