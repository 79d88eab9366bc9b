extension Payload {
  /// Reads a payload of version 1 or 2; `v` decides, and where it is missing it is version 1.
  ///
  /// Version 2 is read strictly: wrong types, values out of range and members that come twice are errors. Version 1 is
  /// read as the existing fleet needs it: numbers may be text, anything may be missing or null, `MQTT event:` may stand
  /// before the JSON, and a value that cannot be what it says is left out, with the quality `range`, and its original
  /// reported as unknown.
  ///
  /// - Parameter unknown: called for each member that has no place in `Payload`, with the position of its name's quote
  ///   and of the byte after its value.
  public static func decode(
    _ text: borrowing Span<UInt8>, unknown: (_ start: Int, _ end: Int) -> Void = { _, _ in }
  ) throws(PayloadError) -> Payload {
    do throws(DecoderFault) {
      let start = PayloadDecoder.start(of: text)
      var decoder = PayloadDecoder(version: try PayloadDecoder.version(of: text, from: start))
      try decoder.read(text, from: start, unknown)
      return decoder.payload
    } catch {
      throw error.payloadError
    }
  }
}

/// A fault on the way: of the JSON, or of what it says.
private enum DecoderFault: Error {
  case json(JSONError)
  case payload(PayloadError)

  var payloadError: PayloadError {
    switch self {
    case .json(let error): PayloadError(code: .notJSON(error.code), offset: error.offset)
    case .payload(let error): error
    }
  }
}

private struct PayloadDecoder {
  var payload: Payload
  private var seen: UInt32 = 0
  private var isStrict: Bool { payload.version != 1 }

  init(version: UInt8) {
    payload = Payload(version: version)
  }

  /// Where the JSON starts: behind the prefix some version-1 senders write.
  static func start(of text: borrowing Span<UInt8>) -> Int {
    let prefix: StaticString = "MQTT event:"
    let slice = JSONSlice(start: 0, end: min(text.count, prefix.utf8CodeUnitCount), hasEscapes: false)
    return slice.matches(prefix, in: text) ? prefix.utf8CodeUnitCount : 0
  }

  /// The payload's version. Version 2 writes `v` first; anywhere else costs a walk through the text.
  static func version(of text: borrowing Span<UInt8>, from start: Int) throws(DecoderFault) -> UInt8 {
    var cursor = JSONCursor(at: start)
    guard try token(&cursor, text) == .objectStart else {
      throw .payload(PayloadError(code: .notAnObject, offset: start))
    }
    while case .key(let key) = try token(&cursor, text) {
      guard key.matches("v", in: text) else {
        _ = try value(&cursor, text)
        continue
      }
      let offset = cursor.position
      guard case .number(let number) = try token(&cursor, text) else {
        throw .payload(PayloadError(code: .wrongType(.version), offset: offset))
      }
      switch number.integer(in: text) {
      case 1: return 1
      case 2: return 2
      default: throw .payload(PayloadError(code: .unsupportedVersion, offset: offset))
      }
    }
    return 1
  }

  static func token(_ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>) throws(DecoderFault) -> JSONToken {
    do throws(JSONError) { return try cursor.next(in: text) } catch { throw .json(error) }
  }

  static func value(_ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>) throws(DecoderFault) -> JSONSlice {
    do throws(JSONError) { return try cursor.skipValue(in: text) } catch { throw .json(error) }
  }

  mutating func read(
    _ text: borrowing Span<UInt8>, from start: Int, _ unknown: (Int, Int) -> Void
  ) throws(DecoderFault) {
    var cursor = JSONCursor(at: start)
    _ = try Self.token(&cursor, text)
    while true {
      let token = try Self.token(&cursor, text)
      guard case .key(let key) = token else { break }
      guard let field = PayloadField.named(key, in: text) else {
        let value = try Self.value(&cursor, text)
        unknown(key.start - 1, value.end)
        continue
      }
      let bit = UInt32(1) << UInt32(field.rawValue)
      if seen & bit != 0, isStrict { throw fault(.duplicate(field), key.start) }
      seen |= bit
      let isKept = try read(field, &cursor, text)
      if !isKept { unknown(key.start - 1, cursor.position) }
    }
    // The top-level object has ended; nothing may follow it.
    _ = try Self.token(&cursor, text)
    if isStrict { try requireIdentity(cursor.position) }
  }

  private func requireIdentity(_ offset: Int) throws(DecoderFault) {
    if payload.deviceID.isEmpty { throw fault(.missing(.deviceID), offset) }
    if payload.boot == nil { throw fault(.missing(.boot), offset) }
    if payload.seq == nil { throw fault(.missing(.seq), offset) }
    if payload.event.isEmpty { throw fault(.missing(.event), offset) }
  }

  private func fault(_ code: PayloadError.Code, _ offset: Int) -> DecoderFault {
    .payload(PayloadError(code: code, offset: offset))
  }

  /// Reads one member's value; `false` when it was well-formed and has no place in the payload.
  private mutating func read(
    _ field: PayloadField, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    switch field {
    case .version:
      _ = try Self.value(&cursor, text)
      return true
    case .deviceID: return try string(field, &cursor, text, &payload.deviceID)
    case .event: return try string(field, &cursor, text, &payload.event)
    case .sensorType: return try string(field, &cursor, text, &payload.sensorType)
    case .quality: return try string(field, &cursor, text, &payload.quality)
    case .firmware: return try string(field, &cursor, text, &payload.firmware)
    case .boot:
      let number = try integer(field, 0...Int64(UInt32.max), &cursor, text)
      payload.boot = number.value.map { UInt32($0) }
      return number != .unfit
    case .seq:
      let number = try integer(field, 0...Int64(UInt32.max), &cursor, text)
      payload.seq = number.value.map { UInt32($0) }
      return number != .unfit
    case .temperature: return try temperature(&cursor, text)
    case .humidity: return try humidity(&cursor, text)
    case .pressure: return try pressure(&cursor, text)
    case .motion: return try level(field, &cursor, text, &payload.motion)
    case .switchLevel: return try level(field, &cursor, text, &payload.switchLevel)
    case .wifiRSSI:
      let number = try integer(field, -200...100, &cursor, text)
      payload.wifiRSSI = number.value.map { Int16($0) }
      return number != .unfit
    case .uptimeMilliseconds:
      let number = try integer(field, 0...(1 << 53), &cursor, text)
      payload.uptimeMilliseconds = number.value.map { UInt64($0) }
      return number != .unfit
    case .uptimeSeconds:
      guard !isStrict else {
        _ = try Self.value(&cursor, text)
        return false
      }
      let number = try number(field, decimals: 3, 0...(1 << 53), &cursor, text)
      payload.uptimeMilliseconds = number.value.map { UInt64($0) }
      return number != .unfit
    case .timestamp: return try timestamp(&cursor, text)
    case .dropped: return try dropped(&cursor, text)
    }
  }

  // MARK: Values

  /// Version 1 leaves a fault out, version 2 refuses it.
  private func unfit(_ code: PayloadError.Code, _ offset: Int) throws(DecoderFault) -> Bool {
    if isStrict { throw fault(code, offset) }
    return false
  }

  private func string<let capacity: Int>(
    _ field: PayloadField, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>,
    _ target: inout InlineBytes<capacity>
  ) throws(DecoderFault) -> Bool {
    let offset = cursor.position
    switch try Self.token(&cursor, text) {
    case .null: return true
    case .string(let slice):
      guard let value: InlineBytes<capacity> = slice.string(in: text) else {
        // An id cut short would be another device's; every other text may be left out in version 1.
        if field == .deviceID { throw fault(.tooLong(field), offset) }
        return try unfit(.tooLong(field), offset)
      }
      target = value
      return true
    case let token:
      if field == .deviceID { throw fault(.wrongType(field), offset) }
      try skip(token, &cursor, text)
      return try unfit(.wrongType(field), offset)
    }
  }

  /// What stood where a number was expected.
  private enum Number: Equatable {
    case null
    /// Not a number, or out of range; version 1 only.
    case unfit
    case number(Int64)

    var value: Int64? {
      if case .number(let value) = self { value } else { nil }
    }
  }

  private func number(
    _ field: PayloadField, decimals: Int, _ range: ClosedRange<Int64>, _ cursor: inout JSONCursor,
    _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Number {
    let offset = cursor.position
    let slice: JSONSlice
    switch try Self.token(&cursor, text) {
    case .null: return .null
    case .number(let number): slice = number
    case .string(let quoted) where !isStrict && !quoted.hasEscapes: slice = quoted.trimmed(in: text)
    case let token:
      try skip(token, &cursor, text)
      _ = try unfit(.wrongType(field), offset)
      return .unfit
    }
    guard let value = slice.fixedPoint(decimals: decimals, in: text), range.contains(value) else {
      _ = try unfit(.outOfRange(field), offset)
      return .unfit
    }
    return .number(value)
  }

  private func integer(
    _ field: PayloadField, _ range: ClosedRange<Int64>, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Number {
    guard isStrict else { return try number(field, decimals: 0, range, &cursor, text) }
    let offset = cursor.position
    switch try Self.token(&cursor, text) {
    case .null: return .null
    case .number(let slice):
      guard let value = slice.integer(in: text), range.contains(value) else { throw fault(.outOfRange(field), offset) }
      return .number(value)
    case .objectStart, .objectEnd, .arrayStart, .arrayEnd, .key, .string, .bool, .end:
      throw fault(.wrongType(field), offset)
    }
  }

  private mutating func temperature(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    if isStrict {
      let number = try number(.temperature, decimals: 2, -10_000...20_000, &cursor, text)
      payload.temperatureCentiCelsius = number.value.map { Int32($0) }
      return true
    }
    // °F with four decimals to 0.01 °C: (F − 32) · 5/9.
    let number = try plausible(.temperature, decimals: 4, -1_480_000...3_920_000, &cursor, text)
    payload.temperatureCentiCelsius = number.value.map { Int32(roundedDivision(($0 - 320_000) * 5, by: 900)) }
    return number != .unfit
  }

  private mutating func humidity(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    let number = try plausible(.humidity, decimals: 2, 0...10_000, &cursor, text)
    payload.humidityCentiPercent = number.value.map { Int32($0) }
    return number != .unfit
  }

  private mutating func pressure(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    if isStrict {
      let number = try number(.pressure, decimals: 2, 0...200_000, &cursor, text)
      payload.pressurePascals = number.value.map { Int32($0) }
      return true
    }
    // inHg with four decimals to Pa, 1 inHg = 3386.389 Pa (NIST SP 811, appendix B.8, conventional inch of mercury).
    // The range is 300 … 1100 hPa: boards in the field that convert twice send 0.88 and must not look like weather.
    let number = try plausible(.pressure, decimals: 4, 88_590...324_830, &cursor, text)
    payload.pressurePascals = number.value.map { Int32(roundedDivision($0 * 3_386_389, by: 10_000_000)) }
    return number != .unfit
  }

  /// A number that must lie in its range; in version 1 one outside makes the quality `range`.
  private mutating func plausible(
    _ field: PayloadField, decimals: Int, _ range: ClosedRange<Int64>, _ cursor: inout JSONCursor,
    _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Number {
    let number = try number(field, decimals: decimals, range, &cursor, text)
    if number == .unfit { payload.quality = InlineBytes(Quality.range.name) }
    return number
  }

  private func level(
    _ field: PayloadField, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>, _ target: inout Level
  ) throws(DecoderFault) -> Bool {
    let offset = cursor.position
    switch try Self.token(&cursor, text) {
    case .null:
      target = .unknown
      return true
    case .string(let slice):
      if slice.matches(Level.high.name, in: text) {
        target = .high
      } else if slice.matches(Level.low.name, in: text) {
        target = .low
      } else if !isStrict, slice.matches(Level.unknown.name, in: text) {
        target = .unknown
      } else {
        return try unfit(.outOfRange(field), offset)
      }
      return true
    case .bool(let isHigh) where !isStrict:
      target = Level(isHigh: isHigh)
      return true
    case .number(let slice) where !isStrict:
      guard let value = slice.integer(in: text), value == 0 || value == 1 else { return false }
      target = Level(isHigh: value == 1)
      return true
    case let token:
      try skip(token, &cursor, text)
      return try unfit(.wrongType(field), offset)
    }
  }

  private mutating func timestamp(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    let offset = cursor.position
    switch try Self.token(&cursor, text) {
    case .null: return true
    case .string(let slice):
      guard !slice.hasEscapes, let moment = Timestamp.parse(text.extracting(slice.start..<slice.end)) else {
        return try unfit(.outOfRange(.timestamp), offset)
      }
      payload.timestampMicroseconds = moment
      return true
    case let token:
      try skip(token, &cursor, text)
      return try unfit(.wrongType(.timestamp), offset)
    }
  }

  private mutating func dropped(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) -> Bool {
    let offset = cursor.position
    guard isStrict else {
      _ = try Self.value(&cursor, text)
      return false
    }
    guard try Self.token(&cursor, text) == .arrayStart else { throw fault(.wrongType(.dropped), offset) }
    while true {
      switch try Self.token(&cursor, text) {
      case .arrayEnd: return true
      case .arrayStart: payload.dropped.add(try range(&cursor, text, offset))
      default: throw fault(.wrongType(.dropped), offset)
      }
    }
  }

  /// `[first,last]` of the payload's boot, which stands before it in the text, or `[boot,first,last]`.
  private func range(
    _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>, _ offset: Int
  ) throws(DecoderFault) -> DroppedRange {
    var numbers = InlineArray<3, UInt32>(repeating: 0)
    var count = 0
    while true {
      switch try Self.token(&cursor, text) {
      case .number(let slice):
        guard count < 3, let value = slice.integer(in: text), value >= 0, value <= Int64(UInt32.max) else {
          throw fault(.outOfRange(.dropped), offset)
        }
        numbers[count] = UInt32(value)
        count += 1
      case .arrayEnd:
        guard count >= 2, let boot = count == 3 ? numbers[0] : payload.boot, numbers[count - 2] <= numbers[count - 1]
        else { throw fault(.outOfRange(.dropped), offset) }
        return DroppedRange(boot: boot, first: numbers[count - 2], last: numbers[count - 1])
      default: throw fault(.wrongType(.dropped), offset)
      }
    }
  }

  /// Passes over the rest of a value whose first token has been taken.
  private func skip(
    _ token: JSONToken, _ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>
  ) throws(DecoderFault) {
    guard token == .objectStart || token == .arrayStart else { return }
    var depth = 1
    while depth > 0 {
      switch try Self.token(&cursor, text) {
      case .objectStart, .arrayStart: depth += 1
      case .objectEnd, .arrayEnd: depth -= 1
      case .key, .string, .number, .bool, .null, .end: continue
      }
    }
  }
}

extension JSONSlice {
  /// The slice without spaces at its ends.
  func trimmed(in text: borrowing Span<UInt8>) -> JSONSlice {
    var slice = self
    while slice.start < slice.end, text[slice.start] == 0x20 { slice.start += 1 }
    while slice.end > slice.start, text[slice.end - 1] == 0x20 { slice.end -= 1 }
    return slice
  }
}
