/// The gateway's stages as a table for a person: what came, what is durable, acknowledged, delivered, refused.
///
/// A pure function of one or two readings of the metrics; with two it tells rates, and latencies of the time between.
public struct StageTable {
  private let now: MetricsReading
  private let before: MetricsReading?
  private let seconds: Double

  /// - Parameters:
  ///   - before: an earlier reading, for rates.
  ///   - seconds: how long ago that was, above 0.
  public init(_ now: MetricsReading, since before: MetricsReading? = nil, seconds: Double = 1) {
    self.now = now
    self.before = before
    self.seconds = seconds
  }

  /// The table, a line each.
  public var lines: [String] {
    let sinks = now.labelled("martlet_sink_up", "sink").sorted { $0.key < $1.key }
    var lines = [
      "broker \(word(now["martlet_broker_up"]))" + sinks.map { "   \($0.key) \(word($0.value))" }.joined(),
      Self.row(["stage", "total", "per second", "waiting", "oldest", "p50", "p99"]),
      stage("received", "martlet_messages_received_total", waiting: now["martlet_messages_held"]),
      stage("committed", "martlet_readings_committed_total", latency: ("martlet_commit_seconds", nil)),
      stage("acked", "martlet_readings_acknowledged_total", latency: ("martlet_acknowledgement_seconds", nil)),
    ]
    for (sink, _) in sinks {
      let own = "sink=\"\(sink)\""
      lines.append(
        stage(
          "delivered", "martlet_sink_rows_total{\(own)}", waiting: now["martlet_sink_lag_entries{\(own)}"],
          oldest: now["martlet_sink_oldest_seconds{\(own)}"], latency: ("martlet_delivery_seconds", own)))
    }
    let refused = now.labelled("martlet_messages_refused_total", "reason")
    let refusedBefore = before?.labelled("martlet_messages_refused_total", "reason")
    lines.append(
      Self.row([
        "refused", Self.count(refused.values.reduce(0, +)),
        rate(refused.values.reduce(0, +), refusedBefore?.values.reduce(0, +)), "", "", "", "",
      ]))
    for (reason, count) in refused.sorted(by: { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }).prefix(
      5)
    {
      lines.append("  \(reason): \(Self.count(count))")
    }
    let duplicates = now["martlet_readings_duplicate_total"] ?? 0
    let lost = now.labelled("martlet_readings_lost_total", "reason")
    lines.append(
      "redelivered \(Self.count(duplicates))   missing \(Self.count(now["martlet_readings_missing"] ?? 0))"
        + "   repaired \(Self.count(now["martlet_readings_repaired_total"] ?? 0))"
        + "   lost \(Self.count(lost.values.reduce(0, +)))")
    let devices = now.labelled("martlet_devices", "state")
    lines.append(
      "journal \(Self.count(now["martlet_journal_entries"] ?? 0)) entries,"
        + " \(Self.megabytes(now["martlet_journal_bytes"] ?? 0)), \(Self.count(now["martlet_dead_letters"] ?? 0)) dead letters"
        + "   devices "
        + ["online", "silent", "offline"].map { "\(Self.count(devices[$0] ?? 0)) \($0)" }.joined(separator: ", "))
    return lines
  }

  private func stage(
    _ name: String, _ counter: String, waiting: Double? = nil, oldest: Double? = nil,
    latency: (name: String, own: String?)? = nil
  ) -> String {
    let total = now[counter] ?? 0
    let buckets = latency.flatMap { latency in
      now.histogram(latency.name, own: latency.own)?.since(before?.histogram(latency.name, own: latency.own))
    }
    return Self.row([
      name, Self.count(total), rate(total, before?[counter]), waiting.map(Self.count) ?? "",
      oldest.map(Self.duration) ?? "", buckets?.quantile(0.5).map(Self.duration) ?? "",
      buckets?.quantile(0.99).map(Self.duration) ?? "",
    ])
  }

  private func rate(_ total: Double, _ earlier: Double?) -> String {
    guard let earlier else { return "" }
    return Self.count((max(0, total - earlier) / seconds).rounded())
  }

  private func word(_ isUp: Double?) -> String { isUp == 1 ? "up" : "DOWN" }

  private static let widths = [11, 14, 12, 10, 10, 10, 10]

  private static func row(_ cells: [String]) -> String {
    var line = ""
    for (index, (cell, width)) in zip(cells, widths).enumerated() {
      let gap = String(repeating: " ", count: max(0, width - cell.count))
      line += index == 0 ? cell + gap : gap + cell
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  /// 182000 as `182,000`.
  static func count(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    var digits = Array(String(Int64(value.rounded())))
    var position = digits.count - 3
    while position > (digits.first == "-" ? 1 : 0) {
      digits.insert(",", at: position)
      position -= 3
    }
    return String(digits)
  }

  /// Seconds in the unit a person would say.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<0.01: "\((seconds * 10_000).rounded() / 10) ms"
    case ..<1: "\(Int((seconds * 1000).rounded())) ms"
    case ..<120: "\((seconds * 10).rounded() / 10) s"
    case ..<7200: "\(Int((seconds / 60).rounded())) min"
    case ..<Double.infinity: "\(Int((seconds / 3600).rounded())) h"
    default: "beyond"
    }
  }

  private static func megabytes(_ bytes: Double) -> String { "\((bytes / 100_000).rounded() / 10) MB" }
}
