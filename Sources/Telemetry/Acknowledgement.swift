/// What the gateway answers: exactly these readings are durable, and what time it is.
///
///     {"boot":17,"seqs":[[1201,1230],[1234,1234]],"time":1795474529123}
public enum Acknowledgement {
  /// Reads an acknowledgement.
  ///
  /// - Parameter range: called for each range in turn. Ranges before a fault have been called already; each of them was
  ///   well-formed, and what it names is durable.
  /// - Returns: the gateway's UTC in milliseconds since 1970, or `nil` when it does not say.
  /// - Throws: where the text stops being one.
  public static func decode(
    _ text: borrowing Span<UInt8>, range: (_ boot: UInt32, _ first: UInt32, _ last: UInt32) -> Void
  ) throws(JSONError) -> UInt64? {
    var cursor = JSONCursor()
    var boot: UInt32?
    var time: UInt64?
    guard try cursor.next(in: text) == .objectStart else { throw JSONError(code: .syntax, offset: 0) }
    while case .key(let key) = try cursor.next(in: text) {
      let offset = cursor.position
      if key.matches("boot", in: text) {
        boot = try number(&cursor, text)
      } else if key.matches("seqs", in: text) {
        guard let boot, try cursor.next(in: text) == .arrayStart else { throw JSONError(code: .syntax, offset: offset) }
        while try cursor.next(in: text) == .arrayStart {
          let first = try number(&cursor, text)
          let last = try number(&cursor, text)
          guard try cursor.next(in: text) == .arrayEnd, first <= last else {
            throw JSONError(code: .syntax, offset: offset)
          }
          range(boot, first, last)
        }
      } else if key.matches("time", in: text) {
        guard case .number(let slice) = try cursor.next(in: text), let value = slice.integer(in: text), value > 0 else {
          throw JSONError(code: .syntax, offset: offset)
        }
        time = UInt64(value)
      } else {
        _ = try cursor.skipValue(in: text)
      }
    }
    return time
  }

  private static func number(_ cursor: inout JSONCursor, _ text: borrowing Span<UInt8>) throws(JSONError) -> UInt32 {
    let offset = cursor.position
    guard case .number(let slice) = try cursor.next(in: text), let value = slice.integer(in: text),
      value >= 0, value <= Int64(UInt32.max)
    else { throw JSONError(code: .syntax, offset: offset) }
    return UInt32(value)
  }
}
