/// ISO 8601 date and time, in integers. Years 1970 … 2399.
///
/// The calendar arithmetic counts days in 400-year eras that begin on 1 March, so that leap days come last (the
/// proleptic Gregorian calendar of ISO 8601).
public enum Timestamp {
  /// Days from 1 January 1970 to the date; `month` 1 … 12, `day` 1 … 31.
  static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear / 400
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The date `days` after 1 January 1970.
  static func date(days: UInt32) -> (year: UInt32, month: UInt32, day: UInt32) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Reads `2026-11-23T22:45:29Z`: a `T` or a space between date and time, a fraction of any length (kept to the
  /// microsecond), `Z`, an offset `±hh:mm` or `±hhmm`, or nothing, which means UTC.
  ///
  /// - Returns: microseconds since 1970 UTC, or `nil` when it is not such a text or no such moment.
  public static func parse(_ text: borrowing Span<UInt8>) -> Int64? {
    var reader = Reader(count: text.count)
    guard let year = reader.digits(4, text), year >= 1970, year < 2400, reader.take("-", text),
      let month = reader.digits(2, text), month >= 1, month <= 12, reader.take("-", text),
      let day = reader.digits(2, text), day >= 1, day <= daysIn(month, of: year),
      reader.take("T", text) || reader.take(" ", text) || reader.take("t", text),
      let hour = reader.digits(2, text), hour <= 23, reader.take(":", text),
      let minute = reader.digits(2, text), minute <= 59, reader.take(":", text),
      let second = reader.digits(2, text), second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if reader.take(".", text) || reader.take(",", text) {
      guard let micros = reader.fraction(text) else { return nil }
      fraction = micros
    }
    var offsetMinutes: Int64 = 0
    if !reader.isAtEnd, !(reader.take("Z", text) || reader.take("z", text)) {
      let isWest = reader.take("-", text)
      guard isWest || reader.take("+", text), let hours = reader.digits(2, text), hours <= 23 else { return nil }
      var minutes: Int64 = 0
      if !reader.isAtEnd {
        _ = reader.take(":", text)
        guard let value = reader.digits(2, text), value <= 59 else { return nil }
        minutes = value
      }
      offsetMinutes = (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
    guard reader.isAtEnd else { return nil }
    let seconds =
      days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offsetMinutes * 60
    return seconds * 1_000_000 + fraction
  }

  private static func daysIn(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private struct Reader {
    var position = 0
    let count: Int

    init(count: Int) { self.count = count }

    var isAtEnd: Bool { position == count }

    mutating func digits(_ number: Int, _ text: borrowing Span<UInt8>) -> Int64? {
      guard position + number <= count else { return nil }
      var value: Int64 = 0
      for _ in 0..<number {
        let byte = text[position]
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
        position += 1
      }
      return value
    }

    mutating func take(_ character: Unicode.Scalar, _ text: borrowing Span<UInt8>) -> Bool {
      guard position < count, text[position] == UInt8(truncatingIfNeeded: character.value) else { return false }
      position += 1
      return true
    }

    mutating func fraction(_ text: borrowing Span<UInt8>) -> Int64? {
      var value: Int64 = 0
      var digits = 0
      while position < count, text[position] >= 0x30, text[position] <= 0x39 {
        if digits < 6 { value = value * 10 + Int64(text[position] - 0x30) }
        digits += 1
        position += 1
      }
      guard digits > 0 else { return nil }
      for _ in min(digits, 6)..<6 { value *= 10 }
      return value
    }
  }
}

extension InlineBytes {
  /// Appends `unixSeconds` (since 1970 UTC) as `2026-11-23T22:45:29Z`.
  public mutating func append(timestamp unixSeconds: UInt32) {
    let (year, month, day) = Timestamp.date(days: unixSeconds / 86_400)
    let second = unixSeconds % 86_400
    append(unsigned: UInt64(year))
    append(UInt8(ascii: "-"))
    append(twoDigits: month)
    append(UInt8(ascii: "-"))
    append(twoDigits: day)
    append(UInt8(ascii: "T"))
    append(twoDigits: second / 3600)
    append(UInt8(ascii: ":"))
    append(twoDigits: second / 60 % 60)
    append(UInt8(ascii: ":"))
    append(twoDigits: second % 60)
    append(UInt8(ascii: "Z"))
  }
}
