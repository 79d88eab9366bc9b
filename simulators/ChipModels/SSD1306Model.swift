/// An OLED with the SSD1306 controller: it parses commands, holds 1,024 bytes, and shows what a person would see
/// (Solomon Systech SSD1306, sections 8.1.5, 9, 10).
///
///     let display = SSD1306Model()
///     bus.attach(display)
///     print(display.art)
public final class SSD1306Model: I2CChip {
  enum Addressing: UInt8 {
    case horizontal, vertical, page
  }

  /// 0x3C or 0x3D.
  public let address: UInt8
  /// Commands that the controller does not know, or that are not modelled.
  public private(set) var complaints: [String] = []
  /// The 1,024 bytes, page by page; noise after a power-up, as in the chip.
  public private(set) var memory: [UInt8] = []
  /// Whether the panel shines.
  public private(set) var isOn = false
  /// 0 … 255.
  public private(set) var contrast: UInt8 = 0x7F
  /// Whether a cleared bit is lit.
  public private(set) var isInverse = false
  /// Data bytes taken since the start: what repainting costs.
  public private(set) var dataByteCount = 0

  var addressing = Addressing.page
  var columns: ClosedRange<Int> = 0...127
  var pages: ClosedRange<Int> = 0...7
  var column = 0
  var page = 0
  var startLine = 0
  var offset = 0
  var hasChargePump = false
  var isAllOn = false
  var isColumnRemapped = false
  var isRowRemapped = false
  /// A command whose parameters are still to come; they may come in another transaction.
  var command: [UInt8] = []
  var noise: SeededRandom

  /// A display that was just powered up; its memory is noise from `seed`.
  public init(address: UInt8 = 0x3C, seed: UInt64 = 1306) {
    self.address = address
    noise = SeededRandom(seed: seed)
    powerCycle(at: 0)
  }

  /// Nothing in it takes time.
  public func advance(to microseconds: UInt64) {}

  /// It always answers.
  public func acknowledges() -> Bool { true }

  /// As after a power-up.
  public func powerCycle(at microseconds: UInt64) {
    memory = (0..<1024).map { _ in UInt8.random(in: 0...255, using: &noise) }
    isOn = false
    contrast = 0x7F
    isInverse = false
    addressing = .page
    (columns, pages, column, page) = (0...127, 0...7, 0, 0)
    (startLine, offset) = (0, 0)
    (hasChargePump, isAllOn, isColumnRemapped, isRowRemapped) = (false, false, false, false)
    command = []
  }

  /// Control bytes, each with a command or data byte, or with all bytes that follow.
  public func write(_ bytes: [UInt8]) -> Int {
    var rest = bytes[...]
    while let control = rest.popFirst() {
      if control & 0x3F != 0 { complaints.append("control byte \(SimulatedI2CBus.hex([control]))") }
      let isData = control & 0x40 != 0
      // Bit 7: only one byte follows this control byte.
      let count = control & 0x80 != 0 ? min(1, rest.count) : rest.count
      for byte in rest.prefix(count) { if isData { store(byte) } else { take(byte) } }
      rest = rest.dropFirst(count)
    }
    return bytes.count
  }

  /// The status byte; on I²C it tells only whether the display is off.
  public func read(_ count: Int) -> [UInt8] {
    Array(repeating: isOn ? 0x00 : 0x40, count: count)
  }

  private func store(_ byte: UInt8) {
    memory[page * 128 + column] = byte
    dataByteCount += 1
    switch addressing {
    case .page:
      column = (column + 1) % 128
    case .horizontal:
      if column == columns.upperBound {
        column = columns.lowerBound
        page = page == pages.upperBound ? pages.lowerBound : (page + 1) % 8
      } else {
        column = (column + 1) % 128
      }
    case .vertical:
      if page == pages.upperBound {
        page = pages.lowerBound
        column = column == columns.upperBound ? columns.lowerBound : (column + 1) % 128
      } else {
        page = (page + 1) % 8
      }
    }
  }

  private func take(_ byte: UInt8) {
    command.append(byte)
    guard command.count > Self.parameterCount(of: command[0]) else { return }
    run(command[0], command.dropFirst().map { Int($0) })
    command = []
  }

  private static func parameterCount(of command: UInt8) -> Int {
    switch command {
    case 0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB: 1
    case 0x21, 0x22: 2
    default: 0
    }
  }

  private func run(_ command: UInt8, _ values: [Int]) {
    switch command {
    case 0x00...0x0F: column = column & 0x70 | Int(command & 0x0F)
    case 0x10...0x17: column = column & 0x0F | Int(command & 0x07) << 4
    case 0x20: addressing = Addressing(rawValue: UInt8(values[0] & 3)) ?? complain("addressing mode 3", addressing)
    case 0x21: setWindow(values, limit: 127, &columns, &column)
    case 0x22: setWindow(values, limit: 7, &pages, &page)
    case 0x40...0x7F: startLine = Int(command & 0x3F)
    case 0x81: contrast = UInt8(values[0])
    case 0x8D: hasChargePump = values[0] & 0x04 != 0
    case 0xA0, 0xA1: isColumnRemapped = command & 1 != 0
    case 0xA4, 0xA5: isAllOn = command & 1 != 0
    case 0xA6, 0xA7: isInverse = command & 1 != 0
    case 0xA8: if values[0] != 0x3F { complaints.append("multiplex ratio of another panel") }
    case 0xAE, 0xAF: isOn = command & 1 != 0
    case 0xB0...0xB7: page = Int(command & 0x07)
    case 0xC0, 0xC8: isRowRemapped = command & 8 != 0
    case 0xD3: offset = values[0] & 0x3F
    case 0xDA: if values[0] != 0x12 { complaints.append("row pins of another panel") }
    // Clock, pre-charge, deselect level and no operation change nothing that is seen here.
    case 0xD5, 0xD9, 0xDB, 0xE3: break
    default: complaints.append("unknown command \(SimulatedI2CBus.hex([command]))")
    }
  }

  private func complain<T>(_ words: String, _ unchanged: T) -> T {
    complaints.append(words)
    return unchanged
  }

  private func setWindow(_ values: [Int], limit: Int, _ window: inout ClosedRange<Int>, _ pointer: inout Int) {
    guard values[0] <= values[1], values[1] <= limit else {
      complaints.append("window \(values[0])...\(values[1])")
      return
    }
    window = values[0]...values[1]
    pointer = values[0]
  }
}

extension SSD1306Model {
  /// What a person sees of a pixel, who holds the panel with its connector on top.
  public func isLit(x: Int, y: Int) -> Bool {
    guard isOn, hasChargePump else { return false }
    if isAllOn { return true }
    // A1 and C8 together turn the picture upright.
    let column = isColumnRemapped ? x : 127 - x
    let row = ((isRowRemapped ? y : 63 - y) + startLine + offset) % 64
    return (memory[row / 8 * 128 + column] >> (row % 8) & 1 == 1) != isInverse
  }

  /// 64 lines of 128 characters, `#` lit, `.` dark: what a person sees.
  public var frame: [String] {
    (0..<64).map { y in String((0..<128).map { x in isLit(x: x, y: y) ? "#" : "." }) }
  }

  /// The frame as one text, each line with its end.
  public var art: String {
    frame.map { $0 + "\n" }.joined()
  }
}
