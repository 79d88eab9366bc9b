import Testing

@testable import GatewayCore

private let second: Int64 = 1_000_000
/// 2026-11-24 00:00:00 UTC.
private let noon: Int64 = 1_795_478_400 * second

private func row(
  _ device: String = "Attic06", at time: Int64, received: Int64? = nil, event: String? = "heartbeat",
  temperature: Int32? = 2_253, seq: Int64 = 1
) -> Row {
  var row = Row(
    device: device, boot: 17, seq: seq, timestamp: time, timeSource: .device, received: received ?? time)
  row.event = event
  row.temperatureCentiCelsius = temperature
  row.version = "1.0.0"
  return row
}

@Suite struct FleetTests {
  @Test func newestReadingByTimeIsShownWhateverTheOrder() throws {
    let fleet = Fleet()
    fleet.observe([row(at: noon, temperature: 2_000)])
    fleet.observe([row(at: noon - 60 * second, received: noon + second, temperature: 1_000)])
    let device = try #require(fleet.snapshot(at: noon).first)
    #expect(device.reading?.temperatureCentiCelsius == 2_000)
    #expect(device.readingTime == noon)
    #expect(device.counts.readings == 2)
    #expect(device.seen == noon + second)
  }

  @Test func clockThatRunsAheadCannotFreezeADevice() throws {
    let fleet = Fleet()
    fleet.observe([row(at: noon + 86_400 * second, received: noon, temperature: 1)])
    fleet.observe([row(at: noon + 5 * second, temperature: 2)])
    let device = try #require(fleet.snapshot(at: noon + 5 * second).first)
    #expect(device.reading?.temperatureCentiCelsius == 2)
  }

  @Test func readingOlderThanThreePeriodsIsStaleAndItsDeviceSilent() throws {
    let fleet = Fleet()
    fleet.observe((0..<6).map { row(at: noon + $0 * 5 * second, seq: $0) })
    let last = noon + 25 * second
    let fresh = try #require(fleet.snapshot(at: last + 15 * second).first)
    #expect(fresh.period == 5 * second)
    #expect(!fresh.isStale)
    #expect(fresh.connection == .online)
    let stale = try #require(fleet.snapshot(at: last + 15 * second + 1).first)
    #expect(stale.isStale)
    #expect(stale.connection == .silent)
    #expect(fleet.census(at: last + 15 * second + 1) == FleetCensus(silent: 1))
  }

  @Test func oneLostHeartbeatDoesNotChangeThePeriod() throws {
    let fleet = Fleet()
    fleet.observe([0, 5, 10, 20, 25].map { row(at: noon + $0 * second) })
    #expect(fleet.snapshot(at: noon).first?.period == 5 * second)
  }

  @Test func motionBetweenHeartbeatsDoesNotChangeThePeriod() throws {
    let fleet = Fleet()
    fleet.observe([row(at: noon), row(at: noon + second, event: "motion"), row(at: noon + 5 * second)])
    let device = try #require(fleet.snapshot(at: noon).first)
    #expect(device.period == 5 * second)
    #expect(device.counts.motion == 1)
  }

  @Test func lastWillMakesADeviceOfflineUntilItReadsAgain() throws {
    let fleet = Fleet()
    fleet.observe([row(at: noon)])
    fleet.presence(device: "Attic06", online: false, boot: 17, version: nil, at: noon + second)
    #expect(fleet.census(at: noon + second) == FleetCensus(offline: 1))
    fleet.observe([row(at: noon - second, received: noon + 2 * second)])
    #expect(fleet.census(at: noon + 2 * second) == FleetCensus(offline: 1), "backlog is no sign of life")
    fleet.observe([row(at: noon + 3 * second)])
    #expect(fleet.census(at: noon + 3 * second) == FleetCensus(online: 1))
  }

  @Test func deviceKnownOnlyByItsStatusHasNoReading() throws {
    let fleet = Fleet()
    fleet.presence(device: "Garage02", online: true, boot: 3, version: "1.2.0", at: noon)
    let device = try #require(fleet.snapshot(at: noon + second).first)
    #expect(device.reading == nil && device.readingTime == nil)
    #expect(device.connection == .online)
    #expect(device.firmware == "1.2.0" && device.boot == 3)
  }

  @Test func historyHasAtMostOnePointInFiveSecondsAndTenMinutes() throws {
    let fleet = Fleet()
    fleet.observe((0..<2_000).map { row(at: noon + $0 * second, temperature: Int32($0)) })
    let history = try #require(fleet.snapshot(at: noon + 2_000 * second).first).history
    #expect(history.count == 120)
    #expect(zip(history, history.dropFirst()).allSatisfy { $1.seconds - $0.seconds == 5 })
    #expect(history.last?.temperatureCentiCelsius == 1_995)
  }

  @Test func largeFleetKeepsTheNewestPointsOfEachDeviceAndNoMoreThanTheBoundOfAll() throws {
    let fleet = Fleet()
    fleet.observe((0..<200).map { row("First", at: noon + $0 * 5 * second) })
    #expect(fleet.snapshot(at: noon).first?.history.count == 120)
    let names = (0..<9_999).map { "Many\($0)" }
    for step: Int64 in 200..<230 {
      fleet.observe((["First"] + names).map { row($0, at: noon + step * 5 * second, temperature: Int32(step)) })
    }
    let devices = fleet.snapshot(at: noon)
    #expect(devices.count == 10_000)
    #expect(devices.allSatisfy { $0.history.count == 24 && $0.history.last?.temperatureCentiCelsius == 229 })
    #expect(devices.map(\.history.count).reduce(0, +) == DeviceState.fleetHistoryLimit)
  }

  @Test func historyHasNoPointWhereTheTemperatureIsUnknown() throws {
    let fleet = Fleet()
    fleet.observe([row(at: noon, temperature: nil)])
    #expect(fleet.snapshot(at: noon).first?.history == [])
    #expect(fleet.snapshot(at: noon).first?.reading != nil)
  }

  @Test func changesAreOnlyThoseSinceTheRevisionAndWithTheirPoint() throws {
    let fleet = Fleet()
    fleet.observe([row("A", at: noon), row("B", at: noon)])
    let known = fleet.changes(since: 0, at: noon)
    #expect(known.devices.map(\.history) == [.whole, .whole])

    fleet.observe([row("B", at: noon + 5 * second, temperature: 7)])
    let one = fleet.changes(since: known.revision, at: noon)
    #expect(one.devices.map(\.state.id) == ["B"])
    #expect(
      one.devices.first?.history
        == .appended(
          TemperaturePoint(seconds: UInt32(noon / second) + 5, temperatureCentiCelsius: 7)))
    #expect(one.devices.first?.state.history == [])

    fleet.observe([row("B", at: noon + 6 * second)])
    #expect(fleet.changes(since: one.revision, at: noon).devices.first?.history == .unchanged)

    fleet.observe([row("B", at: noon + 12 * second)])
    fleet.observe([row("B", at: noon + 18 * second)])
    #expect(fleet.changes(since: one.revision, at: noon).devices.first?.history == .whole, "one point was missed")
    #expect(fleet.changes(since: fleet.changes(since: 0, at: noon).revision, at: noon).devices.isEmpty)
  }

  @Test func beyondTheBoundTheLongestSilentDeviceMakesRoom() {
    let fleet = Fleet(deviceLimit: 2)
    fleet.observe([row("A", at: noon), row("B", at: noon + second), row("A", at: noon + 2 * second)])
    fleet.presence(device: "C", online: true, boot: nil, version: nil, at: noon + 3 * second)
    #expect(fleet.snapshot(at: noon).map(\.id) == ["A", "C"])
  }

  @Test func slowListenerGetsOnlyTheNewestWord() async {
    let fleet = Fleet()
    var updates = fleet.updates().makeAsyncIterator()
    for index in 0..<100 { fleet.observe([row(at: noon + Int64(index) * second)]) }
    #expect(await updates.next() == FleetUpdate(revision: 100))
  }

  @Test func streamEndsWithTheFleet() async {
    var fleet: Fleet? = Fleet()
    let updates = fleet?.updates()
    fleet = nil
    for await _ in updates! { Issue.record("an update came from a fleet that is gone") }
  }

  @Test func rateIsTheMeanOfTheLastTenWholeSeconds() {
    let fleet = Fleet()
    for index in 0..<20 {
      fleet.observe([row(at: noon + Int64(index) * second), row("B", at: noon + Int64(index) * second)])
    }
    #expect(fleet.changes(since: 0, at: noon + 20 * second).readingsPerSecond == 2)
    #expect(fleet.changes(since: 0, at: noon + 25 * second).readingsPerSecond == 1)
    #expect(fleet.changes(since: 0, at: noon + 40 * second).readingsPerSecond == 0)
    #expect(fleet.changes(since: 0, at: noon).readings == 40)
  }

  @Test func restoredRowsAreNoReadingsOfNow() {
    let fleet = Fleet()
    fleet.restore(from: [row(at: noon - second)])
    let changes = fleet.changes(since: 0, at: noon)
    #expect(changes.readings == 0 && changes.readingsPerSecond == 0)
    #expect(changes.devices.first?.state.reading != nil)
  }
}
