/// Comma-separated values as RFC 4180 has them: quotes around what has a comma, a quote or a line's end in it.
///
/// ```swift
/// var reader = CSVReader { buffer in read(file, buffer) }
/// while let record = try reader.next() { … }      // [String?]: an empty field without quotes is nil
/// ```
struct CSVReader {
  /// The longest record, in bytes.
  static let recordLimit = 1 << 20

  /// What is wrong with the text, and in which line.
  struct Fault: Error, CustomStringConvertible {
    var description: String
  }

  private let fill: (UnsafeMutableRawBufferPointer) -> Int
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var position = 0
  private var count = 0
  /// The line the next record begins at, from 1.
  private(set) var line = 1

  /// - Parameter fill: reads more bytes, 0 at the end.
  init(_ fill: @escaping (UnsafeMutableRawBufferPointer) -> Int) {
    self.fill = fill
  }

  private mutating func byte() -> UInt8? {
    if position == count {
      position = 0
      count = buffer.withUnsafeMutableBytes(fill)
      if count <= 0 { return nil }
    }
    defer { position += 1 }
    return buffer[position]
  }

  /// The next record, or `nil` at the end. Empty lines are passed over.
  mutating func next() throws(Fault) -> [String?]? {
    var fields: [String?] = []
    var field: [UInt8] = []
    var isQuoted = false
    var wasQuoted = false
    var size = 0
    let start = line
    while let byte = byte() {
      size += 1
      guard size <= Self.recordLimit else {
        throw Fault(
          description: "line \(start): a record of more than \(Self.recordLimit) bytes; is a quote not closed?")
      }
      if byte == UInt8(ascii: "\n") { line += 1 }
      if isQuoted {
        if byte == UInt8(ascii: "\"") { isQuoted = false } else { field.append(byte) }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        // A quote right after a closed one stands for itself.
        if wasQuoted { field.append(byte) }
        guard wasQuoted || field.isEmpty else {
          throw Fault(description: "line \(start): a quote within a field without quotes")
        }
        isQuoted = true
        wasQuoted = true
      case UInt8(ascii: ","):
        fields.append(try Self.text(field, wasQuoted, start))
        field.removeAll(keepingCapacity: true)
        wasQuoted = false
      case UInt8(ascii: "\r"): continue
      case UInt8(ascii: "\n"):
        if fields.isEmpty, field.isEmpty, !wasQuoted { return try next() }
        fields.append(try Self.text(field, wasQuoted, start))
        return fields
      default: field.append(byte)
      }
    }
    guard !isQuoted else { throw Fault(description: "line \(start): a quote is not closed") }
    if fields.isEmpty, field.isEmpty, !wasQuoted { return nil }
    fields.append(try Self.text(field, wasQuoted, start))
    return fields
  }

  private static func text(_ bytes: [UInt8], _ wasQuoted: Bool, _ line: Int) throws(Fault) -> String? {
    if bytes.isEmpty, !wasQuoted { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Fault(description: "line \(line): no UTF-8; convert the file, such as with iconv")
    }
    return text
  }

  /// A record as a line.
  static func line(_ fields: [String?]) -> String {
    fields.map { field in
      guard let field else { return "" }
      // An empty text is not null.
      guard field.isEmpty || field.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else {
        return field
      }
      return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }.joined(separator: ",") + "\n"
  }
}
