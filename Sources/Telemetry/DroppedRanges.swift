/// What an outbox had to drop, as at most `DroppedRanges.bound` ranges.
///
/// When a new range would be one too many, the two of the same boot with the smallest gap between them become one: the
/// range then also names readings that are still held. That is allowed on the wire: a reading that arrives although it
/// was named counts as arrived (protocol/payload.md).
public struct DroppedRanges: Equatable, Sendable {
  /// As many as fit a payload of 512 bytes beside the longest other fields.
  public static var bound: Int { 3 }

  private var ranges: InlineArray<3, DroppedRange>
  /// How many ranges there are.
  public private(set) var count: Int
  /// Readings dropped since the start, each counted once.
  public private(set) var total: UInt32

  /// Nothing dropped.
  public init() {
    ranges = InlineArray(repeating: DroppedRange(boot: 0, first: 0, last: 0))
    count = 0
    total = 0
  }

  /// Whether there is nothing to tell.
  public var isEmpty: Bool { count == 0 }

  /// The range at `index`, 0 ..< `count`, in the order of dropping.
  public subscript(index: Int) -> DroppedRange {
    precondition(index >= 0 && index < count)
    return ranges[index]
  }

  /// Notes one dropped reading.
  public mutating func insert(boot: UInt32, seq: UInt32) {
    total = total == .max ? .max : total + 1
    for index in 0..<count where ranges[index].boot == boot {
      if seq >= ranges[index].first, seq <= ranges[index].last { return }
      if ranges[index].last != .max, seq == ranges[index].last + 1 {
        ranges[index].last = seq
        mergeTouching(index)
        return
      }
      if seq != .max, seq + 1 == ranges[index].first {
        ranges[index].first = seq
        mergeTouching(index)
        return
      }
    }
    if count == Self.bound { makeRoom(for: boot, seq) } else { append(boot, seq) }
  }

  /// Forgets the ranges: the gateway knows them.
  public mutating func removeAll() {
    count = 0
  }

  private mutating func append(_ boot: UInt32, _ seq: UInt32) {
    ranges[count] = DroppedRange(boot: boot, first: seq, last: seq)
    count += 1
  }

  private mutating func remove(at position: Int) {
    for index in position..<(count - 1) { ranges[index] = ranges[index + 1] }
    count -= 1
  }

  /// After range `index` grew: joins a neighbour it now touches.
  private mutating func mergeTouching(_ index: Int) {
    for other in 0..<count where other != index && ranges[other].boot == ranges[index].boot {
      let touchesAbove = ranges[index].last != .max && ranges[index].last + 1 == ranges[other].first
      let touchesBelow = ranges[other].last != .max && ranges[other].last + 1 == ranges[index].first
      guard touchesAbove || touchesBelow else { continue }
      ranges[index].first = min(ranges[index].first, ranges[other].first)
      ranges[index].last = max(ranges[index].last, ranges[other].last)
      remove(at: other)
      return
    }
  }

  /// Widens the range of the same boot that is nearest, or, when there is none, gives up the oldest boot's range.
  private mutating func makeRoom(for boot: UInt32, _ seq: UInt32) {
    var nearest: Int?
    var smallestGap = UInt32.max
    for index in 0..<count where ranges[index].boot == boot {
      let gap = seq > ranges[index].last ? seq - ranges[index].last : ranges[index].first - seq
      if nearest == nil || gap < smallestGap {
        smallestGap = gap
        nearest = index
      }
    }
    guard let nearest else {
      remove(at: 0)
      append(boot, seq)
      return
    }
    ranges[nearest].first = min(ranges[nearest].first, seq)
    ranges[nearest].last = max(ranges[nearest].last, seq)
  }

  /// Appends `,"dropped":[[1100,1130]]`; ranges of another boot carry its number first: `[16,7,9]`.
  func encode<let capacity: Int>(seenFrom boot: UInt32, into output: inout InlineBytes<capacity>) {
    guard count > 0 else { return }
    output.append(",\"dropped\":[")
    for index in 0..<count {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      output.append(UInt8(ascii: "["))
      if ranges[index].boot != boot {
        output.append(unsigned: UInt64(ranges[index].boot))
        output.append(UInt8(ascii: ","))
      }
      output.append(unsigned: UInt64(ranges[index].first))
      output.append(UInt8(ascii: ","))
      output.append(unsigned: UInt64(ranges[index].last))
      output.append(UInt8(ascii: "]"))
    }
    output.append(UInt8(ascii: "]"))
  }

  /// Whether both name the same ranges in the same order; `total` does not count.
  public static func == (left: DroppedRanges, right: DroppedRanges) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.ranges[index] != right.ranges[index] { return false }
    return true
  }

  /// Adds a range that was read from a payload; ranges beyond the bound are left out.
  mutating func add(_ range: DroppedRange) {
    guard count < Self.bound else { return }
    ranges[count] = range
    count += 1
  }
}
