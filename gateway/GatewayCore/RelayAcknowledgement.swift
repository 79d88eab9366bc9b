/// Which relayed readings a gateway has made durable, told to the gateway they came from, by that one's own numbers
/// (protocol/relay.md).
///
/// ```swift
/// RelayAcknowledgement(journal: "4f…", entries: [1801...1820]).bytes   // {"journal":"4f…","entries":[[1801,1820]]}
/// ```
public struct RelayAcknowledgement: Sendable, Equatable {
  /// The journal whose numbers they are.
  public var journal: String
  /// The numbers, ascending.
  public var entries: [ClosedRange<Int64>]

  /// The most ranges of one message.
  public static let rangeLimit = 200

  /// An acknowledgement.
  public init(journal: String, entries: [ClosedRange<Int64>]) {
    self.journal = journal
    self.entries = entries
  }

  /// What stands behind the base topic on the way back to a gateway.
  public static func suffix(gateway: String) -> String { "\(gateway)/relay/ack" }

  /// The message.
  public var bytes: [UInt8] {
    let ranges = entries.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",")
    return Array("{\"journal\":\"\(journal)\",\"entries\":[\(ranges)]}".utf8)
  }

  /// Reads a message; `nil` for anything else.
  public init?(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let parts = text.split(separator: #"","entries":[["#, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].hasPrefix(#"{"journal":""#), parts[1].hasSuffix("]]}") else { return nil }
    journal = String(parts[0].dropFirst(#"{"journal":""#.count))
    entries = []
    for pair in parts[1].dropLast(3).split(separator: "],[", omittingEmptySubsequences: false) {
      let ends = pair.split(separator: ",", omittingEmptySubsequences: false).compactMap { Int64($0) }
      guard ends.count == 2, ends[0] <= ends[1] else { return nil }
      entries.append(ends[0]...ends[1])
    }
  }
}
