import GatewayCore

/// Which minutes a batch touches, for the roll-ups: a minute of one device, or of all where several are in it.
///
/// Marked in the transaction of the rows: whoever sees the mark sees the rows, so a late reading is never forgotten.
struct RollUpMarks {
  /// Minutes since 1970, and the device or an empty text for all.
  private(set) var marks: [Int64: String] = [:]

  init(_ rows: some Sequence<Row>) {
    var last: (minute: Int64, device: String)?
    for row in rows {
      let minute = Self.minute(row.timestamp)
      if let last, last.minute == minute, last.device == row.device { continue }
      last = (minute, row.device)
      guard Self.sane.contains(minute) else { continue }
      let device = row.device.utf8.allSatisfy(Self.isPlain) ? row.device : ""
      if let known = marks[minute] {
        if known != device { marks[minute] = "" }
      } else {
        marks[minute] = device
      }
    }
  }

  /// The minutes as an array of PostgreSQL.
  var minutesText: String { "{" + marks.keys.sorted().map { "\($0)" }.joined(separator: ",") + "}" }

  /// The devices in the same order; none has a character that an array's text would need to escape.
  var devicesText: String {
    "{"
      + marks.keys.sorted().map { marks[$0, default: ""] }.map { $0.isEmpty ? "NULL" : "\"\($0)\"" }
      .joined(separator: ",") + "}"
  }

  /// From 1900 to 2200: what lies outside is refused by the database or by ingest, and shall not fail here first.
  private static let sane: ClosedRange<Int64> = -36_816_480...120_971_520

  private static func minute(_ microseconds: Int64) -> Int64 {
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 60_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// What a device's id of version 2 is made of, and an array's text need not escape.
  static func isPlain(_ byte: UInt8) -> Bool {
    48...57 ~= byte || 65...90 ~= byte || 97...122 ~= byte || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }
}
