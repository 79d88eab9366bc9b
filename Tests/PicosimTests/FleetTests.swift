import ArgumentParser
import ChipModels
import Node
import NodeShell
import Telemetry
import Testing
import VirtualBoard

@testable import picosim

@Suite struct FleetTests {
  private func plan(_ names: [String] = ["Attic06"]) throws -> Fleet.Plan {
    var plan = Fleet.Plan(names: names, endpoints: try Endpoints.parse([]))
    plan.network = .pretend
    plan.speed = .max
    return plan
  }

  /// What became of a fleet, and what its first board's display shows.
  private func life(_ plan: Fleet.Plan, milliseconds: UInt64) throws -> (counts: [Int], art: String, fleet: Fleet) {
    let fleet = try Fleet(plan)
    fleet.run(until: milliseconds)
    return (
      [fleet.made, fleet.sent, fleet.acknowledged, fleet.unsent, fleet.lost], fleet.picos[0].board.display.art, fleet
    )
  }

  @Test func theSameSeedsAreTheSameLifeWithAllItsFaults() throws {
    var plan = try plan(["Attic06", "Garage02"])
    plan.faults = 3
    let (first, second) = (try life(plan, milliseconds: 3_600_000), try life(plan, milliseconds: 3_600_000))
    #expect(first.counts == second.counts && first.art == second.art)
    plan.faults = 4
    #expect(try life(plan, milliseconds: 3_600_000).counts != first.counts)
  }

  @Test func aBoardThatIsSteppedOnlyWhenDueLivesAsOneThatIsSteppedAllTheTime() throws {
    var plan = try plan()
    plan.parts = [.bme280]
    plan.network = .none
    let pico = try life(plan, milliseconds: 1_800_000).fleet.picos[0]
    let board = VirtualBoard(seed: 1000, startMilliseconds: 10 * 3_600_000 + (1000 % 24) * 1_800_000, parts: [.bme280])
    let identity = NodeIdentity(device: pico.device.node.identity.device, firmware: InlineBytes("1"), boot: 1)
    var device = Device<VirtualBoard, 256>(node: Node(identity: identity), board: board)
    for tick in UInt64(0)...180_000 {
      board.advance(toMilliseconds: tick * 10)
      _ = device.step(now: board.clock.milliseconds, link: Link())
    }
    #expect(pico.board.sensor.measurementCount == board.sensor.measurementCount)
    let count = device.node.outbox.count
    #expect(count > 50 && pico.device.node.outbox.count == count)
    for index in 0..<min(count, pico.device.node.outbox.count) {
      let (mine, theirs) = (pico.device.node.outbox[index], device.node.outbox[index])
      #expect(mine.event == theirs.event)
      // A pin that moved is seen at once here, at the next look there.
      let (earlier, later) = (
        min(mine.uptimeMilliseconds, theirs.uptimeMilliseconds), max(mine.uptimeMilliseconds, theirs.uptimeMilliseconds)
      )
      #expect(later - earlier <= 20, "\(mine) and \(theirs)")
    }
  }

  @Test func readingsThatWaitedForWiFiArriveWhenItComesBack() throws {
    var plan = try plan()
    plan.scenario = Scenario(events: [
      ScenarioEvent(at: 10_000, .wifi(isOn: false)), ScenarioEvent(at: 600_000, .wifi(isOn: true)),
    ])
    let away = try life(plan, milliseconds: 599_000)
    #expect(away.fleet.unsent > 5 && away.fleet.made == away.fleet.acknowledged + away.fleet.unsent)
    let back = try life(plan, milliseconds: 601_000)
    #expect(back.fleet.unsent == 0 && back.fleet.made == back.fleet.acknowledged)
  }

  @Test func readingsThatWaitedSurviveAPowerCutAndArriveInANewBoot() throws {
    var plan = try plan()
    plan.scenario = Scenario(events: [
      ScenarioEvent(at: 10_000, .wifi(isOn: false)), ScenarioEvent(at: 300_000, .powerCut(milliseconds: 5_000)),
      ScenarioEvent(at: 301_000, .wifi(isOn: true)),
    ])
    let before = try life(plan, milliseconds: 299_999).fleet
    let after = try life(plan, milliseconds: 400_000).fleet
    #expect(before.unsent > 3 && after.lost == 0)
    #expect(after.made == after.acknowledged && after.unsent == 0)
    #expect(after.picos[0].device.node.made < after.made)
    #expect(after.picos[0].flash.outbox.isEmpty)
  }

  @Test func everyReadingIsAcknowledgedOrInTheOutboxOrKnownToBeLostWhateverFails() throws {
    for seed in UInt64(1)...4 {
      var plan = try plan()
      plan.faults = seed
      let fleet = try life(plan, milliseconds: 3_600_000).fleet
      #expect(
        fleet.made == fleet.acknowledged + fleet.unsent + fleet.dropped + fleet.lost, "--faults \(seed)")
    }
  }

  @Test func aConfigurationAndTheFlightRecordSurviveAPowerCut() throws {
    var plan = try plan()
    plan.scenario = Scenario(events: [ScenarioEvent(at: 20_000, .powerCut(milliseconds: 1_000))])
    let fleet = try Fleet(plan)
    fleet.run(until: 5_000)
    fleet.picos[0].take(.arrived(document: Array(#"{"heartbeat_publish_period":2000}"#.utf8), tag: "7"))
    fleet.run(until: 19_000)
    #expect(fleet.picos[0].device.node.lastGoodConfiguration.tag == InlineBytes("7"))
    fleet.run(until: 30_000)
    let node = fleet.picos[0].device.node
    #expect(node.configuration.heartbeatPeriodMilliseconds == 2000 && node.configurationTag == InlineBytes("7"))
    #expect(node.flight.cause == .powerOn)
  }

  @Test func aRestartByCommandLosesNothingAndTellsWhyItStarted() throws {
    var plan = try plan()
    plan.scenario = Scenario(events: [ScenarioEvent(at: 10_000, .wifi(isOn: false))])
    let fleet = try Fleet(plan)
    fleet.run(until: 200_000)
    let pico = fleet.picos[0]
    let (made, boot) = (fleet.made, pico.device.node.identity.boot)
    pico.hasWiFi = true
    fleet.run(until: 200_100)
    pico.device.node.commandArrived(Array(#"{"id":"1","cmd":"restart"}"#.utf8).span)
    fleet.run(until: 203_000)
    #expect(pico.device.node.identity.boot != boot && pico.device.node.flight.cause == .command)
    #expect(fleet.made >= made && fleet.lost == 0 && fleet.made == fleet.acknowledged + fleet.unsent)
    #expect(FlightRecord(record: pico.flash.flight.span)?.boot == boot)
  }

  @Test func aBoardToldToBeQuietWhileDisconnectedSendsWhatItHoldsAndMakesNothingNew() throws {
    var plan = try plan()
    plan.scenario = Scenario(events: [
      ScenarioEvent(at: 10_000, .wifi(isOn: false)), ScenarioEvent(at: 400_000, .wifi(isOn: true)),
    ])
    let fleet = try Fleet(plan)
    fleet.run(until: 300_000)
    let made = fleet.made
    #expect(fleet.unsent > 0)
    fleet.picos[0].isQuiet = true
    fleet.run(until: 402_000)
    #expect(fleet.unsent == 0 && fleet.made == made && fleet.acknowledged == made)
  }

  @Test func versionOneReadingsAreForgottenWhenTheBrokerHasThem() throws {
    var plan = try plan()
    plan.configuration[.payloadVersion] = 1
    let fleet = try life(plan, milliseconds: 600_000).fleet
    #expect(fleet.made > 10 && fleet.unsent == 0 && fleet.acknowledged == fleet.made && fleet.sent == fleet.made)
    #expect(!text(fleet.picos[0].payload).contains(#""v":"#))
  }

  @Test func aMinuteAfterTheLastFaultTheBoardReadsAgain() throws {
    for seed in UInt64(1)...10 {
      var plan = try plan()
      var events: [ScenarioEvent] = []
      var faults = RandomFaults(seed: seed)
      while faults.next.at < 1_800_000 {
        events.append(faults.next)
        faults.advance()
      }
      events += [.wifi(isOn: true), .plugIn(.bme280), .plugIn(.ssd1306)].map { ScenarioEvent(at: 1_800_000, $0) }
      plan.scenario = Scenario(events: events)
      let fleet = try life(plan, milliseconds: 1_920_000).fleet
      let measurement = fleet.picos[0].device.node.measurement
      #expect(measurement.quality == .ok && measurement.temperatureCentiCelsius != nil, "--faults \(seed)")
      #expect(fleet.picos[0].board.display.isOn, "--faults \(seed)")
    }
  }

  @Test func boardsOfOneFleetStartOneAfterTheOther() throws {
    var plan = try plan(Fleet.names(count: 20))
    plan.staggerMilliseconds = 1000
    let fleet = try life(plan, milliseconds: 10_500).fleet
    #expect(fleet.picos.filter { $0.board.bus.transactionCount > 0 }.count == 11)
    #expect(plan.names[0] == "Attic06" && plan.names[19] == "Sim19" && Set(plan.names).count == 20)
  }

  @Test func theTimetableGivesTheEarliestAndOfEqualOnesTheFirst() {
    var random = SeededRandom(seed: 5)
    var due = (0..<50).map { _ in UInt64.random(in: 0..<10, using: &random) }
    var timetable = Timetable(count: 50) { due[$0] }
    for _ in 0..<5000 {
      let earliest = due.indices.min { (due[$0], $0) < (due[$1], $1) }
      #expect(timetable.next?.owner == earliest && timetable.next?.due == earliest.map { due[$0] })
      let owner = Int.random(in: 0..<50, using: &random)
      due[owner] = .random(in: 0..<1000, using: &random)
      timetable.set(owner, due: due[owner])
    }
  }
}
