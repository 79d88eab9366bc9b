/// How a sink that was away catches up: new readings at once, the backlog behind them in slices.
///
/// A slice that is under way is what a new reading may have to wait for. Its size therefore follows the far side: halved when
/// one took longer than `holdSeconds`, doubled when it took less than half of that.
public struct LiveFirst: Sendable, Equatable {
  /// How old the oldest undelivered reading has to be for this to begin, in seconds; below it everything goes in order.
  public var behindSeconds = 5.0
  /// How long one slice of the backlog may hold up new readings, in seconds.
  public var holdSeconds = 0.25
  /// The most rows of the backlog a second; `nil`: as many as the far side takes.
  public var rowsPerSecond: Int?

  /// The most stretches that are delivered ahead of a hole; each further outage during a catch-up makes one.
  static let stretchLimit = 16
  /// The smallest slice.
  static let sliceMinimum = 50

  /// The defaults.
  public init() {}
}

/// The pace of one catch-up.
struct BacklogPace {
  private let rules: LiveFirst
  private let limit: Int
  /// How many entries the next slice has at most.
  private(set) var slice: Int
  /// When the next slice may go, by the monotonic clock.
  private(set) var dueSeconds = 0.0

  /// - Parameter limit: the most entries of one delivery.
  init(_ rules: LiveFirst, limit: Int) {
    self.rules = rules
    self.limit = limit
    slice = min(limit, 1000)
  }

  /// A slice of `rows` went from `start` to `end`.
  mutating func went(_ rows: Int, from start: Double, to end: Double) {
    let took = end - start
    if took > rules.holdSeconds {
      slice = max(min(LiveFirst.sliceMinimum, limit), slice / 2)
    } else if took < rules.holdSeconds / 2 {
      slice = min(limit, slice * 2)
    }
    dueSeconds = rules.rowsPerSecond.map { start + Double(rows) / Double(max(1, $0)) } ?? end
  }
}
