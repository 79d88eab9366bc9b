import ChipModels
import Sensors
import Testing

@Suite struct SwitchSensorTests {
  var door = SwitchSensor()

  /// Lets it look every millisecond.
  mutating func events(_ levels: [(milliseconds: UInt32, isHigh: Bool)], from start: UInt32 = 0) -> [SwitchSensor.Event]
  {
    var now = start
    var events: [SwitchSensor.Event] = []
    for level in levels {
      for _ in 0..<level.milliseconds {
        if let event = door.update(now: now, isHigh: level.isHigh) { events.append(event) }
        now &+= 1
      }
    }
    return events
  }

  @Test mutating func firstSteadyLevelIsNoEvent() {
    #expect(door.isHigh == nil)
    #expect(events([(100, true)]) == [])
    #expect(door.isHigh == true)
  }

  @Test mutating func bouncingToggleIsExactlyOneEventAtTheMomentItStayed() {
    let bounces = [(100, false), (1, true), (2, false), (1, true), (1, false), (3, true), (2, false), (200, true)]
    #expect(events(bounces.map { (UInt32($0), $1) }) == [SwitchSensor.Event(at: 110, isHigh: true)])
  }

  @Test mutating func glitchShorterThanTheDebounceIsNothing() {
    #expect(events([(100, false), (29, true), (100, false)]) == [])
    #expect(door.isHigh == false)
  }

  @Test mutating func thereAndBackIsTwoEvents() {
    let seen = events([(100, false), (50, true), (50, false)])
    #expect(seen == [SwitchSensor.Event(at: 100, isHigh: true), SwitchSensor.Event(at: 150, isHigh: false)])
  }

  @Test mutating func ticksMayWrapWhileALevelSettles() {
    let seen = events([(100, false), (100, true)], from: .max - 109)
    #expect(seen == [SwitchSensor.Event(at: .max - 9, isHigh: true)])
  }

  @Test mutating func rareLooksStillSeeAToggle() {
    _ = door.update(now: 0, isHigh: false)
    _ = door.update(now: 500, isHigh: false)
    #expect(door.update(now: 1000, isHigh: true) == nil)
    #expect(door.update(now: 1500, isHigh: true) == SwitchSensor.Event(at: 1000, isHigh: true))
  }

  @Test mutating func simulatedContactIsOneEventForEveryToggle() {
    let clock = VirtualClock()
    let pin = SimulatedPin(clock: clock)
    for toggle in 1...20 as ClosedRange<UInt64> {
      pin.bounce(to: toggle % 2 == 1, at: toggle * 1_000_000, edges: 7, spacing: 900)
    }
    var events = 0
    while clock.microseconds < 22_000_000 {
      if door.update(now: clock.milliseconds, isHigh: pin.isHigh()) != nil { events += 1 }
      clock.advance(milliseconds: 1)
    }
    #expect(events == 20)
    #expect(pin.transitions.count == 140)
  }
}
