import Telemetry

/// A message as a profile understands it.
public struct TranslatedReading: Sendable, Equatable {
  /// The device's id, 1 to 32 bytes.
  public var device: String
  /// The message's own time, microseconds since 1970 UTC; `nil`: it has none that can be trusted.
  public var timestamp: Int64?
  /// Whether the message says something that makes it unlike every other one of its device.
  public var isUnique: Bool
  /// The reading as a payload of version 2 in SI units, with what has no column behind it. `boot` and `seq` in it mean
  /// nothing: such a device has none.
  public var canonical: [UInt8]
}

extension PayloadProfile {
  /// Turns a message into a reading.
  ///
  /// - Parameters:
  ///   - payload: at most 65,536 bytes.
  ///   - topic: one that `captures` takes.
  /// - Throws: `Refusal` with the place in the payload.
  public func translate(_ payload: [UInt8], topic: String) throws(Refusal) -> TranslatedReading {
    guard var captures = captures(in: topic) else {
      throw Refusal("unknown-topic", "the profile \(name) does not take \(topic)")
    }
    let document = try PayloadDocument(payload, isBareValue: isBareValue)
    if !isBareValue {
      guard case .object = document.root.value else {
        throw Refusal("not-an-object", "the payload is \(document.excerpt(document.root)), an object is taken")
      }
    }
    try bindMember(document, &captures)
    var writer = CanonicalWriter(profile: name)
    var taken = Taken()
    for (quantity, sources) in numbers {
      try writer.number(quantity, number(sources, quantity, document, captures, &taken))
    }
    for (column, sources) in levels {
      writer.level(column, try level(sources, document, captures, &taken))
    }
    for (column, sources) in texts {
      let text = try text(sources, document, captures, &taken)
      // Cut short it would be another one.
      if let text, text.utf8.count > column.limit {
        writer.extra("long_\(column.rawValue)", word: text)
      } else {
        writer.text(column, text)
      }
    }
    for (template, at) in extras {
      let pointer = at.bound(captures)
      // A value that stands in a column is not told twice.
      guard !taken.used.contains(pointer), let node = try document.node(at: pointer) else { continue }
      taken.found(pointer)
      writer.extra(template.filled(captures), document, node)
    }
    guard taken.hasReading else { throw Refusal("no-reading", "none of \(places(captures)) is in the payload") }
    let event = try event(document, captures)
    let timestamp = try timestamp(document, captures, &taken)
    for (name, text) in labels { writer.extra(name, word: text.filled(captures)) }
    if keepsRest, !isBareValue { writer.rest(document, taken.used) }
    var isUnique = false
    for at in identity where try isPresent(at.bound(captures), document) { isUnique = true }
    let device = try device(captures)
    return TranslatedReading(
      device: device, timestamp: timestamp,
      isUnique: isUnique || timestamp != nil,
      canonical: writer.payload(device: device, event: event))
  }

  /// What of the payload has a place, and whether anything was there.
  struct Taken {
    private(set) var used: Set<JSONPointer> = []
    private(set) var hasReading = false

    mutating func found(_ pointer: JSONPointer) {
      used.insert(pointer)
      hasReading = true
    }

    mutating func use(_ pointer: JSONPointer) { used.insert(pointer) }
  }

  /// The pointers with a capture in them: the first member under which one of them finds something gives the capture.
  private func bindMember(_ document: PayloadDocument, _ captures: inout [String: String]) throws(Refusal) {
    let pointers = memberPointers
    guard let before = pointers.first?.beforeCapture, let name = pointers.first?.capture,
      case .object(let members)? = try document.node(at: JSONPointer(tokens: before))?.value
    else { return }
    for member in members {
      var attempt = captures
      attempt[name] = member.key
      for pointer in pointers where try document.node(at: pointer.bound(attempt)) != nil {
        captures = attempt
        return
      }
    }
  }

  /// Where readings are looked for with a capture in the place.
  var memberPointers: [JSONPointer] {
    (numbers.flatMap { $0.sources.map(\.at) } + levels.flatMap { $0.sources.map(\.at) } + extras.map(\.at))
      .filter { $0.capture != nil }
  }

  private func places(_ captures: [String: String]) -> String {
    let all = numbers.flatMap { $0.sources.map(\.at) } + levels.flatMap { $0.sources.map(\.at) } + extras.map(\.at)
    var told: [String] = []
    for place in all.map({ $0.bound(captures).description }) where !told.contains(place) { told.append(place) }
    return told.prefix(8).joined(separator: ", ") + (told.count > 8 ? ", …" : "")
  }

  private func device(_ captures: [String: String]) throws(Refusal) -> String {
    let device = device.filled(captures)
    guard (1...32).contains(device.utf8.count) else {
      throw Refusal("bad-device-id", "'\(device.prefix(40))' is not 1 to 32 bytes long")
    }
    let isShowable = device.unicodeScalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
      case _: true
      }
    }
    guard isShowable else {
      throw Refusal("bad-device-id", "the id has control characters or marks that change how it is shown")
    }
    return device
  }

  // MARK: Values

  /// What a column gets: nothing in the payload, a null, or a value.
  enum Found<Value: Equatable>: Equatable {
    case nowhere
    case null
    case value(Value)
  }

  private func number(
    _ sources: [NumberSource], _ quantity: Unit.Quantity, _ document: PayloadDocument, _ captures: [String: String],
    _ taken: inout Taken
  ) throws(Refusal) -> Found<Int64> {
    for source in sources where source.conditions.hold(captures) {
      let pointer = source.at.bound(captures)
      guard let node = try document.node(at: pointer) else { continue }
      taken.found(pointer)
      if case .null = node.value { return .null }
      let unit = try unit(source.unit, pointer, document, captures, &taken)
      guard let slice = try digits(node, document) else {
        throw Refusal("wrong-type", "\(place(pointer)) is \(document.excerpt(node)), a number is taken")
      }
      guard let value = unit.convert(slice, in: document.bytes.span) else {
        throw Refusal(
          "out-of-range", "\(place(pointer)) is \(document.excerpt(node)) \(unit.name), \(quantity.words) is taken")
      }
      return .value(value)
    }
    return .nowhere
  }

  private func digits(_ node: PayloadDocument.Node, _ document: PayloadDocument) throws(Refusal) -> JSONSlice? {
    switch node.value {
    case .number(let slice): return slice
    case .string where numbersMayBeText:
      var inner = node.slice
      if !isBareValue {
        inner.start += 1
        inner.end -= 1
      }
      var cursor = JSONCursor(at: inner.start)
      guard case .number(let slice)? = try? cursor.next(in: document.bytes.span), slice.end == inner.end else {
        return nil
      }
      return slice
    case .null, .bool, .string, .array, .object: return nil
    }
  }

  private func unit(
    _ choice: NumberSource.UnitChoice, _ pointer: JSONPointer, _ document: PayloadDocument,
    _ captures: [String: String], _ taken: inout Taken
  ) throws(Refusal) -> Unit {
    switch choice {
    case .fixed(let unit): return unit
    case .told(let at, let words, let otherwise):
      let told = at.bound(captures)
      guard let node = try document.node(at: told) else {
        if let otherwise { return otherwise }
        throw Refusal("no-unit", "\(place(told)) should say in which unit \(place(pointer)) is")
      }
      taken.use(told)
      guard let word = document.word(node), let unit = words[word] else {
        throw Refusal(
          "no-unit",
          "\(place(told)) is \(document.excerpt(node)), one of \(words.keys.sorted().joined(separator: ", ")) is taken")
      }
      return unit
    }
  }

  private func level(
    _ sources: [LevelSource], _ document: PayloadDocument, _ captures: [String: String], _ taken: inout Taken
  ) throws(Refusal) -> Found<Bool> {
    for source in sources where source.conditions.hold(captures) {
      let pointer = source.at.bound(captures)
      guard let node = try document.node(at: pointer) else { continue }
      taken.found(pointer)
      if case .null = node.value { return .null }
      guard let word = document.word(node) else {
        throw Refusal("wrong-type", "\(place(pointer)) is \(document.excerpt(node)), \(source.words) is taken")
      }
      if source.high.contains(word) { return .value(true) }
      if source.low.contains(word) { return .value(false) }
      throw Refusal("out-of-range", "\(place(pointer)) is \(document.excerpt(node)), \(source.words) is taken")
    }
    return .nowhere
  }

  private func text(
    _ sources: [TextSource], _ document: PayloadDocument, _ captures: [String: String], _ taken: inout Taken
  ) throws(Refusal) -> String? {
    for source in sources {
      switch source {
      case .template(let template):
        let text = template.filled(captures)
        if !text.isEmpty { return text }
      case .at(let at):
        let pointer = at.bound(captures)
        guard let node = try document.node(at: pointer), let word = document.word(node), !word.isEmpty else { continue }
        taken.use(pointer)
        return word
      }
    }
    return nil
  }

  private func event(_ document: PayloadDocument, _ captures: [String: String]) throws(Refusal) -> String {
    for rule in events where rule.conditions.hold(captures) {
      guard let at = rule.at else { return rule.event }
      guard let node = try document.node(at: at.bound(captures)) else { continue }
      if case .null = node.value { continue }
      if rule.words.isEmpty { return rule.event }
      if let word = document.word(node), rule.words.contains(word) { return rule.event }
    }
    return "heartbeat"
  }

  private func isPresent(_ pointer: JSONPointer, _ document: PayloadDocument) throws(Refusal) -> Bool {
    guard let node = try document.node(at: pointer) else { return false }
    if case .null = node.value { return false }
    return true
  }

  private func timestamp(
    _ document: PayloadDocument, _ captures: [String: String], _ taken: inout Taken
  ) throws(Refusal) -> Int64? {
    guard let time else { return nil }
    let pointer = time.at.bound(captures)
    guard let node = try document.node(at: pointer) else { return nil }
    switch node.value {
    case .null: return nil
    case .number(let slice):
      // Seconds or milliseconds since 1970: until the year 5138 the former stay below 10¹¹, and the latter are beyond
      // it since 1973.
      guard let milliseconds = slice.fixedPoint(decimals: 3, in: document.bytes.span), milliseconds >= 0 else {
        throw Refusal(
          "out-of-range", "\(place(pointer)) is \(document.excerpt(node)), seconds or milliseconds are taken")
      }
      taken.use(pointer)
      let isMilliseconds = milliseconds >= 100_000_000_000_000
      return isMilliseconds ? milliseconds : milliseconds * 1000
    case .string(let text):
      guard let moment = Self.moment(text, zone: time.zone) else { return nil }
      guard let known = moment else {
        throw Refusal("out-of-range", "\(place(pointer)) is \(document.excerpt(node)), an ISO 8601 time is taken")
      }
      taken.use(pointer)
      return known
    case .bool, .array, .object:
      throw Refusal("wrong-type", "\(place(pointer)) is \(document.excerpt(node)), a time is taken")
    }
  }

  /// The moment a text names: the outer `nil`: one without an offset, where no zone is known; the inner: no time at all.
  private static func moment(_ text: String, zone: String?) -> Int64?? {
    let clock = text.utf8.dropFirst(10)
    let hasOffset = clock.contains {
      [UInt8(ascii: "Z"), UInt8(ascii: "z"), UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0)
    }
    if hasOffset { return .some(Timestamp.parse(Array(text.utf8).span)) }
    guard Timestamp.parse(Array(text.utf8).span) != nil else { return .some(nil) }
    guard let zone else { return nil }
    return .some(Timestamp.parse(Array((text + zone).utf8).span))
  }

  private func place(_ pointer: JSONPointer) -> String { pointer.tokens.isEmpty ? "the payload" : "\(pointer)" }
}

extension [PayloadProfile.Condition] {
  /// Whether every capture looks as it must.
  func hold(_ captures: [String: String]) -> Bool {
    allSatisfy { condition in captures[condition.capture].map(condition.glob.matches) ?? false }
  }
}

extension PayloadProfile.LevelSource {
  var words: String { "one of \((high + low).joined(separator: ", "))" }
}

extension PayloadDocument {
  /// A scalar as the word it is written as; `nil` for null, arrays and objects.
  func word(_ node: Node) -> String? {
    switch node.value {
    case .bool(let value): value ? "true" : "false"
    case .number(let slice): String(decoding: bytes[slice.start..<slice.end], as: UTF8.self)
    case .string(let text): text
    case .null, .array, .object: nil
    }
  }
}
