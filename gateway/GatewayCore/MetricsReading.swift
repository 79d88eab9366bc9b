/// The gateway's OpenMetrics text, read again: what `martlet top` shows.
///
/// ```swift
/// let reading = try MetricsReading(text)
/// reading["martlet_readings_committed_total"]                  // 181990
/// reading.labelled("martlet_messages_refused_total", "reason")  // ["not-json": 3]
/// reading.histogram("martlet_commit_seconds")?.quantile(0.99)
/// ```
public struct MetricsReading: Sendable, Equatable {
  /// A line that is not what OpenMetrics writes.
  public struct Fault: Error, Equatable, CustomStringConvertible {
    /// The line, counted from 1.
    public var line: Int
    /// The line and its words.
    public var description: String
  }

  /// Each sample by its name with labels, as it is written.
  public private(set) var samples: [String: Double] = [:]

  /// Reads a text to its `# EOF`.
  ///
  /// - Throws: at the first line that is no sample, or without the end: half an answer is none.
  public init(_ text: String) throws(Fault) {
    var hasEnded = false
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      if line == "# EOF" { hasEnded = true }
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let space = line.lastIndex(of: " "), let value = Self.number(line[line.index(after: space)...]) else {
        throw Fault(line: number, description: "line \(number) is no metric: '\(line.prefix(80))'")
      }
      samples[String(line[..<space])] = value
    }
    if !hasEnded { throw Fault(line: number, description: "the metrics end without '# EOF'") }
  }

  private static func number(_ text: Substring) -> Double? {
    text == "+Inf" ? .infinity : Double(text)
  }

  /// The sample of this name.
  public subscript(name: String) -> Double? { samples[name] }

  /// The samples of a name by the value of their only label.
  public func labelled(_ name: String, _ label: String) -> [String: Double] {
    let head = "\(name){\(label)=\""
    var found: [String: Double] = [:]
    for (key, value) in samples where key.hasPrefix(head) && key.hasSuffix("\"}") {
      found[String(key.dropFirst(head.count).dropLast(2))] = value
    }
    return found
  }

  /// The buckets of a histogram.
  ///
  /// - Parameter own: its own label as it is written, such as `sink="timescale"`.
  public func histogram(_ name: String, own: String? = nil) -> Buckets? {
    let head = "\(name)_bucket{\(own.map { $0 + "," } ?? "")le=\""
    var found: [(bound: Double, count: Double)] = []
    for (key, value) in samples where key.hasPrefix(head) && key.hasSuffix("\"}") {
      if let bound = Self.number(key.dropFirst(head.count).dropLast(2)) { found.append((bound, value)) }
    }
    return found.isEmpty ? nil : Buckets(cumulated: found.sorted { $0.bound < $1.bound }.map { ($0.bound, $0.count) })
  }

  /// Observations up to each bound.
  public struct Buckets: Sendable {
    var cumulated: [(bound: Double, count: Double)]

    /// What was observed since an earlier reading of the same histogram.
    public func since(_ earlier: Buckets?) -> Buckets {
      guard let earlier, earlier.cumulated.count == cumulated.count else { return self }
      let difference = zip(cumulated, earlier.cumulated).map { ($0.bound, $0.count - $1.count) }
      // A gateway that was started anew counts from 0 again.
      return difference.contains { $0.1 < 0 } ? self : Buckets(cumulated: difference)
    }

    /// The value below which this share of the observations lies, by straight lines within a bucket; `nil` without any.
    /// Beyond the last bound it is infinite.
    public func quantile(_ share: Double) -> Double? {
      guard let total = cumulated.last?.count, total > 0 else { return nil }
      let rank = share * total
      var below = (bound: 0.0, count: 0.0)
      for bucket in cumulated {
        if bucket.count >= rank {
          let inside = bucket.count - below.count
          if bucket.bound == .infinity || inside == 0 { return bucket.bound }
          return below.bound + (bucket.bound - below.bound) * (rank - below.count) / inside
        }
        below = bucket
      }
      return cumulated.last?.bound
    }
  }
}
