import HAL

/// An OLED of 128 × 64 pixels with the SSD1306 controller, on I²C.
///
///     var display = SSD1306(bus: bus)
///     display.show(&canvas, now: now)
///
/// Only what changed since the last `show` goes over the bus. A display that is not there is not an error: it is looked for
/// every ten seconds, and painted whole when it appears, because its memory is arbitrary then. One that lost its supply for
/// a moment acknowledges again before anybody notices, and stays dark: so each minute it is told its set-up anew and
/// repainted, a page with each `show`.
/// Commands: Solomon Systech SSD1306, section 9.
public struct SSD1306<Bus: I2CBus>: ~Copyable {
  /// Time between two looks for a missing display, in ms.
  public static var retryMilliseconds: UInt32 { 10_000 }
  /// Time between two refreshes, in ms.
  public static var refreshMilliseconds: UInt32 { 60_000 }
  /// The most data bytes in one transaction; with the control byte, what small I²C buffers hold.
  static var chunk: Int { 32 }

  /// The contrast while somebody is about, and while nobody is: of 255.
  static var brightContrast: UInt8 { 0xCF }
  static var dimContrast: UInt8 { 0x08 }

  /// Where the display answered; `nil` while it is missing.
  public private(set) var address: UInt8?
  let bus: Bus
  /// What the display shows, when it is there.
  var shadow = InlineArray<1024, UInt8>(repeating: 0)
  var lastLook: UInt32?
  /// What the panel was last told.
  var isDim = false
  var refreshedAt: UInt32 = 0
  /// The page that is to be repainted next; all are when it is 8.
  var refreshPage = Canvas.pages

  /// A display on `bus`, at 0x3C or 0x3D; touches the bus only in `show`.
  public init(bus: Bus) {
    self.bus = bus
  }

  /// Makes the display show the canvas.
  ///
  /// - Parameters:
  ///   - canvas: is only read; not borrowed, because the span of a borrowed kilobyte is a span of its copy on the stack
  ///     (seen with Swift 6.3.1 at -Osize on armv6m).
  ///   - isDim: show it with little light, so that the panel does not burn in.
  ///   - now: milliseconds; may wrap.
  /// - Returns: `false` when there is no display, or it was lost meanwhile.
  @discardableResult
  public mutating func show(_ canvas: inout Canvas, isDim: Bool = false, now: UInt32) -> Bool {
    do throws(I2CError) {
      if let address {
        try refresh(&canvas, address, now: now)
        try setContrast(isDim, address)
        try sendChanges(to: &canvas, address)
        return true
      }
      if let lastLook, now &- lastLook < Self.retryMilliseconds { return false }
      lastLook = now
      guard let found = find() else { return false }
      try powerUp(found)
      try setContrast(isDim, found)
      try sendAll(of: &canvas, found)
      address = found
      refreshedAt = now
      refreshPage = Canvas.pages
      return true
    } catch {
      address = nil
      lastLook = now
      return false
    }
  }

  private func find() -> UInt8? {
    if bus.answers(0x3C) { return 0x3C }
    if bus.answers(0x3D) { return 0x3D }
    return nil
  }

  private mutating func powerUp(_ address: UInt8) throws(I2CError) {
    // A local copy: what follows the control byte 0x00 is commands.
    let commands = powerUpCommands
    try bus.write(address, commands.span)
    isDim = false
  }

  private mutating func setContrast(_ isDim: Bool, _ address: UInt8) throws(I2CError) {
    guard isDim != self.isDim else { return }
    let commands: InlineArray<3, UInt8> = [0x00, 0x81, isDim ? Self.dimContrast : Self.brightContrast]
    try bus.write(address, commands.span)
    self.isDim = isDim
  }

  private mutating func refresh(_ canvas: inout Canvas, _ address: UInt8, now: UInt32) throws(I2CError) {
    if now &- refreshedAt >= Self.refreshMilliseconds {
      try powerUp(address)
      refreshedAt = now
      refreshPage = 0
    }
    guard refreshPage < Canvas.pages else { return }
    try window(address, columns: (0, 127), pages: (UInt8(refreshPage), UInt8(refreshPage)))
    try data(&canvas, from: refreshPage &* Canvas.width, count: Canvas.width, address)
    refreshPage &+= 1
  }

  private mutating func sendAll(of canvas: inout Canvas, _ address: UInt8) throws(I2CError) {
    try window(address, columns: (0, 127), pages: (0, 7))
    try data(&canvas, from: 0, count: 1024, address)
  }

  private mutating func sendChanges(to canvas: inout Canvas, _ address: UInt8) throws(I2CError) {
    for page in 0..<Canvas.pages {
      guard let (first, last) = changedColumns(of: &canvas, page) else { continue }
      try window(address, columns: (UInt8(first), UInt8(last)), pages: (UInt8(page), UInt8(page)))
      try data(&canvas, from: page &* Canvas.width &+ first, count: last &- first &+ 1, address)
    }
  }

  private mutating func changedColumns(of canvas: inout Canvas, _ page: Int) -> (first: Int, last: Int)? {
    let start = page &* Canvas.width
    var first = 0
    while first < Canvas.width, canvas.storage[start &+ first] == shadow[start &+ first] { first &+= 1 }
    guard first < Canvas.width else { return nil }
    var last = Canvas.width &- 1
    while canvas.storage[start &+ last] == shadow[start &+ last] { last &-= 1 }
    return (first, last)
  }

  private func window(
    _ address: UInt8, columns: (first: UInt8, last: UInt8), pages: (first: UInt8, last: UInt8)
  ) throws(I2CError) {
    let commands: InlineArray<7, UInt8> = [0x00, 0x21, columns.first, columns.last, 0x22, pages.first, pages.last]
    try bus.write(address, commands.span)
  }

  private mutating func data(
    _ canvas: inout Canvas, from start: Int, count: Int, _ address: UInt8
  ) throws(I2CError) {
    // What follows the control byte 0x40 is data.
    var buffer = InlineArray<33, UInt8>(repeating: 0x40)
    var sent = 0
    while sent < count {
      let length = min(count &- sent, Self.chunk)
      for index in 0..<length {
        let byte = canvas.storage[start &+ sent &+ index]
        buffer[index &+ 1] = byte
        shadow[start &+ sent &+ index] = byte
      }
      try bus.write(address, buffer.span.extracting(0..<length &+ 1))
      sent &+= length
    }
  }
}

/// The power-up sequence, after the control byte that says "commands follow".
private let powerUpCommands: InlineArray<26, UInt8> = [
  0x00,  // control byte: commands
  0xAE,  // display off while it is set up
  0xD5, 0x80,  // clock: divide by 1, middle frequency
  0xA8, 0x3F,  // 64 rows are multiplexed
  0xD3, 0x00,  // no vertical offset
  0x40,  // memory row 0 is the first line
  0x8D, 0x14,  // charge pump on: the panel has no other supply
  0x20, 0x00,  // horizontal addressing: the pointer walks through the window
  0xA1,  // column 127 is segment 0: together with C8, upright
  0xC8,  // scan from the last row to the first
  0xDA, 0x12,  // row pins: alternating, as 128 × 64 panels are wired
  0x81, 0xCF,  // contrast: bright
  0xD9, 0xF1,  // pre-charge: 15 clocks, discharge 1, for the charge pump
  0xDB, 0x40,  // deselect level
  0xA4,  // show the memory
  0xA6,  // a set bit is lit
  0xAF,  // display on
]
