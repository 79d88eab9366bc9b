import Testing

@testable import GatewayCore

@Suite struct OpenMetricsTests {
  @Test func gatewayMetricsAreThisText() {
    let metrics = GatewayMetrics()
    metrics.received(4)
    metrics.committed(new: 2, duplicates: 1)
    metrics.acknowledged(3)
    metrics.refused(reason: "not-json")
    metrics.deviceLogged(level: "warning")
    metrics.sinkState("timescale", up: true)
    metrics.delivered(sink: "timescale", rows: 2, duplicates: 0)
    metrics.sent(sink: "timescale", messages: 4, bytes: 900)
    metrics.sinkRefused("timescale", readings: 1)
    metrics.brokerState(up: true)
    metrics.storeState(
      StoreStatistics(
        entries: 9, lastID: 12, deadLetters: 1, bytes: 4_096, cursors: ["timescale": 10, "gone": 1],
        missed: ["timescale": 5]))
    metrics.commitSeconds(0.0008)
    metrics.commitSeconds(0.75)
    metrics.commitSeconds(.infinity)
    let text = metrics.snapshot.openMetrics(devices: FleetCensus(online: 3, silent: 1))
    #expect(
      text == """
        # TYPE martlet_messages_received counter
        # HELP martlet_messages_received Messages that came from the broker.
        martlet_messages_received_total 4
        # TYPE martlet_readings_committed counter
        # HELP martlet_readings_committed Readings made durable in the journal.
        martlet_readings_committed_total 2
        # TYPE martlet_readings_duplicate counter
        # HELP martlet_readings_duplicate Readings that were in the journal already.
        martlet_readings_duplicate_total 1
        # TYPE martlet_readings_acknowledged counter
        # HELP martlet_readings_acknowledged Readings acknowledged to their devices.
        martlet_readings_acknowledged_total 3
        # TYPE martlet_messages_refused counter
        # HELP martlet_messages_refused Messages that became dead letters.
        martlet_messages_refused_total{reason="not-json"} 1
        # TYPE martlet_device_log_lines counter
        # HELP martlet_device_log_lines Messages on the log topics of devices.
        martlet_device_log_lines_total{level="warning"} 1
        # TYPE martlet_readings_looped counter
        # HELP martlet_readings_looped Relayed readings that came back to a gateway they had been through.
        martlet_readings_looped_total 0
        # TYPE martlet_sink_rows counter
        # HELP martlet_sink_rows Rows written by a sink.
        martlet_sink_rows_total{sink="timescale"} 2
        # TYPE martlet_sink_duplicates counter
        # HELP martlet_sink_duplicates Rows the far side of a sink had already.
        martlet_sink_duplicates_total{sink="timescale"} 0
        # TYPE martlet_sink_sent counter
        # HELP martlet_sink_sent Messages handed to a far broker; those that went again count again.
        martlet_sink_sent_total{sink="timescale"} 4
        # TYPE martlet_sink_sent_bytes counter
        # HELP martlet_sink_sent_bytes Bytes of topics and payloads handed to a far broker.
        martlet_sink_sent_bytes_total{sink="timescale"} 900
        # TYPE martlet_sink_refused counter
        # HELP martlet_sink_refused Readings the far side of a sink refused; they are dead letters.
        martlet_sink_refused_total{sink="timescale"} 1
        # TYPE martlet_sink_missed counter
        # HELP martlet_sink_missed Readings that left a full journal before a sink had them.
        martlet_sink_missed_total{sink="timescale"} 5
        # TYPE martlet_sink_up gauge
        # HELP martlet_sink_up 1 while the far side of a sink answers.
        martlet_sink_up{sink="timescale"} 1
        # TYPE martlet_sink_lag_entries gauge
        # UNIT martlet_sink_lag_entries entries
        # HELP martlet_sink_lag_entries Journal entries a sink has still before it.
        martlet_sink_lag_entries{sink="timescale"} 2
        # TYPE martlet_sink_oldest_seconds gauge
        # UNIT martlet_sink_oldest_seconds seconds
        # HELP martlet_sink_oldest_seconds How long the oldest entry waits that a sink has not got.
        martlet_sink_oldest_seconds{sink="timescale"} 0.0
        # TYPE martlet_delivery_seconds histogram
        # UNIT martlet_delivery_seconds seconds
        # HELP martlet_delivery_seconds From a reading's arrival to the commit in a sink.
        martlet_delivery_seconds_bucket{sink="timescale",le="0.001"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.0025"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.005"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.01"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.025"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.05"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.1"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.25"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="0.5"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="1.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="2.5"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="5.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="10.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="60.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="600.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="3600.0"} 0
        martlet_delivery_seconds_bucket{sink="timescale",le="+Inf"} 0
        martlet_delivery_seconds_count{sink="timescale"} 0
        martlet_delivery_seconds_sum{sink="timescale"} 0.0
        # TYPE martlet_broker_up gauge
        # HELP martlet_broker_up 1 while the broker connection stands.
        martlet_broker_up 1
        # TYPE martlet_journal_entries gauge
        # UNIT martlet_journal_entries entries
        # HELP martlet_journal_entries Entries in the journal.
        martlet_journal_entries 9
        # TYPE martlet_journal_bytes gauge
        # UNIT martlet_journal_bytes bytes
        # HELP martlet_journal_bytes Bytes of the journal on disk.
        martlet_journal_bytes 4096
        # TYPE martlet_gaps_open gauge
        # HELP martlet_gaps_open Gaps in the numbering of readings that are open.
        martlet_gaps_open 0
        # TYPE martlet_readings_missing gauge
        # HELP martlet_readings_missing Readings in open gaps: made and not arrived.
        martlet_readings_missing 0
        # TYPE martlet_readings_repaired counter
        # HELP martlet_readings_repaired Readings of gaps that came after all.
        martlet_readings_repaired_total 0
        # TYPE martlet_readings_lost counter
        # HELP martlet_readings_lost Readings known to be lost, by hop and cause.
        # TYPE martlet_journals_set_aside counter
        # HELP martlet_journals_set_aside Journals found damaged at the start and set aside.
        martlet_journals_set_aside_total 0
        # TYPE martlet_journal_entries_unreadable counter
        # HELP martlet_journal_entries_unreadable Entries of a damaged journal that could not be taken over.
        martlet_journal_entries_unreadable_total 0
        # TYPE martlet_dead_letters gauge
        # HELP martlet_dead_letters Dead letters kept in the journal.
        martlet_dead_letters 1
        # TYPE martlet_devices gauge
        # HELP martlet_devices Devices by state.
        martlet_devices{state="offline"} 0
        martlet_devices{state="online"} 3
        martlet_devices{state="silent"} 1
        # TYPE martlet_messages_held gauge
        # HELP martlet_messages_held Messages that are read and wait for room in the journal.
        martlet_messages_held 0
        # TYPE martlet_acknowledgement_seconds histogram
        # UNIT martlet_acknowledgement_seconds seconds
        # HELP martlet_acknowledgement_seconds From the first byte of a batch to its acknowledgements on the wire.
        martlet_acknowledgement_seconds_bucket{le="0.0005"} 0
        martlet_acknowledgement_seconds_bucket{le="0.001"} 0
        martlet_acknowledgement_seconds_bucket{le="0.0025"} 0
        martlet_acknowledgement_seconds_bucket{le="0.005"} 0
        martlet_acknowledgement_seconds_bucket{le="0.01"} 0
        martlet_acknowledgement_seconds_bucket{le="0.025"} 0
        martlet_acknowledgement_seconds_bucket{le="0.05"} 0
        martlet_acknowledgement_seconds_bucket{le="0.1"} 0
        martlet_acknowledgement_seconds_bucket{le="0.25"} 0
        martlet_acknowledgement_seconds_bucket{le="0.5"} 0
        martlet_acknowledgement_seconds_bucket{le="1.0"} 0
        martlet_acknowledgement_seconds_bucket{le="2.5"} 0
        martlet_acknowledgement_seconds_bucket{le="5.0"} 0
        martlet_acknowledgement_seconds_bucket{le="+Inf"} 0
        martlet_acknowledgement_seconds_count 0
        martlet_acknowledgement_seconds_sum 0.0
        # TYPE martlet_commit_seconds histogram
        # UNIT martlet_commit_seconds seconds
        # HELP martlet_commit_seconds How long a journal commit takes.
        martlet_commit_seconds_bucket{le="0.0005"} 0
        martlet_commit_seconds_bucket{le="0.001"} 1
        martlet_commit_seconds_bucket{le="0.0025"} 1
        martlet_commit_seconds_bucket{le="0.005"} 1
        martlet_commit_seconds_bucket{le="0.01"} 1
        martlet_commit_seconds_bucket{le="0.025"} 1
        martlet_commit_seconds_bucket{le="0.05"} 1
        martlet_commit_seconds_bucket{le="0.1"} 1
        martlet_commit_seconds_bucket{le="0.25"} 1
        martlet_commit_seconds_bucket{le="0.5"} 1
        martlet_commit_seconds_bucket{le="1.0"} 2
        martlet_commit_seconds_bucket{le="2.5"} 2
        martlet_commit_seconds_bucket{le="5.0"} 2
        martlet_commit_seconds_bucket{le="+Inf"} 3
        martlet_commit_seconds_count 3
        martlet_commit_seconds_sum +Inf
        # EOF

        """)
  }

  @Test func labelsAreEscaped() {
    #expect(OpenMetrics.escaped("a\"b\\c\nd\r\ne") == "a\\\"b\\\\c\\nd\r\\ne")
  }

  @Test func hostileReasonsAreCountedTogetherBeyondTheBound() {
    let metrics = GatewayMetrics()
    for index in 0..<1_000 { metrics.refused(reason: "r\(index)") }
    let refused = metrics.snapshot.refused
    #expect(refused.count == GatewayMetrics.labelLimit + 1)
    #expect(refused["other"] == 1_000 - GatewayMetrics.labelLimit)
  }

  @Test func clockThatStepsBackCountsAsZeroSeconds() {
    var histogram = Histogram.commit
    histogram.observe(-3)
    histogram.observe(.nan)
    #expect(histogram.count == 2 && histogram.sum == 0)
    #expect(histogram.counts.first == 2)
  }
}
