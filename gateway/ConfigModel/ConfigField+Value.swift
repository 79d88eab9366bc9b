import Telemetry

extension ConfigField {
  /// What is wrong with a value of this key, or `nil`. The same as the device finds wrong, and for what only the
  /// firmware or the former fleet reads, what these can use.
  ///
  /// - Returns: a sentence that says what is there and what would be right.
  func fault(of value: JSONValue) -> String? {
    switch (kind, value) {
    case (.flag, .bool): nil
    case (.flag, .number(let digits)): Self.integer(digits, in: 0...1) ? nil : wrong(digits)
    case (.integer(let range), .number(let digits)): Self.integer(digits, in: range) ? nil : wrong(digits)
    case (.hundredths(let range), .number(let digits)): Self.hundredths(digits, in: range) ? nil : wrong(digits)
    case (.word(let words), .string(let word)): words.contains(word) ? nil : wrong("\"\(Self.shown(word))\"")
    case (.text(let range), .string(let text)): textFault(text, range)
    case (.url(let limit), .string(let text)): urlFault(text, limit)
    case (.pins(let limit), .array(let elements)): Self.arePins(elements, limit) ? nil : wrong("the list")
    case (_, .string(let text)): "the string \"\(Self.shown(text))\" is not right; it must be \(kind.words)"
    case (_, .number(let digits)): wrong("the number \(Self.shown(digits))")
    case (_, .null), (_, .bool), (_, .array), (_, .object): wrong(value.kind)
    }
  }

  private func wrong(_ what: String) -> String {
    "\(Self.shown(what)) is not right; it must be \(kind.words)" + (unit.isEmpty ? "" : " (\(unit))")
  }

  /// The device's own arithmetic, so that both agree at every edge.
  private static func integer(_ digits: String, in range: ClosedRange<Int64>) -> Bool {
    let bytes = Array(digits.utf8)
    let slice = JSONSlice(start: 0, end: bytes.count, hasEscapes: false)
    return slice.integer(in: bytes.span).map(range.contains) ?? false
  }

  private static func hundredths(_ digits: String, in range: ClosedRange<Int64>) -> Bool {
    let bytes = Array(digits.utf8)
    let slice = JSONSlice(start: 0, end: bytes.count, hasEscapes: false)
    return slice.fixedPoint(decimals: 2, in: bytes.span).map(range.contains) ?? false
  }

  private static func arePins(_ elements: [JSONValue], _ limit: Int) -> Bool {
    var seen: Set<String> = []
    return elements.count <= limit
      && elements.allSatisfy {
        guard case .number(let digits) = $0, integer(digits, in: 0...Kind.lastPin) else { return false }
        return seen.insert(digits).inserted
      }
  }

  private func textFault(_ text: String, _ range: ClosedRange<Int>) -> String? {
    let count = text.utf8.count
    if !range.contains(count) { return "it has \(count) bytes; it must be \(kind.words)" }
    // A line end in a user's name or an address is a header of somebody's request, or a second line of a log.
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      return "it holds a control character; it must be \(kind.words)"
    }
    return nil
  }

  private func urlFault(_ text: String, _ limit: Int) -> String? {
    if text.isEmpty { return nil }
    let isAddress = text.hasPrefix("http://") || text.hasPrefix("https://")
    let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    return isAddress && isPlain && text.utf8.count <= limit ? nil : wrong("\"\(Self.shown(text))\"")
  }

  /// A value in a message: not longer than a line, nothing that steers a terminal.
  private static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
    return String(String.UnicodeScalarView(scalars)) + (text.unicodeScalars.count > 60 ? "…" : "")
  }
}
