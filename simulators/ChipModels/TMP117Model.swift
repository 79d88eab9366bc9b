/// A TMP117 at the level of its registers (TI SNOSD82).
///
///     let chip = TMP117Model()
///     chip.temperature = 22.53
///     bus.attach(chip)
///
/// It converts on its own after a power-up, or once when told to, and shows 0x8000 until the first conversion is over.
public final class TMP117Model: I2CChip {
  /// 0x48 … 0x4B.
  public let address: UInt8
  /// The temperature in °C.
  public var temperature = 20.0
  /// The register's content in place of the temperature's, for published examples.
  public var rawOverride: UInt16?
  /// A conversion never ends.
  public var hangs = false
  /// What a driver did that the datasheet does not allow.
  public private(set) var complaints: [String] = []

  var pointer: UInt8 = 0
  var now: UInt64 = 0
  var silentUntil: UInt64 = 0
  var readyAt: UInt64?
  var value: UInt16 = 0x8000
  var isDataReady = false
  /// Without the flags. 0x0220: continuous, a cycle of 1 s, eight conversions averaged.
  var configuration: UInt16 = 0x0220

  /// A chip that has just been powered up.
  public init(address: UInt8 = 0x48) {
    self.address = address
    readyAt = conversionMicroseconds
  }

  /// Finishes a conversion whose time is over.
  public func advance(to microseconds: UInt64) {
    now = microseconds
    guard let readyAt, now >= readyAt, !hangs else { return }
    value = rawOverride ?? UInt16(bitPattern: Int16(min(max((temperature * 128).rounded(), -32768), 32767)))
    isDataReady = true
    if mode == 0b11 {
      configuration = configuration & ~0x0C00 | 0x0400
      self.readyAt = nil
    } else {
      self.readyAt = readyAt + ((now - readyAt) / cycleMicroseconds + 1) * cycleMicroseconds
    }
  }

  /// Whether the 1.5 ms after a power-up are over.
  public func acknowledges() -> Bool { now >= silentUntil }

  /// A register number, alone or with two bytes.
  public func write(_ bytes: [UInt8]) -> Int {
    guard let first = bytes.first else { return 0 }
    pointer = first
    switch bytes.count {
    case 1: break
    case 3: store(UInt16(bytes[1]) << 8 | UInt16(bytes[2]))
    default: complaints.append("\(bytes.count - 1) bytes for register \(SimulatedI2CBus.hex([first]))")
    }
    return bytes.count
  }

  /// The selected register, again and again.
  public func read(_ count: Int) -> [UInt8] {
    if count > 2 { complaints.append("\(count) bytes read of register \(SimulatedI2CBus.hex([pointer]))") }
    let word = load()
    return (0..<count).map { UInt8($0 % 2 == 0 ? word >> 8 : word & 0xFF) }
  }

  /// As after a power-up: the first conversion begins.
  public func powerCycle(at microseconds: UInt64) {
    now = microseconds
    silentUntil = microseconds + 1500
    pointer = 0
    value = 0x8000
    isDataReady = false
    configuration = 0x0220
    readyAt = silentUntil + conversionMicroseconds
  }

  private func store(_ word: UInt16) {
    guard pointer == 0x01 else {
      complaints.append("write to register \(SimulatedI2CBus.hex([pointer])) is not modelled")
      return
    }
    if word & 0x0002 != 0 {
      powerCycle(at: now)
      return
    }
    configuration = word & 0x0FFC
    // Whatever ran is abandoned.
    readyAt = mode == 0b01 ? nil : now + conversionMicroseconds
  }

  private func load() -> UInt16 {
    switch pointer {
    case 0x00:
      isDataReady = false
      return value
    case 0x01:
      defer { isDataReady = false }
      return configuration | (isDataReady ? 0x2000 : 0)
    case 0x02: return 0x6000
    case 0x03: return 0x8000
    case 0x0F: return 0x0117
    default: return 0
    }
  }

  private var mode: UInt16 { configuration >> 10 & 3 }

  /// 15.5 ms each (table 7-7), one, 8, 32 or 64 of them averaged.
  private var conversionMicroseconds: UInt64 {
    15_500 * [1, 8, 32, 64][Int(configuration >> 5 & 3)]
  }

  /// The cycle of the continuous mode; averaging may make it longer.
  private var cycleMicroseconds: UInt64 {
    let cycles: [UInt64] = [15_500, 125_000, 250_000, 500_000, 1_000_000, 4_000_000, 8_000_000, 16_000_000]
    return max(cycles[Int(configuration >> 7 & 7)], conversionMicroseconds)
  }
}
