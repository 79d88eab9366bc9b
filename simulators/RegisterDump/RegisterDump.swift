/// The content of a chip's registers as somebody wrote it down, for `decodeRegisters`.
///
///     # BME280 from the cellar
///     D0: 60
///     F7: 65 5A C0 7E ED 00 6B 4C
///
/// A line is an address (or a command), a colon, and the bytes from there on, all in hexadecimal, with or without `0x`.
/// Empty lines and what follows a `#` do not count. Bytes run on over register numbers: `88: 70 6B` is 0x88 and 0x89.
public struct RegisterDump: Equatable, Sendable {
  /// What cannot be read, with the number of its line from 1.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line; `nil` when the dump as a whole is at fault.
    public var line: Int?
    /// What is wrong, and what to do.
    public var reason: String

    /// The line and the reason.
    public var description: String { line.map { "line \($0): \(reason)" } ?? reason }
  }

  /// The rows: where they begin, and their bytes.
  public private(set) var rows: [(address: UInt16, bytes: [UInt8])] = []

  /// The dump that `text` writes down.
  ///
  /// - Throws: `Failure` for the first line that is none.
  public init(_ text: String) throws(Failure) {
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let content = line.prefix { $0 != "#" }
      guard content.contains(where: { !$0.isWhitespace }) else { continue }
      let halves = content.split(separator: ":", omittingEmptySubsequences: false)
      guard halves.count == 2, let address = Self.hexadecimal(halves[0].filter { !$0.isWhitespace }, UInt16.self) else {
        throw Failure(line: number, reason: "not `ADDRESS: BYTES` in hexadecimal, for example `F7: 65 5A C0`")
      }
      var bytes: [UInt8] = []
      for word in halves[1].split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
        guard let byte = Self.hexadecimal(String(word), UInt8.self) else {
          throw Failure(line: number, reason: "`\(word)` is no byte: two hexadecimal digits, for example `5A`")
        }
        bytes.append(byte)
      }
      guard !bytes.isEmpty else { throw Failure(line: number, reason: "no bytes after the colon") }
      rows.append((address, bytes))
    }
    guard !rows.isEmpty else {
      throw Failure(line: nil, reason: "the dump is empty; it needs lines like `F7: 65 5A C0`")
    }
  }

  /// Whether both hold the same rows.
  public static func == (a: RegisterDump, b: RegisterDump) -> Bool {
    a.rows.elementsEqual(b.rows) { $0.address == $1.address && $0.bytes == $1.bytes }
  }

  /// The bytes of `count` registers from `first` on, wherever they are written; `nil` when one is missing.
  func registers(_ first: UInt16, _ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    for number in Int(first)..<Int(first) + count {
      guard let row = rows.last(where: { Int($0.address) <= number && number < Int($0.address) + $0.bytes.count })
      else { return nil }
      bytes.append(row.bytes[number - Int(row.address)])
    }
    return bytes
  }

  /// The first `count` bytes of the row that begins at `address`; for chips whose registers, or answers to a command, are
  /// wider than a byte.
  func row(_ address: UInt16, _ count: Int) -> [UInt8]? {
    guard let row = rows.last(where: { $0.address == address }), row.bytes.count >= count else { return nil }
    return Array(row.bytes.prefix(count))
  }

  private static func hexadecimal<Number: FixedWidthInteger>(_ text: String, _: Number.Type) -> Number? {
    let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text
    guard digits.allSatisfy(\.isHexDigit) else { return nil }
    return Number(digits, radix: 16)
  }
}
