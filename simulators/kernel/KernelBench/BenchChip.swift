import ChipModels

/// A chip that no board has, through which a test inside the simulated machine works the bench outside it: it sets the
/// weather, unplugs chips, and looks at the display.
///
/// The machine and the bench share nothing but the bus, so the bus carries this too, at an address no chip of ours has.
public final class BenchChip: I2CChip {
  /// What it is told: the first byte of a write.
  public enum Command: UInt8, Sendable {
    /// Takes the chip with the address that follows off the bus.
    case unplug = 1
    /// Puts it back; its power begins then.
    case plugIn = 2
    /// The next transaction with the address that follows is not acknowledged at the byte whose index comes last.
    case nackData = 3
    /// Sets the air: 0.01 °C, 0.01 %RH, Pa, 32 bits each, least significant first.
    case air = 4
    /// The reads that follow give the display's memory.
    case showMemory = 5
    /// The reads that follow give what drivers did wrong, as text that ends in zeros.
    case showComplaints = 6
  }

  /// Its address.
  public static let address: UInt8 = 0x08
  /// Bytes of the complaints' text.
  public static let complaintLength = 200

  /// Its address.
  public var address: UInt8 { Self.address }
  /// What it was told that is no command.
  public private(set) var complaints: [String] = []
  private unowned let bus: SimulatedI2CBus
  private let sensor: BME280Model
  private let display: SSD1306Model
  private var unplugged: [any I2CChip] = []
  private var answer: [UInt8] = []

  /// A bench around a bus, which must already have these two chips.
  public init(bus: SimulatedI2CBus, sensor: BME280Model, display: SSD1306Model) {
    self.bus = bus
    self.sensor = sensor
    self.display = display
  }

  /// A bus with a BME280 at 0x76, a display at 0x3C, and the bench around them.
  public static func board() -> SimulatedI2CBus {
    let bus = SimulatedI2CBus()
    let (sensor, display) = (BME280Model(), SSD1306Model())
    bus.attach(sensor)
    bus.attach(display)
    bus.attach(BenchChip(bus: bus, sensor: sensor, display: display))
    return bus
  }

  /// The bytes that set the air.
  public static func air(centiCelsius: Int32, centiPercent: Int32, pascals: Int32) -> [UInt8] {
    var bytes = [Command.air.rawValue]
    for word in [centiCelsius, centiPercent, pascals] {
      for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> Int32(8 * byte))) }
    }
    return bytes
  }

  /// Nothing in it takes time.
  public func advance(to microseconds: UInt64) {}

  /// It always answers.
  public func acknowledges() -> Bool { true }

  /// Carries out a command; one it does not know is not acknowledged.
  public func write(_ bytes: [UInt8]) -> Int {
    guard let first = bytes.first else { return 0 }
    guard let command = Command(rawValue: first), carryOut(command, Array(bytes.dropFirst())) else {
      complaints.append("no command: \(bytes)")
      return 0
    }
    return bytes.count
  }

  /// What was last asked for, then zeros.
  public func read(_ count: Int) -> [UInt8] {
    Array((answer + Array(repeating: 0, count: count)).prefix(count))
  }

  /// It has no state worth losing.
  public func powerCycle(at microseconds: UInt64) {
    answer = []
  }

  private static func word(in bytes: [UInt8], at offset: Int) -> Int32 {
    var word: UInt32 = 0
    for byte in 0..<4 { word |= UInt32(bytes[offset + byte]) << UInt32(8 * byte) }
    return Int32(bitPattern: word)
  }

  private func carryOut(_ command: Command, _ values: [UInt8]) -> Bool {
    switch (command, values.count) {
    case (.unplug, 1):
      guard let chip = bus.chips.first(where: { $0.address == values[0] }) else { return false }
      bus.unplug(chip)
      unplugged.append(chip)
    case (.plugIn, 1):
      guard let index = unplugged.firstIndex(where: { $0.address == values[0] }) else { return false }
      bus.plugIn(unplugged.remove(at: index))
    case (.nackData, 2):
      bus.failNext(.nackData(byte: Int(values[1])), address: values[0])
    case (.air, 12):
      sensor.setAir(
        temperature: Double(Self.word(in: values, at: 0)) / 100, humidity: Double(Self.word(in: values, at: 4)) / 100,
        pressure: Double(Self.word(in: values, at: 8)))
    case (.showMemory, 0):
      answer = display.memory
    case (.showComplaints, 0):
      let text = (sensor.complaints + display.complaints + complaints).joined(separator: "; ")
      answer = Array(text.utf8.prefix(Self.complaintLength))
    case (.unplug, _), (.plugIn, _), (.nackData, _), (.air, _), (.showMemory, _), (.showComplaints, _):
      return false
    }
    return true
  }
}
