import HAL

/// The chips of one family on a 1-Wire line, found by their 64-bit codes: family in the low byte, CRC in the high one.
///
///     let found = try OneWireSearch.run(on: wire, family: 0x28)
///     for index in 0..<found.count { … found.codes[index] … }
///
/// All chips answer at once, each bit and its complement; who pulls low wins. Where both are low there are chips with
/// either value, and one branch is taken now, the other in a later pass (Maxim application note 187).
public struct OneWireSearch {
  /// The most chips that are looked for.
  public static var capacity: Int { 8 }

  /// The codes found, in the order of the search; the rest is 0.
  public private(set) var codes = InlineArray<8, UInt64>(repeating: 0)
  /// 0 … 8.
  public private(set) var count = 0

  /// Finds the chips of a family.
  ///
  /// - Parameters:
  ///   - wire: the line; a pass takes about 14 ms on it.
  ///   - family: the low byte of the codes, 0x28 for a DS18B20.
  ///   - limit: the most to look for, 1 … 8.
  /// - Throws: `oneWire` when nobody answers, `checksum` when a code is garbled, `unstable` when a bit has no owner.
  public static func run(
    on wire: some OneWireBus, family: UInt8, limit: Int = capacity
  ) throws(SensorError) -> OneWireSearch {
    precondition(limit >= 1 && limit <= capacity)
    var result = OneWireSearch()
    // The first pass goes towards the family's code: no other chip of the line costs one.
    var code = UInt64(family)
    var forced = 8
    while result.count < limit {
      guard let branch = try pass(on: wire, &code, upTo: forced) else { break }
      guard UInt8(truncatingIfNeeded: code) == family else { break }
      result.codes[result.count] = code
      result.count += 1
      // A choice inside the family's code leads to other families.
      guard branch >= 8 else { break }
      // Next time as now up to the last branch, and there the other way.
      code = code & ((1 << UInt64(branch)) - 1) | 1 << UInt64(branch)
      forced = branch + 1
    }
    return result
  }

  /// One pass: the first `forced` bits go the way of `code`, where there is a choice; after them a choice is 0.
  ///
  /// - Returns: the last bit at which there was a choice and 0 was chosen; −1 without one; `nil` when nobody of the family is
  ///   there. `code` is the chip that was found.
  private static func pass(
    on wire: some OneWireBus, _ code: inout UInt64, upTo forced: Int
  ) throws(SensorError) -> Int? {
    do throws(OneWireError) { try wire.reset() } catch { throw .oneWire(error) }
    wire.write(Command.search.rawValue)
    var branch = -1
    var crc: UInt8 = 0
    var found: UInt64 = 0
    for index in 0..<64 {
      let (bit, complement) = (wire.readBit(), wire.readBit())
      let wanted = index < forced && code >> UInt64(index) & 1 == 1
      var chosen = bit
      if bit && complement { throw .unstable(register: UInt16(Command.search.rawValue)) }
      if !bit && !complement {
        chosen = wanted
        if !chosen { branch = index }
      } else if index < 8, bit != wanted {
        return nil
      }
      wire.write(bit: chosen)
      if chosen { found |= 1 << UInt64(index) }
      if index % 8 == 7 { crc = CRC8.dallas(UInt8(truncatingIfNeeded: found >> UInt64(index - 7)), after: crc) }
    }
    guard crc == 0 else { throw .checksum(register: UInt16(Command.search.rawValue)) }
    code = found
    return branch
  }

  enum Command: UInt8 {
    case search = 0xF0
  }
}
