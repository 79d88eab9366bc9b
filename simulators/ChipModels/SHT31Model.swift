/// An SHT31 at the level of its commands (Sensirion SHT3x-DIS datasheet).
///
///     let chip = SHT31Model()
///     chip.setAir(temperature: 22.53, humidity: 45)
///     bus.attach(chip)
///
/// It acknowledges nothing while it measures, and no read before there is something to read; what was read is gone.
public final class SHT31Model: I2CChip {
  /// 0x44 or 0x45.
  public let address: UInt8
  /// The air's temperature in °C.
  public var temperature = 20.0
  /// The air's relative humidity in %RH.
  public var humidity = 50.0
  /// Raw temperature and humidity in place of the air's, for published examples.
  public var rawOverride: (temperature: UInt16, humidity: UInt16)?
  /// A measurement never ends.
  public var hangs = false
  /// What a driver did that the datasheet does not allow.
  public private(set) var complaints: [String] = []
  /// Whether the heater is on; the chip reads 3 °C too much then.
  public var isHeating = false

  enum Answer {
    case measurement, status
  }

  var now: UInt64 = 0
  var silentUntil: UInt64 = 0
  var readyAt: UInt64?
  var measurement: [UInt8]?
  var answer = Answer.measurement
  /// Bit 4: a reset happened; bit 1: the last command was not known.
  var status: UInt16 = 0x0010

  /// A chip that has been under power for a while.
  public init(address: UInt8 = 0x44) {
    self.address = address
  }

  /// Sets the air: °C, %RH.
  public func setAir(temperature: Double, humidity: Double) {
    self.temperature = temperature
    self.humidity = humidity
  }

  /// Finishes a measurement whose time is over.
  public func advance(to microseconds: UInt64) {
    now = microseconds
    guard let readyAt, now >= readyAt, !hangs else { return }
    self.readyAt = nil
    measurement = measured()
  }

  /// Neither while it starts nor while it measures.
  public func acknowledges() -> Bool { now >= silentUntil && readyAt == nil }

  /// Only when there is something to read.
  public func acknowledgesRead() -> Bool { acknowledges() && (answer == .status || measurement != nil) }

  /// A command of two bytes.
  public func write(_ bytes: [UInt8]) -> Int {
    guard bytes.count == 2 else {
      if !bytes.isEmpty { complaints.append("\(bytes.count) bytes are no command") }
      return min(bytes.count, 2)
    }
    answer = .measurement
    switch UInt16(bytes[0]) << 8 | UInt16(bytes[1]) {
    case 0x2400: begin(15_500)
    case 0x240B: begin(6_500)
    case 0x2416: begin(4_500)
    case 0x30A2: reset(busyFor: 1_500)
    case 0x3041: status &= ~0x8C10
    case 0x3066: isHeating = false
    case 0x306D: isHeating = true
    case 0xF32D: answer = .status
    default:
      status |= 0x0002
      complaints.append("unknown command \(SimulatedI2CBus.hex(bytes))")
      return 2
    }
    status &= ~0x0002
    return 2
  }

  /// Words with their checksums; after the end an idle line.
  public func read(_ count: Int) -> [UInt8] {
    var bytes: [UInt8]
    switch answer {
    case .status:
      bytes = Self.checked(status | (isHeating ? 0x2000 : 0))
    case .measurement:
      bytes = measurement ?? []
      measurement = nil
    }
    answer = .measurement
    bytes += Array(repeating: 0xFF, count: max(0, count - bytes.count))
    return Array(bytes.prefix(count))
  }

  /// As after a power-up, which takes 1 ms.
  public func powerCycle(at microseconds: UInt64) {
    now = microseconds
    reset(busyFor: 1000)
  }

  private func begin(_ microseconds: UInt64) {
    measurement = nil
    readyAt = now + microseconds
  }

  private func reset(busyFor microseconds: UInt64) {
    silentUntil = now + microseconds
    readyAt = nil
    measurement = nil
    answer = .measurement
    status = 0x0010
    isHeating = false
  }

  private func measured() -> [UInt8] {
    if let rawOverride { return Self.checked(rawOverride.temperature) + Self.checked(rawOverride.humidity) }
    let warmth = isHeating ? 3.0 : 0
    return Self.checked(Self.raw((temperature + warmth + 45) / 175)) + Self.checked(Self.raw(humidity / 100))
  }

  private static func raw(_ share: Double) -> UInt16 {
    UInt16((min(max(share, 0), 1) * 65535).rounded())
  }

  /// A word and its checksum, bit by bit as the datasheet describes it, on purpose not the driver's function.
  public static func checked(_ word: UInt16) -> [UInt8] {
    // Long division by 0x131; the initial value 0xFF is added to the first byte.
    var remainder = UInt32(word) << 8 ^ 0xFF_0000
    for bit in stride(from: UInt32(23), through: 8, by: -1) where remainder >> bit & 1 == 1 {
      remainder ^= UInt32(0x131) << (bit - 8)
    }
    return [UInt8(word >> 8), UInt8(word & 0xFF), UInt8(remainder & 0xFF)]
  }
}
