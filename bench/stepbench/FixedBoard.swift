import HAL

/// What the simulated bus would cost is not to be measured: a bus with constants behind it. At 0x76 a BME280 whose last
/// measurement differs from step to step, so that the display has something to change; at 0x3C a display that takes all.
struct FixedBus: I2CBus {
  let state: UnsafeMutablePointer<State>

  struct State {
    /// Added to the raw temperature, humidity and pressure.
    var drift: UInt8 = 0
    /// Bytes sent to the display.
    var displayBytes = 0
  }

  func transaction(
    _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
  ) throws(I2CError) {
    if address == 0x3C {
      state.pointee.displayBytes += write.count
      return
    }
    guard address == 0x76 else { throw .addressNotAcknowledged }
    guard read.count > 0, write.count == 1 else { return }
    for index in 0..<read.count { read[index] = register(write[0] &+ UInt8(truncatingIfNeeded: index)) }
  }

  private func register(_ number: UInt8) -> UInt8 {
    // Calibration and raw values published in BST-BMP280-DS001 section 3.12, low byte first; humidity is of our own.
    let low: InlineArray<26, UInt8> = [
      0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC, 0x7D, 0x8E, 0x43, 0xD6, 0xD0, 0x0B, 0x27, 0x0B, 0x8C, 0x00, 0xF9, 0xFF, 0x8C,
      0x3C, 0xF8, 0xC6, 0x70, 0x17, 0x00, 0x4B,
    ]
    let high: InlineArray<7, UInt8> = [0x6A, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E]
    let data: InlineArray<8, UInt8> = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x6B, 0x34]
    switch number {
    case 0x88...0xA1: return low[Int(number - 0x88)]
    case 0xD0: return 0x60
    case 0xE1...0xE7: return high[Int(number - 0xE1)]
    // The middle bytes of pressure and temperature, the low one of humidity.
    case 0xF8, 0xFB, 0xFE: return data[Int(number - 0xF7)] &+ state.pointee.drift
    case 0xF7...0xFE: return data[Int(number - 0xF7)]
    default: return 0
    }
  }
}

/// A pin that never changes.
struct FixedInput: InputPin {
  func isHigh() -> Bool { false }
}

/// A light nobody sees.
struct FixedLight: OutputPin {
  func set(high: Bool) {}
}
