/// Who is to be stepped when: a binary heap of moments with an owner each. Every owner has one entry.
struct Timetable {
  private struct Entry {
    var due: UInt64
    var owner: Int
  }

  private var heap: [Entry] = []
  /// Where each owner's entry is.
  private var place: [Int]

  /// A timetable for owners 0 ..< `count`, who are all due at their `first` moment.
  init(count: Int, first: (Int) -> UInt64) {
    place = Array(0..<count)
    heap = (0..<count).map { Entry(due: first($0), owner: $0) }
    for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(index) }
  }

  /// The earliest moment, and whose it is; `nil` without owners.
  var next: (due: UInt64, owner: Int)? { heap.first.map { ($0.due, $0.owner) } }

  /// Moves an owner's moment.
  mutating func set(_ owner: Int, due: UInt64) {
    let index = place[owner]
    heap[index].due = due
    sink(index)
    rise(index)
  }

  /// Of two at the same moment the one with the lower number comes first, so that a run repeats.
  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].due, heap[a].owner) < (heap[b].due, heap[b].owner)
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    place[heap[a].owner] = a
    place[heap[b].owner] = b
  }

  private mutating func rise(_ start: Int) {
    var index = start
    while index > 0, isBefore(index, (index - 1) / 2) {
      swap(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var least = index
      let left = 2 * index + 1
      if left < heap.count, isBefore(left, least) { least = left }
      if left + 1 < heap.count, isBefore(left + 1, least) { least = left + 1 }
      if least == index { return }
      swap(index, least)
      index = least
    }
  }
}
