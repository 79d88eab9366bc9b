import Glibc

/// Tells sleeping threads that the store has grown.
///
/// Notifications are counted, so that one between a look and the wait is not missed:
///
/// ```swift
/// let seen = signal.count
/// if try store.entries(after: cursor, limit: 1).isEmpty { _ = signal.wait(beyond: seen, seconds: 5) }
/// ```
public final class CommitSignal: @unchecked Sendable {
  /// Who waits in the threads' place where time is not the machine's.
  public protocol Waiting: Sendable {
    /// Returns after `seconds`, or earlier when woken.
    func wait(seconds: Double)
    /// Ends a wait under way.
    func wake()
  }

  private let waiting: (any Waiting)?
  // Guarded by `mutex`; a condition variable needs a stable address, hence the pointers.
  private var notifications: UInt64 = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// A signal nobody gave yet.
  public init(waiting: (any Waiting)? = nil) {
    self.waiting = waiting
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A step of the wall clock must neither wake nor hang a sink.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    condition.initialize(to: pthread_cond_t())
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// How many notifications there were.
  public var count: UInt64 {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return notifications
  }

  /// Wakes everyone who waits.
  public func notify() {
    pthread_mutex_lock(mutex)
    notifications += 1
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
    waiting?.wake()
  }

  /// Waits for a notification beyond the `seen`-th, at most `seconds`.
  ///
  /// - Returns: how many there were by then.
  public func wait(beyond seen: UInt64, seconds: Double) -> UInt64 {
    if let waiting {
      if count <= seen { waiting.wait(seconds: seconds) }
      return count
    }
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    let nanoseconds = Int64(end.tv_nsec) + Int64(max(0, min(seconds, 86_400)) * 1e9)
    end.tv_sec += Int(nanoseconds / 1_000_000_000)
    end.tv_nsec = Int(nanoseconds % 1_000_000_000)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while notifications <= seen {
      if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT { break }
    }
    return notifications
  }
}
