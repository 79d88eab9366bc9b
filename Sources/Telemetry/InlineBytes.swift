/// At most `capacity` bytes, stored in place: ids, names, payloads. Nothing is allocated.
///
/// Writing beyond the capacity keeps what fits, sets `overflowed` and stays so until `removeAll`: a writer checks once, at
/// the end.
///
///     var name = InlineBytes<32>("Attic")
///     name.append(unsigned: 6)
///     name == InlineBytes<32>("Attic6")   // true
///
/// What many call is not inlined on a chip: there a loop in each place would fill the flash.
public struct InlineBytes<let capacity: Int>: Sendable {
  private var storage: InlineArray<capacity, UInt8>
  /// How many bytes are held.
  public private(set) var count: Int
  /// Whether something did not fit.
  public private(set) var overflowed: Bool

  /// No bytes.
  public init() {
    storage = InlineArray(repeating: 0)
    count = 0
    overflowed = false
  }

  /// The UTF-8 bytes of a literal.
  public init(_ text: StaticString) {
    self.init()
    append(text)
  }

  /// A copy of `bytes`, as far as they fit.
  public init(_ bytes: borrowing Span<UInt8>) {
    self.init()
    for index in 0..<bytes.count { append(bytes[index]) }
  }

  /// Lends the bytes to `body`.
  ///
  /// There is no property that hands out the span: the optimiser may pass these small values as copies, and then a span
  /// taken from one points to nothing (seen with Swift 6.3.1 at -Osize on armv6m).
  public func withSpan<Result, Failure: Error>(
    _ body: (borrowing Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = storage
    return try body(bytes.span.extracting(first: count))
  }

  /// The bytes where they are, without a copy: mutating, because only then they are sure to be read in place
  /// (`withSpan`).
  public var bytes: Span<UInt8> {
    @_lifetime(&self)
    mutating get {
      var all = storage.mutableSpan
      let start = all.withUnsafeMutableBufferPointer { UnsafePointer($0.baseAddress!) }
      let bytes = Span(_unsafeStart: start, count: count)
      return _overrideLifetime(bytes, mutating: &self)
    }
  }

  /// Whether there are none.
  public var isEmpty: Bool { count == 0 }

  /// The byte at `index`, 0 ..< `count`.
  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count)
    return storage[index]
  }

  /// Forgets everything, the overflow too.
  public mutating func removeAll() {
    count = 0
    overflowed = false
  }

  /// Appends one byte.
  public mutating func append(_ byte: UInt8) {
    guard count < capacity else {
      overflowed = true
      return
    }
    storage[count] = byte
    count &+= 1
  }

  /// Appends the UTF-8 bytes of a literal.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func append(_ text: StaticString) {
    let start = text.utf8Start
    for index in 0..<text.utf8CodeUnitCount { append(start[index]) }
  }

  /// Appends a copy of `bytes`.
  public mutating func append(_ bytes: borrowing Span<UInt8>) {
    for index in 0..<bytes.count { append(bytes[index]) }
  }

  /// Appends a copy of another value's bytes.
  public mutating func append<let other: Int>(_ bytes: InlineBytes<other>) {
    for index in 0..<bytes.count { append(bytes[index]) }
  }

  /// Appends `value` in decimal digits.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func append(unsigned value: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var count = 0
    var high = value
    // 64-bit division is a library call of some 200 instructions on a Cortex-M0+: only large values pay for it.
    while high > UInt64(UInt32.max) {
      digits[count] = 0x30 &+ UInt8(truncatingIfNeeded: high % 10)
      high /= 10
      count &+= 1
    }
    var low = UInt32(truncatingIfNeeded: high)
    repeat {
      digits[count] = 0x30 &+ UInt8(truncatingIfNeeded: low % 10)
      low /= 10
      count &+= 1
    } while low != 0
    while count > 0 {
      count &-= 1
      append(digits[count])
    }
  }

  /// Appends `value` in decimal digits, with a minus sign where it is negative.
  public mutating func append(signed value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(unsigned: value.magnitude)
  }

  /// Appends `value` hundredths with exactly two decimals: −5 is `-0.05`.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func append(hundredths value: Int32) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(unsigned: UInt64(value.magnitude / 100))
    append(UInt8(ascii: "."))
    append(twoDigits: value.magnitude % 100)
  }

  /// Appends the last two decimal digits of `value`.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  mutating func append(twoDigits value: UInt32) {
    append(0x30 &+ UInt8(truncatingIfNeeded: (value / 10) % 10))
    append(0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }

  /// Appends another value's bytes as a JSON string, quoted and escaped.
  public mutating func append<let other: Int>(jsonString bytes: InlineBytes<other>) {
    // Through the span, so that there is one copy of the loop, not one for each capacity.
    bytes.withSpan { append(jsonString: $0) }
  }

  /// Appends `bytes` as a JSON string, quoted and escaped.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func append(jsonString bytes: borrowing Span<UInt8>) {
    append(UInt8(ascii: "\""))
    for index in 0..<bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append("\\u00")
        append(hexDigit: byte >> 4)
        append(hexDigit: byte & 15)
      default:
        append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func append(hexDigit value: UInt8) {
    append(value < 10 ? 0x30 &+ value : 0x57 &+ value)
  }
}

extension InlineBytes: Equatable {
  /// Whether both hold the same bytes; whether something overflowed does not count.
  public static func == (left: InlineBytes, right: InlineBytes) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }

  /// Whether the bytes are those of the literal.
  public func matches(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    let start = text.utf8Start
    for index in 0..<count where storage[index] != start[index] { return false }
    return true
  }
}

/// A device's id: 1 … 32 bytes of letters, digits, `_` and `-`.
public typealias DeviceID = InlineBytes<32>

extension InlineBytes {
  /// Whether every byte may stand in a device id, and there is at least one.
  public var isDeviceID: Bool {
    guard count > 0, !overflowed else { return false }
    for index in 0..<count {
      switch storage[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        continue
      default: return false
      }
    }
    return true
  }
}
