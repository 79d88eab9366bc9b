/// Writes metrics as the OpenMetrics text that Prometheus, the Datadog agent and others scrape.
///
/// ```swift
/// var text = OpenMetrics()
/// text.counter("martlet_messages_received", help: "Messages from the broker.", 42)
/// text.finish()  // … "# EOF\n"
/// ```
///
/// Source: the OpenMetrics specification 1.0.0: a family is TYPE, UNIT, HELP and its samples without a break; a
/// counter's sample ends in `_total`, its family's name does not; a unit is the last word of the family's name; the
/// text ends in `# EOF`.
public struct OpenMetrics: Sendable {
  /// What the text is served as.
  public static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// What is written so far.
  public private(set) var text = ""

  /// Nothing written.
  public init() {}

  /// Writes a counter without labels.
  public mutating func counter(_ family: String, help: String, _ value: Int) {
    counter(family, help: help, label: nil, [("", value)])
  }

  /// Writes a counter with one label.
  public mutating func counter(_ family: String, help: String, label: String?, _ samples: [(String, Int)]) {
    head(family, type: "counter", unit: nil, help: help)
    for (value, count) in samples { sample("\(family)_total", label, value, "\(count)") }
  }

  /// Writes a gauge without labels.
  public mutating func gauge(_ family: String, unit: String? = nil, help: String, _ value: Int64) {
    gauge(family, unit: unit, help: help, label: nil, [("", value)])
  }

  /// Writes a gauge with one label.
  public mutating func gauge(
    _ family: String, unit: String? = nil, help: String, label: String?, _ samples: [(String, Int64)]
  ) {
    head(family, type: "gauge", unit: unit, help: help)
    for (value, level) in samples { sample(family, label, value, "\(level)") }
  }

  /// Writes a gauge with one label, in fractions.
  public mutating func gauge(
    _ family: String, unit: String? = nil, help: String, label: String?, seconds samples: [(String, Double)]
  ) {
    head(family, type: "gauge", unit: unit, help: help)
    for (value, level) in samples { sample(family, label, value, "\(level)") }
  }

  /// Writes a histogram, its buckets cumulated as the format wants them.
  public mutating func histogram(_ family: String, unit: String? = nil, help: String, _ histogram: Histogram) {
    self.histogram(family, unit: unit, help: help, label: nil, [("", histogram)])
  }

  /// Writes a histogram with one label.
  public mutating func histogram(
    _ family: String, unit: String? = nil, help: String, label: String?, _ samples: [(String, Histogram)]
  ) {
    head(family, type: "histogram", unit: unit, help: help)
    for (value, histogram) in samples {
      let own = label.map { "\($0)=\"\(Self.escaped(value))\"" }
      var cumulated = 0
      for (bound, count) in zip(histogram.bounds, histogram.counts) {
        cumulated += count
        bucket(family, own, "\(bound)", cumulated)
      }
      bucket(family, own, "+Inf", histogram.count)
      sample("\(family)_count", label, value, "\(histogram.count)")
      sample("\(family)_sum", label, value, histogram.sum == .infinity ? "+Inf" : "\(histogram.sum)")
    }
  }

  private mutating func bucket(_ family: String, _ own: String?, _ bound: String, _ count: Int) {
    text += "\(family)_bucket{\(own.map { $0 + "," } ?? "")le=\"\(bound)\"} \(count)\n"
  }

  /// Ends the text; nothing may follow.
  public mutating func finish() {
    text += "# EOF\n"
  }

  private mutating func head(_ family: String, type: String, unit: String?, help: String) {
    text += "# TYPE \(family) \(type)\n"
    if let unit { text += "# UNIT \(family) \(unit)\n" }
    text += "# HELP \(family) \(Self.escaped(help))\n"
  }

  private mutating func sample(_ name: String, _ label: String?, _ labelValue: String, _ value: String) {
    text += name
    if let label { text += "{\(label)=\"\(Self.escaped(labelValue))\"}" }
    text += " \(value)\n"
  }

  /// Escapes backslash, quote and line feed, which is all the format asks for.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    escaped.unicodeScalars.reserveCapacity(text.unicodeScalars.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension MetricsSnapshot {
  /// The gateway's metrics as OpenMetrics text, labels sorted, so that two scrapes of the same state are the same bytes.
  ///
  /// - Parameter devices: how many devices are in each state, from `Fleet.census`.
  public func openMetrics(devices: FleetCensus) -> String {
    var text = OpenMetrics()
    text.counter("martlet_messages_received", help: "Messages that came from the broker.", received)
    text.counter("martlet_readings_committed", help: "Readings made durable in the journal.", committed)
    text.counter("martlet_readings_duplicate", help: "Readings that were in the journal already.", duplicates)
    text.counter("martlet_readings_acknowledged", help: "Readings acknowledged to their devices.", acknowledged)
    text.counter(
      "martlet_messages_refused", help: "Messages that became dead letters.", label: "reason",
      refused.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    text.counter(
      "martlet_device_log_lines", help: "Messages on the log topics of devices.", label: "level",
      deviceLogLines.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })

    text.counter(
      "martlet_readings_looped", help: "Relayed readings that came back to a gateway they had been through.", looped)

    let sinks = sinks.sorted { $0.key < $1.key }
    text.counter(
      "martlet_sink_rows", help: "Rows written by a sink.", label: "sink", sinks.map { ($0.key, $0.value.rows) })
    text.counter(
      "martlet_sink_duplicates", help: "Rows the far side of a sink had already.", label: "sink",
      sinks.map { ($0.key, $0.value.duplicates) })
    text.counter(
      "martlet_sink_sent", help: "Messages handed to a far broker; those that went again count again.", label: "sink",
      sinks.map { ($0.key, $0.value.sent) })
    text.counter(
      "martlet_sink_sent_bytes", help: "Bytes of topics and payloads handed to a far broker.", label: "sink",
      sinks.map { ($0.key, $0.value.sentBytes) })
    text.counter(
      "martlet_sink_refused", help: "Readings the far side of a sink refused; they are dead letters.", label: "sink",
      sinks.map { ($0.key, $0.value.refused) })
    text.counter(
      "martlet_sink_missed", help: "Readings that left a full journal before a sink had them.", label: "sink",
      sinks.map { ($0.key, $0.value.missed) })
    text.gauge(
      "martlet_sink_up", help: "1 while the far side of a sink answers.", label: "sink",
      sinks.map { ($0.key, $0.value.isUp ? 1 : 0) })
    text.gauge(
      "martlet_sink_lag_entries", unit: "entries", help: "Journal entries a sink has still before it.", label: "sink",
      sinks.map { ($0.key, $0.value.lagEntries) })

    text.gauge(
      "martlet_sink_oldest_seconds", unit: "seconds", help: "How long the oldest entry waits that a sink has not got.",
      label: "sink", seconds: sinks.map { ($0.key, $0.value.oldestSeconds) })
    text.histogram(
      "martlet_delivery_seconds", unit: "seconds", help: "From a reading's arrival to the commit in a sink.",
      label: "sink", sinks.map { ($0.key, $0.value.latencySeconds) })

    text.gauge("martlet_broker_up", help: "1 while the broker connection stands.", isBrokerUp ? 1 : 0)
    text.gauge("martlet_journal_entries", unit: "entries", help: "Entries in the journal.", journalEntries)
    text.gauge("martlet_journal_bytes", unit: "bytes", help: "Bytes of the journal on disk.", journalBytes)
    text.gauge("martlet_gaps_open", help: "Gaps in the numbering of readings that are open.", gaps.openGaps)
    text.gauge(
      "martlet_readings_missing", unit: nil, help: "Readings in open gaps: made and not arrived.", gaps.openReadings)
    text.counter(
      "martlet_readings_repaired", help: "Readings of gaps that came after all.", Int(gaps.repairedReadings))
    text.counter(
      "martlet_readings_lost", help: "Readings known to be lost, by hop and cause.", label: "reason",
      gaps.lostReadings.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { ($0.key, Int($0.value)) })
    text.counter(
      "martlet_journals_set_aside", help: "Journals found damaged at the start and set aside.", journalsSetAside)
    text.counter(
      "martlet_journal_entries_unreadable", help: "Entries of a damaged journal that could not be taken over.",
      journalEntriesUnreadable)
    text.gauge("martlet_dead_letters", help: "Dead letters kept in the journal.", deadLetters)
    text.gauge(
      "martlet_devices", help: "Devices by state.", label: "state",
      [
        ("offline", Int64(devices.offline)), ("online", Int64(devices.online)), ("silent", Int64(devices.silent)),
      ])
    text.gauge(
      "martlet_messages_held", help: "Messages that are read and wait for room in the journal.", Int64(held))
    text.histogram(
      "martlet_acknowledgement_seconds", unit: "seconds",
      help: "From the first byte of a batch to its acknowledgements on the wire.", acknowledgementSeconds)
    text.histogram("martlet_commit_seconds", unit: "seconds", help: "How long a journal commit takes.", commitSeconds)
    text.finish()
    return text.text
  }
}
