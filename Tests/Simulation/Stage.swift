import GatewayCore
import Glibc

/// Virtual time: events in the order of their time, and players of whom exactly one runs, so that a seed gives the same
/// story again.
///
/// Everything in this folder is touched only by whoever runs at the moment, the stage or the one player it let on; hence
/// `@unchecked Sendable` throughout.
final class Stage: @unchecked Sendable {
  private struct Event {
    var time: Int64
    var order: Int
    var body: () -> Void

    func isBefore(_ other: Event) -> Bool { time < other.time || time == other.time && order < other.order }
  }

  /// Microseconds since the beginning.
  private(set) var now: Int64 = 0
  private var heap: [Event] = []
  private var order = 0
  fileprivate let turn = Baton()

  /// Has `body` happen after `microseconds`; at once still means after what is happening now.
  func after(_ microseconds: Int64, _ body: @escaping () -> Void) {
    order += 1
    heap.append(Event(time: now + max(0, microseconds), order: order, body: body))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Lets time pass until `end`, or until `isOver` says so after an event.
  func run(until end: Int64, _ isOver: () -> Bool = { false }) {
    while let next = heap.first, next.time <= end {
      now = next.time
      removeFirst()
      next.body()
      if isOver() { return }
    }
    now = max(now, end)
  }

  private func removeFirst() {
    heap[0] = heap[heap.count - 1]
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

/// A semaphore between two threads.
private final class Baton: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func give() { sem_post(semaphore) }

  func take() { while sem_wait(semaphore) != 0 {} }
}

/// A thread of the gateway's on the stage: runs until it waits, then the stage goes on.
final class Player: CommitSignal.Waiting, @unchecked Sendable {
  /// Who waits for nothing in particular is woken later and later, at most after this: as a busy machine may do, and so
  /// that a year need not be walked through in seconds.
  private static let latest: Int64 = 4 * 3_600_000_000

  private let stage: Stage
  private let name: String
  private let turn = Baton()
  private var thread: DedicatedThread?
  private var isWaiting = false
  /// Which wait is under way; an event of an older one does nothing.
  private var waits = 0
  private var idleWaits = 0
  private var isDone = false
  private var ended: (() -> Void)?

  init(_ stage: Stage, name: String) {
    self.stage = stage
    self.name = name
  }

  /// Begins `body` now; `ended` happens when it has returned and its thread is gone.
  func start(_ body: @escaping @Sendable () -> Void, ended: @escaping () -> Void) {
    self.ended = ended
    thread = DedicatedThread(name: name) { [self] in
      turn.take()
      body()
      isDone = true
      stage.turn.give()
    }
    isWaiting = true
    wake()
  }

  /// On the player's own thread: lets at least `seconds` pass, unless woken.
  func wait(seconds: Double) {
    waits += 1
    let wait = waits
    isWaiting = true
    let microseconds = Int64(max(0.000_001, seconds) * 1e6)
    stage.after(max(microseconds, min(microseconds << Int64(min(4 * idleWaits, 20)), Self.latest))) { [self] in
      if waits == wait, isWaiting { resume() }
    }
    idleWaits += 1
    stage.turn.give()
    turn.take()
  }

  /// Ends the wait under way.
  func wake() {
    guard isWaiting else { return }
    waits += 1
    idleWaits = 0
    let wait = waits
    stage.after(200) { [self] in
      if waits == wait, isWaiting { resume() }
    }
  }

  /// On the stage: the player's turn, until it waits or ends.
  private func resume() {
    isWaiting = false
    turn.give()
    stage.turn.take()
    guard isDone, let ended else { return }
    thread?.join()
    thread = nil
    self.ended = nil
    ended()
  }
}
