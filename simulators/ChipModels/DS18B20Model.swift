/// A DS18B20 at the level of its slots (Maxim DS18B20 datasheet 19-7487).
///
///     let probe = DS18B20Model(serial: 7, isParasitic: true)
///     probe.temperature = 22.53
///     wire.attach(probe)
///
/// Without a supply of its own it converts only while the line is held high; touched meanwhile, or not held, it starts
/// afresh, and holds 85 °C.
public final class DS18B20Model: OneWireChip {
  /// The 64-bit code: family 0x28, serial number, checksum.
  public let code: UInt64
  /// Whether it lives on the line's current.
  public let isParasitic: Bool
  /// The temperature in °C.
  public var temperature = 20.0
  /// The temperature bytes in place of the temperature's, for published examples.
  public var rawOverride: UInt16?
  /// What a driver did that the datasheet does not allow.
  public private(set) var complaints: [String] = []
  /// Conversions finished since the start.
  public private(set) var conversionCount = 0

  enum State {
    /// Waits for a reset.
    case deaf
    case romCommand(Bits)
    case match(Bits)
    /// Says bit, complement, then hears the choice.
    case search(index: Int, phase: Int)
    case function(Bits)
    case writing(Bits)
    case reading(slot: Int)
    case supply
    case converting
  }

  /// Bits as they come, least significant first.
  struct Bits {
    var value: UInt64 = 0
    var count = 0

    mutating func take(_ bit: Bool) {
      if bit { value |= 1 << UInt64(count) }
      count += 1
    }
  }

  var state = State.deaf
  var scratchpad = DS18B20Model.powerOn
  var readyAt: UInt64?
  var isHeld = false

  /// Temperature, alarm bytes from an EEPROM as it is delivered, configuration, three reserved bytes (figure 9).
  static let powerOn: [UInt8] = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10]

  /// A chip that has just been powered up.
  ///
  /// - Parameters:
  ///   - serial: 48 bits.
  ///   - family: 0x28; another one makes another chip.
  ///   - isParasitic: whether it lives on the line's current.
  public init(serial: UInt64, family: UInt8 = 0x28, isParasitic: Bool = false) {
    let bare = UInt64(family) | (serial & 0xFFFF_FFFF_FFFF) << 8
    let bytes = (0..<7).map { UInt8(bare >> UInt64($0 * 8) & 0xFF) }
    code = bare | UInt64(Self.checksum(bytes)) << 56
    self.isParasitic = isParasitic
  }

  /// CRC-8 (figure 11): the shift register, bit by bit.
  public static func checksum(_ bytes: [UInt8]) -> UInt8 {
    var register: UInt8 = 0
    for byte in bytes {
      for bit in 0..<8 {
        let feedback = (register ^ byte >> UInt8(bit)) & 1
        register = register >> 1 ^ (feedback == 1 ? 0x8C : 0)
      }
    }
    return register
  }

  /// Answers, unless it starves.
  public func reset(at microseconds: UInt64) -> Bool {
    settle(at: microseconds)
    state = .romCommand(Bits())
    return true
  }

  /// Whatever it waits for.
  public func write(bit: Bool, at microseconds: UInt64) {
    settle(at: microseconds)
    switch state {
    case .romCommand(var bits):
      bits.take(bit)
      state = bits.count < 8 ? .romCommand(bits) : afterROM(UInt8(bits.value))
    case .match(var bits):
      bits.take(bit)
      state = bits.count < 64 ? .match(bits) : bits.value == code ? .function(Bits()) : .deaf
    case .search(let index, 2):
      if bit != codeBit(index) {
        state = .deaf
      } else {
        state = index == 63 ? .function(Bits()) : .search(index: index + 1, phase: 0)
      }
    case .function(var bits):
      bits.take(bit)
      state = bits.count < 8 ? .function(bits) : afterFunction(UInt8(bits.value), at: microseconds)
    case .writing(var bits):
      bits.take(bit)
      state = bits.count < 24 ? .writing(bits) : .deaf
      if bits.count == 24 {
        scratchpad[2] = UInt8(bits.value & 0xFF)
        scratchpad[3] = UInt8(bits.value >> 8 & 0xFF)
        // Only the resolution can be written.
        scratchpad[4] = UInt8(bits.value >> 16 & 0x60) | 0x1F
      }
    case .deaf, .search, .reading, .supply, .converting:
      break
    }
  }

  /// Pulls the line low, or not.
  public func readBit(at microseconds: UInt64) -> Bool {
    settle(at: microseconds)
    switch state {
    case .search(let index, let phase) where phase < 2:
      state = .search(index: index, phase: phase + 1)
      return codeBit(index) == (phase == 0)
    case .reading(let slot):
      state = slot == 71 ? .deaf : .reading(slot: slot + 1)
      let bytes = scratchpad + [Self.checksum(scratchpad)]
      return bytes[slot / 8] >> UInt8(slot % 8) & 1 == 1
    case .supply:
      return !isParasitic
    case .converting:
      return readyAt == nil
    case .deaf, .romCommand, .match, .search, .function, .writing:
      return true
    }
  }

  /// A conversion without it fails at once, if the chip has no supply.
  public func power(isHeld: Bool, at microseconds: UInt64) {
    self.isHeld = isHeld
    if isParasitic, readyAt != nil, !isHeld {
      complaints.append("conversion without power")
      starve()
    }
  }

  /// As after a power-up.
  public func powerCycle(at microseconds: UInt64) {
    starve()
    state = .deaf
  }

  private func starve() {
    scratchpad = Self.powerOn
    readyAt = nil
  }

  private func settle(at microseconds: UInt64) {
    guard let readyAt else { return }
    if microseconds >= readyAt {
      convert()
      self.readyAt = nil
    } else if isParasitic {
      complaints.append("line used during a conversion")
      starve()
    }
  }

  private func convert() {
    conversionCount += 1
    let limited = min(max((temperature * 16).rounded(), -55 * 16), 125 * 16)
    // Below 12 bits the low bits are undefined; here they are 0.
    let unused = 3 - UInt16(scratchpad[4] >> 5 & 3)
    let raw = rawOverride ?? UInt16(bitPattern: Int16(limited)) & ~((1 << unused) - 1)
    scratchpad[0] = UInt8(raw & 0xFF)
    scratchpad[1] = UInt8(raw >> 8)
  }

  private func codeBit(_ index: Int) -> Bool { code >> UInt64(index) & 1 == 1 }

  private func afterROM(_ command: UInt8) -> State {
    switch command {
    case 0xF0: return .search(index: 0, phase: 0)
    case 0xCC: return .function(Bits())
    case 0x55: return .match(Bits())
    default:
      // Read ROM (0x33) and alarm search (0xEC), which a real chip knows, among them.
      complaints.append("ROM command \(SimulatedI2CBus.hex([command])) is not modelled")
      return .deaf
    }
  }

  private func afterFunction(_ command: UInt8, at microseconds: UInt64) -> State {
    switch command {
    case 0x44:
      // 93.75 ms at 9 bits, twice as long for each further one (table 2); over at the end of the slot.
      readyAt = microseconds + (93_750 << UInt64(scratchpad[4] >> 5 & 3))
      return .converting
    case 0x4E: return .writing(Bits())
    case 0xBE: return .reading(slot: 0)
    case 0xB4: return .supply
    default:
      complaints.append("unknown command \(SimulatedI2CBus.hex([command]))")
      return .deaf
    }
  }
}
