/// A point on the monotonic clock, or never.
struct Deadline {
  private let end: ContinuousClock.Instant?
  /// How long it was from the start, for messages.
  let span: String

  init(_ milliseconds: Int?) {
    end = milliseconds.map { .now + .milliseconds($0) }
    span = milliseconds.map { "\($0) ms" } ?? "any time"
  }

  var hasPassed: Bool { end.map { .now >= $0 } ?? false }

  /// For `poll`: rounded up, −1 for ever.
  var remainingMilliseconds: Int32 {
    guard let end else { return -1 }
    let left = ContinuousClock.now.duration(to: end).components
    let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
    return Int32(clamping: max(0, milliseconds))
  }
}
