import Glibc

/// Milliseconds of the machine; wraps, as a board's.
func milliseconds() -> UInt32 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt32(truncatingIfNeeded: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
}

/// Looks again and again until there is something, for five seconds at most.
func wait<Value>(until look: () -> Value?) -> Value? {
  let start = milliseconds()
  while milliseconds() &- start < 5000 {
    if let value = look() { return value }
    usleep(2000)
  }
  return nil
}
