import Telemetry

/// Why a board started.
public enum ResetCause: UInt8, Equatable, Sendable, CaseIterable {
  case unknown, powerOn, brownOut, watchdog, command, fault

  /// The name on the wire.
  public var name: StaticString {
    switch self {
    case .unknown: "unknown"
    case .powerOn: "power-on"
    case .brownOut: "brown-out"
    case .watchdog: "watchdog"
    case .command: "command"
    case .fault: "fault"
    }
  }
}

/// What a board went through in one life: how it began, the last error, and the last comings and goings of its links.
///
/// A shell keeps the record where a restart does not reach it (`encode`), hands it to the node of the next life, and that
/// node tells it once, as one message on the log topic, when it is online.
public struct FlightRecord: Equatable, Sendable {
  /// The links that come and go.
  public enum Link: UInt8, Equatable, Sendable {
    case wifi, broker, gateway

    var name: StaticString {
      switch self {
      case .wifi: "wifi"
      case .broker: "broker"
      case .gateway: "gateway"
      }
    }
  }

  /// How many comings and goings are kept: the newest.
  public static var linkBound: Int { 8 }
  /// How long an encoded record is, in bytes.
  public static var byteCount: Int { 95 }
  private static var version: UInt8 { 1 }

  /// Which life.
  public private(set) var boot: UInt32
  /// How it began.
  public private(set) var cause: ResetCause
  /// How long it lasted at least, in seconds.
  public internal(set) var uptimeSeconds: UInt32 = 0
  /// The last error; empty when there was none.
  public internal(set) var error = InlineBytes<40>()
  /// The uptimes in seconds, the link above them in bits 29 and 30, bit 31 set when it came.
  private var links = InlineArray<8, UInt32>(repeating: 0)
  private var count = 0

  /// The record of a life that has just begun.
  public init(boot: UInt32, cause: ResetCause) {
    self.boot = boot
    self.cause = cause
  }

  mutating func note(_ link: Link, isUp: Bool) {
    if count == Self.linkBound {
      for index in 1..<count { links[index - 1] = links[index] }
      count -= 1
    }
    // 29 bits are 17 years.
    links[count] = min(uptimeSeconds, 0x1FFF_FFFF) | UInt32(link.rawValue) << 29 | (isUp ? 0x8000_0000 : 0)
    count += 1
  }

  /// Writes the record, `byteCount` bytes with a checksum (protocol/topics.md).
  public func encode(into record: inout InlineBytes<95>) {
    record.removeAll()
    record.append(Self.version)
    record.append(cause.rawValue)
    record.append(UInt8(count))
    record.append(UInt8(error.count))
    record.append(littleEndian: boot)
    record.append(littleEndian: uptimeSeconds)
    for index in 0..<Self.linkBound { record.append(littleEndian: links[index]) }
    for index in 0..<40 { record.append(index < error.count ? error[index] : 0) }
    while record.count < Self.byteCount - 2 { record.append(0) }
    let checksum = record.withSpan { CRC16.checksum($0) }
    record.append(UInt8(truncatingIfNeeded: checksum))
    record.append(UInt8(truncatingIfNeeded: checksum >> 8))
  }

  /// Reads a record.
  ///
  /// - Returns: `nil` when it is none: torn, changed, or memory that was never written.
  public init?(record: borrowing Span<UInt8>) {
    let end = Self.byteCount - 2
    guard record.count == Self.byteCount, record[0] == Self.version,
      CRC16.checksum(record.extracting(0..<end)) == UInt16(record[end]) | UInt16(record[end + 1]) << 8,
      let cause = ResetCause(rawValue: record[1]), record[2] <= Self.linkBound, record[3] <= 40
    else { return nil }
    self.init(boot: Self.word(at: 4, of: record), cause: cause)
    uptimeSeconds = Self.word(at: 8, of: record)
    count = Int(record[2])
    for index in 0..<Self.linkBound { links[index] = Self.word(at: 12 + index * 4, of: record) }
    error = InlineBytes(record.extracting(44..<44 + Int(record[3])))
  }

  private static func word(at start: Int, of record: borrowing Span<UInt8>) -> UInt32 {
    var word: UInt32 = 0
    for byte in 0..<4 { word |= UInt32(record[start + byte]) << UInt32(byte * 8) }
    return word
  }

  /// Whether both tell the same.
  public static func == (left: FlightRecord, right: FlightRecord) -> Bool {
    guard left.boot == right.boot, left.cause == right.cause, left.uptimeSeconds == right.uptimeSeconds,
      left.error == right.error, left.count == right.count
    else { return false }
    for index in 0..<left.count where left.links[index] != right.links[index] { return false }
    return true
  }

  /// Writes the message; `ended` is why the next life began.
  func write<let capacity: Int>(
    endedBy ended: ResetCause?, firmware: InlineBytes<24>, into message: inout InlineBytes<capacity>
  ) {
    message.removeAll()
    message.append("{\"boot\":")
    message.append(unsigned: UInt64(boot))
    message.append(",\"version\":")
    message.append(jsonString: firmware)
    message.append(",\"reset\":")
    message.append(quoted: cause.name)
    message.append(",\"uptime_s\":")
    message.append(unsigned: UInt64(uptimeSeconds))
    message.append(",\"links\":[")
    for index in 0..<count {
      if index > 0 { message.append(UInt8(ascii: ",")) }
      message.append(UInt8(ascii: "["))
      message.append(unsigned: UInt64(links[index] & 0x1FFF_FFFF))
      message.append(UInt8(ascii: ","))
      message.append(quoted: (Link(rawValue: UInt8(links[index] >> 29 & 3)) ?? .gateway).name)
      message.append(links[index] >> 31 == 1 ? ",1]" : ",0]")
    }
    message.append("],\"error\":")
    if error.isEmpty { message.append("null") } else { message.append(jsonString: error) }
    if let ended {
      message.append(",\"ended_by\":")
      message.append(quoted: ended.name)
    }
    message.append(UInt8(ascii: "}"))
  }
}

extension InlineBytes {
  fileprivate mutating func append(littleEndian value: UInt32) {
    for byte in 0..<4 { append(UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))) }
  }
}
