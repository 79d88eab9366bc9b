import GatewayCore
import Testing

@Suite struct StageTableTests {
  private func metrics() -> GatewayMetrics {
    let metrics = GatewayMetrics()
    metrics.brokerState(up: true)
    metrics.sinkState("timescale", up: false)
    metrics.received(182_000)
    metrics.committed(new: 181_990, duplicates: 7)
    metrics.acknowledged(181_990)
    for _ in 0..<98 { metrics.commitSeconds(0.002) }
    for _ in 0..<2 { metrics.commitSeconds(0.2) }
    metrics.acknowledgementSeconds(0.003)
    metrics.delivered(sink: "timescale", rows: 181_000, duplicates: 0)
    metrics.delivered(sink: "timescale", latencies: [20_000, 20_000, 20_000])
    metrics.sinkLag("timescale", entries: 990)
    metrics.sinkAge("timescale", seconds: 1.24)
    metrics.refused(reason: "wrong-type")
    metrics.refused(reason: "not-json")
    metrics.refused(reason: "not-json")
    return metrics
  }

  private func reading(_ metrics: GatewayMetrics) throws -> MetricsReading {
    try MetricsReading(metrics.snapshot.openMetrics(devices: FleetCensus(online: 12, silent: 1)))
  }

  @Test func oneReadingIsThisTable() throws {
    #expect(
      try StageTable(reading(metrics())).lines.joined(separator: "\n") == """
        broker up   timescale DOWN
        stage               total  per second   waiting    oldest       p50       p99
        received          182,000                     0
        committed         181,990                                    1.8 ms    175 ms
        acked             181,990                                    3.8 ms    5.0 ms
        delivered         181,000                   990     1.2 s     18 ms     25 ms
        refused                 3
          not-json: 2
          wrong-type: 1
        redelivered 7   missing 0   repaired 0   lost 0
        journal 0 entries, 0.0 MB, 0 dead letters   devices 12 online, 1 silent, 0 offline
        """)
  }

  @Test func twoReadingsTellTheRateAndTheLatencyOfTheTimeBetween() throws {
    let metrics = metrics()
    let before = try reading(metrics)
    metrics.received(2000)
    metrics.commitSeconds(4)
    let lines = StageTable(try reading(metrics), since: before, seconds: 2).lines
    #expect(lines.contains { $0.hasPrefix("received") && $0.contains("1,000") })
    // The 100 commits of before do not count any more: 2.5 to 5 s is the bucket of the one that came.
    #expect(lines.contains { $0.hasPrefix("committed") && $0.hasSuffix("5.0 s") })
  }

  @Test func gatewayThatStartedAnewHasNoNegativeRate() throws {
    let before = try reading(metrics())
    let fresh = GatewayMetrics()
    fresh.received(5)
    fresh.commitSeconds(0.002)
    let lines = StageTable(try reading(fresh), since: before, seconds: 1).lines
    #expect(!lines.joined().contains("-"))
    #expect(lines.contains { $0.hasPrefix("committed") && $0.contains("ms") })
  }

  @Test func textThatIsCutOrNoMetricsIsRefusedWithTheLine() throws {
    #expect(throws: MetricsReading.Fault.self) { try MetricsReading("martlet_a 1\n") }
    let fault = #expect(throws: MetricsReading.Fault.self) { try MetricsReading("martlet_a 1\n<html>\n# EOF\n") }
    #expect(fault?.line == 2)
  }
}
