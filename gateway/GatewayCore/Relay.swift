/// A reading on its way from one gateway to the next, around the payload exactly as the device sent it
/// (protocol/relay.md).
///
/// ```swift
/// let relay = Relay(via: ["attic"], journal: journal.id, entry: 1820, received: …, timestamp: …, timeSource: .derived)
/// let bytes = relay.wrapping(entry.bytes)
/// let (again, payload) = try Relay.opened(bytes)!   // `payload` is `entry.bytes`, byte for byte
/// ```
///
/// It carries what the first gateway fixed once and the payload does not say: when it came, and which time a reading
/// without wall time has. So the next gateway makes the same row, by whatever broker and version of MQTT they speak.
public struct Relay: Sendable, Equatable {
  /// The gateways it came through, the first one first; each 1 to 64 of A-Z a-z 0-9 _ -.
  public var via: [String]
  /// The journal of the last of them.
  public var journal: String
  /// Its number there, for the acknowledgement.
  public var entry: Int64
  /// When the first gateway received it, microseconds since 1970 UTC.
  public var received: Int64
  /// The reading's time as that gateway fixed it, microseconds since 1970 UTC.
  public var timestamp: Int64
  /// Where that comes from.
  public var timeSource: TimeSource
  /// The identity of another fleet's message, whose payload here is the translation; `nil`: the payload tells it.
  public var translated: Int64?

  /// The most gateways one after the other; beyond it something goes round in a circle.
  public static let hopLimit = 8

  /// One reading's way.
  public init(
    via: [String], journal: String, entry: Int64, received: Int64, timestamp: Int64, timeSource: TimeSource,
    translated: Int64? = nil
  ) {
    self.via = via
    self.journal = journal
    self.entry = entry
    self.received = received
    self.timestamp = timestamp
    self.timeSource = timeSource
    self.translated = translated
  }

  /// The way as one text, as `Entry.via` keeps it.
  public var path: String { via.joined(separator: ",") }

  private static let opening = #"{"relay":1,"via":""#

  /// The payload with its way around it. JSON where the payload is.
  public func wrapping(_ payload: [UInt8]) -> [UInt8] {
    let head =
      "\(Self.opening)\(path)\",\"journal\":\"\(journal)\",\"entry\":\(entry),\"received\":\(received)"
      + ",\"timestamp\":\(timestamp),\"time_source\":\"\(timeSource.name)\""
      + (translated.map { ",\"translated\":\($0)" } ?? "") + ",\"payload\":"
    var bytes = Array(head.utf8)
    bytes.reserveCapacity(bytes.count + payload.count + 1)
    bytes.append(contentsOf: payload)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// Takes a payload out again.
  ///
  /// - Returns: `nil` where the bytes are no relayed reading, but what a device sent.
  /// - Throws: where they begin like one and do not go on so.
  public static func opened(_ bytes: [UInt8]) throws(RelayError) -> (relay: Relay, payload: [UInt8])? {
    guard bytes.starts(with: opening.utf8) else { return nil }
    var scanner = RelayScanner(bytes, at: opening.utf8.count)
    let via = try scanner.names().split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard via.allSatisfy({ 1...64 ~= $0.utf8.count }) else { throw scanner.error("a gateway's name of 1 to 64 bytes") }
    try scanner.take(#"","journal":""#)
    let journal = try scanner.names()
    try scanner.take(#"","entry":"#)
    let entry = try scanner.number()
    try scanner.take(#","received":"#)
    let received = try scanner.number()
    try scanner.take(#","timestamp":"#)
    let timestamp = try scanner.number()
    try scanner.take(#","time_source":""#)
    let word = try scanner.names()
    guard let timeSource = TimeSource.allCases.first(where: { $0.name == word }) else {
      throw scanner.error("a time_source")
    }
    try scanner.take("\"")
    let translated = scanner.isAt(#","translated":"#) ? try scanner.identity() : nil
    try scanner.take(#","payload":"#)
    return (
      Relay(
        via: via, journal: journal, entry: entry, received: received, timestamp: timestamp, timeSource: timeSource,
        translated: translated),
      try scanner.rest()
    )
  }
}

/// A relayed reading that is not as protocol/relay.md has it.
public struct RelayError: Error, Sendable, Equatable {
  /// The byte at which something else was expected.
  public var offset: Int
  /// What was expected there.
  public var expected: String
}

/// Walks through the one order in which a relayed reading is written.
private struct RelayScanner {
  private let bytes: [UInt8]
  private var position: Int

  init(_ bytes: [UInt8], at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  func error(_ expected: String) -> RelayError { RelayError(offset: position, expected: expected) }

  func isAt(_ literal: String) -> Bool { bytes[position...].starts(with: literal.utf8) }

  mutating func take(_ literal: String) throws(RelayError) {
    guard isAt(literal) else { throw error(literal) }
    position += literal.utf8.count
  }

  /// Names of gateways and the like, with the commas between them.
  mutating func names() throws(RelayError) -> String {
    let end = bytes[position...].firstIndex { !Self.isOfName($0) } ?? bytes.count
    guard end - position <= Relay.hopLimit * 65 * 2 else { throw error("a shorter name") }
    defer { position = end }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x2C: true
    case _: false
    }
  }

  /// A moment or an entry: 0 or above.
  mutating func number() throws(RelayError) -> Int64 {
    let end = bytes[position...].firstIndex { !(0x30...0x39 ~= $0) } ?? bytes.count
    guard 1...19 ~= end - position, let value = Int64(String(decoding: bytes[position..<end], as: UTF8.self)) else {
      throw error("a number")
    }
    position = end
    return value
  }

  mutating func identity() throws(RelayError) -> Int64 {
    try take(#","translated":"#)
    return try number()
  }

  /// Everything up to the last byte, which closes the object.
  func rest() throws(RelayError) -> [UInt8] {
    guard bytes.count > position, bytes.last == UInt8(ascii: "}") else { throw error("a payload and }") }
    return Array(bytes[position..<bytes.count - 1])
  }
}
