import CI2C
import Glibc
import HAL

/// An input line, taken with `LinuxGPIO.input`.
public struct LinuxInputPin: InputPin, Sendable {
  /// A change of level.
  public struct Edge: Equatable, Sendable {
    /// Low to high, or high to low.
    public let isRising: Bool
    /// When the kernel saw it, in ns of `CLOCK_MONOTONIC`.
    public let timestampNanoseconds: UInt64
    /// Counts this line's edges from 1; a gap tells how many were lost before they were read.
    public let sequence: UInt32

    /// An edge by hand.
    public init(isRising: Bool, timestampNanoseconds: UInt64, sequence: UInt32) {
      self.isRising = isRising
      self.timestampNanoseconds = timestampNanoseconds
      self.sequence = sequence
    }
  }

  private let file: OpenFile

  init(_ file: OpenFile) {
    self.file = file
  }

  /// Becomes readable (`POLLIN`) when an edge waits; for an own `poll`. It stays the pin's.
  public var descriptor: Int32 { file.descriptor }

  /// The level, after debouncing; low once the chip is unplugged.
  public func isHigh() -> Bool { martlet_gpio_get(file.descriptor) > 0 }

  /// The oldest edge that was not read, or `nil` where none waits. Never waits itself.
  ///
  /// - Throws: `LinuxHALError` when the chip is unplugged.
  public func nextEdge() throws(LinuxHALError) -> Edge? {
    var event = gpio_v2_line_event()
    let result = martlet_gpio_event(file.descriptor, &event)
    guard result >= 0 else {
      throw LinuxHALError(
        LinuxHALError.code(of: -result), device: "a GPIO line", cause: LinuxHALError.words(for: -result),
        remedy: "see what the kernel says about it: dmesg | grep gpio")
    }
    guard result > 0 else { return nil }
    return Edge(
      isRising: event.id == GPIO_V2_LINE_EVENT_RISING_EDGE.rawValue, timestampNanoseconds: event.timestamp_ns,
      sequence: event.line_seqno)
  }

  /// Waits for an edge.
  ///
  /// - Returns: whether one waits to be read.
  public func waitForEdge(milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }
}

/// An output line, taken with `LinuxGPIO.output`.
public struct LinuxOutputPin: OutputPin, Sendable {
  private let file: OpenFile

  init(_ file: OpenFile) {
    self.file = file
  }

  /// Drives the level; nothing happens once the chip is unplugged.
  public func set(high: Bool) {
    _ = martlet_gpio_set(file.descriptor, high ? 1 : 0)
  }
}
