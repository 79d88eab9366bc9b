import ChipModels
import HAL
import Testing
import VirtualBoard

@Suite struct ScenarioTests {
  @Test func eventsComeInOrderOfTimeAndEachOnce() {
    let scenario = Scenario(events: [
      ScenarioEvent(at: 300, .wifi(isOn: true)), ScenarioEvent(at: 100, .wifi(isOn: false)),
      ScenarioEvent(at: 300, .door(isOpen: true)),
    ])
    var player = ScenarioPlayer(scenario)
    #expect(player.take(until: 99).isEmpty)
    #expect(player.nextMilliseconds == 100)
    #expect(player.take(until: 100) == [.wifi(isOn: false)])
    #expect(player.take(until: 5000) == [.wifi(isOn: true), .door(isOpen: true)])
    #expect(player.nextMilliseconds == nil)
    #expect(player.take(until: 9000).isEmpty)
  }

  @Test func aPlanThatRepeatsBeginsAgainWithItsFirstEvent() {
    let scenario = Scenario(
      repeatMilliseconds: 1000,
      events: [ScenarioEvent(at: 0, .unplug(.bme280)), ScenarioEvent(at: 600, .plugIn(.bme280))])
    var player = ScenarioPlayer(scenario)
    #expect(player.take(until: 999) == [.unplug(.bme280), .plugIn(.bme280)])
    #expect(player.take(until: 1000) == [.unplug(.bme280)])
    #expect(player.nextMilliseconds == 1600)
    #expect(player.take(until: 3600).count == 5)
  }

  @Test func anEventForOneDeviceLeavesTheOthersAlone() {
    let scenario = Scenario(events: [ScenarioEvent(at: 5, .unplug(.bme280), devices: ["Attic06"])])
    var (mine, other) = (ScenarioPlayer(scenario, device: "Attic06"), ScenarioPlayer(scenario, device: "Garage02"))
    #expect(mine.take(until: 5) == [.unplug(.bme280)])
    #expect(other.take(until: 5).isEmpty)
  }

  @Test func theSameSeedIsTheSameFaultsAndAnotherSeedIsNot() {
    func day(_ seed: UInt64) -> [ScenarioAction] {
      var player = ScenarioPlayer(Scenario(), faults: RandomFaults(seed: seed))
      return player.take(until: 86_400_000)
    }
    #expect(day(4) == day(4))
    #expect(day(4) != day(5))
    #expect((1000...2500).contains(day(4).count))
  }

  @Test(arguments: UInt64(0)..<20) func whatBreaksForAWhileIsMended(seed: UInt64) {
    var faults = RandomFaults(seed: seed)
    var unplugged: Set<Part> = []
    var (hasWiFi, since) = (true, UInt64(0))
    for _ in 0..<2000 {
      let event = faults.next
      let isWhole = unplugged.isEmpty && hasWiFi
      #expect(isWhole || event.at - since <= RandomFaults.longestMilliseconds)
      switch event.action {
      case .unplug(let part): unplugged.insert(part)
      case .plugIn(let part): unplugged.remove(part)
      case .wifi(let isOn): hasWiFi = isOn
      case .air, .weather, .visit, .door, .bus, .brownOut, .powerCut: break
      }
      if isWhole { since = event.at }
      faults.advance()
    }
  }

  @Test func withoutPowerCutsThereAreNone() {
    var faults = RandomFaults(seed: 11, cutsPower: false)
    for _ in 0..<2000 {
      if case .powerCut = faults.next.action { Issue.record("a power cut at \(faults.next.at)") }
      faults.advance()
    }
  }

  @Test func airGoesEvenlyToItsValueAndStaysUntilItIsReleased() {
    var world = World(seed: 1, visitPeriodMilliseconds: 0)
    world.ease(.temperature, to: 10, during: 0, from: 1000)
    world.ease(.temperature, to: 20, during: 10_000, from: 2000)
    #expect(world.value(of: .temperature, at: 2000) == 10)
    #expect(world.value(of: .temperature, at: 7000) == 15)
    #expect(world.value(of: .temperature, at: 60_000) == 20)
    let untouched = World(seed: 1, visitPeriodMilliseconds: 0)
    #expect(world.value(of: .humidity, at: 60_000) == untouched.value(of: .humidity, at: 60_000))
    world.release(.temperature)
    #expect(world.air(at: 60_000) == untouched.air(at: 60_000))
  }

  @Test func aVisitorStaysForAsLongAsSaidAndNobodyComesByItself() {
    var world = World(seed: 1, visitPeriodMilliseconds: 0)
    world.advance(to: 86_400_000)
    #expect(!world.isSomebodyThere && !world.isDoorOpen)
    #expect(world.nextChange == nil)
    world.visit(at: 86_400_000, for: 3000)
    #expect(world.nextChange == 86_403_000)
    world.advance(to: 86_402_999)
    #expect(world.isSomebodyThere)
    world.advance(to: 86_403_000)
    #expect(!world.isSomebodyThere)
  }

  @Test func nothingHappensToAPinBeforeTheMomentThatWasAnnounced() {
    var world = World(seed: 9)
    var moment: UInt64 = 0
    for _ in 0..<500 {
      guard let next = world.nextChange else { break }
      #expect(next > moment)
      let levels = (world.isSomebodyThere, world.isDoorOpen)
      world.advance(to: next - 1)
      #expect(levels == (world.isSomebodyThere, world.isDoorOpen))
      world.advance(to: next)
      moment = next
    }
    #expect(moment > 3_600_000)
  }

  @Test func theBoardDoesEachActionThatConcernsIt() {
    let board = VirtualBoard(seed: 2, visitPeriodMilliseconds: 0)
    #expect(board.perform(.air(.temperature, to: 31, during: 0)) && board.sensor.temperature == 31)
    #expect(board.perform(.visit(milliseconds: 100)) && board.motion.isHigh())
    #expect(board.perform(.door(isOpen: true)) && board.door.isHigh())
    board.advance(toMilliseconds: 200)
    #expect(!board.motion.isHigh() && board.door.isHigh())
    #expect(board.bus.answers(0x76))
    board.perform(.unplug(.bme280))
    #expect(!board.bus.answers(0x76) && board.parts == [.ssd1306])
    board.perform(.plugIn(.sht31))
    board.advance(toMilliseconds: 300)
    #expect(board.bus.answers(0x44))
    board.perform(.bus(.nackAddress, .sht31, times: 1))
    #expect(board.bus.answers(0x3C) && !board.bus.answers(0x44) && board.bus.answers(0x44))
    #expect(!board.perform(.wifi(isOn: false)) && !board.perform(.powerCut(milliseconds: 1)))
  }

  @Test func aPowerCutFreesTheBusAndResetsTheChips() {
    let board = VirtualBoard(seed: 2)
    board.bus.failNext(.holdSDA)
    #expect(!board.bus.answers(0x76) && board.bus.isHeld)
    board.light.set(high: true)
    board.powerCycle()
    #expect(!board.bus.isHeld && !board.light.isHigh())
    // A BME280 needs 2 ms to start.
    #expect(!board.bus.answers(0x76))
    board.advance(toMilliseconds: 10)
    #expect(board.bus.answers(0x76))
  }
}
