import ChipModels
import Testing

@Suite struct SimulatedPinTests {
  let clock = VirtualClock()

  @Test func plannedLevelsHappenAtTheirTimeInTheirOrder() {
    let pin = SimulatedPin(clock: clock)
    pin.schedule(high: false, at: 2000)
    pin.schedule(high: true, at: 1000)
    #expect(!pin.isHigh())
    clock.advance(milliseconds: 1)
    #expect(pin.isHigh())
    clock.advance(milliseconds: 1)
    #expect(!pin.isHigh())
    #expect(
      pin.transitions == [
        SimulatedPin.Transition(microseconds: 1000, isHigh: true),
        SimulatedPin.Transition(microseconds: 2000, isHigh: false),
      ])
  }

  @Test func drivingTheSameLevelIsNoTransition() {
    let led = SimulatedPin(clock: clock)
    led.set(high: true)
    led.set(high: true)
    #expect(led.transitions.count == 1)
  }

  @Test func bouncingContactEndsAtItsLevel() {
    let pin = SimulatedPin(clock: clock)
    pin.bounce(to: true, at: 100, edges: 5, spacing: 10)
    clock.advance(microseconds: 200)
    #expect(pin.isHigh())
    #expect(pin.transitions.map(\.microseconds) == [100, 110, 120, 130, 140])
  }

  @Test func logForgetsItsOldestTransitions() {
    let led = SimulatedPin(clock: clock)
    for step in 0..<20_000 { led.set(high: step % 2 == 0) }
    #expect(led.transitions.count <= SimulatedPin.logCapacity)
    #expect(led.transitions.last?.isHigh == false)
  }
}
