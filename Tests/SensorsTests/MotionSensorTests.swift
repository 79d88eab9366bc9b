import Sensors
import Testing

@Suite struct MotionSensorTests {
  var motion = MotionSensor(cooldownMilliseconds: 1000)

  @Test mutating func levelAtTheFirstLookIsNoEdge() {
    #expect(motion.update(now: 0, isHigh: true) == nil)
    #expect(motion.update(now: 10, isHigh: false) == nil)
    #expect(motion.update(now: 20, isHigh: true) == MotionSensor.Event(at: 20, suppressed: 0))
  }

  @Test mutating func edgesInsideTheCooldownComeWithTheNextEvent() {
    _ = motion.update(now: 0, isHigh: false)
    #expect(motion.update(now: 100, isHigh: true) == MotionSensor.Event(at: 100, suppressed: 0))
    for now in [200, 300, 400] as [UInt32] {
      _ = motion.update(now: now, isHigh: false)
      #expect(motion.update(now: now + 50, isHigh: true) == nil)
    }
    #expect(motion.suppressed == 3)
    _ = motion.update(now: 1099, isHigh: false)
    #expect(motion.update(now: 1100, isHigh: true) == MotionSensor.Event(at: 1100, suppressed: 3))
    #expect(motion.suppressed == 0)
  }

  @Test mutating func highLevelThatStaysIsOneEvent() {
    _ = motion.update(now: 0, isHigh: false)
    #expect(motion.update(now: 1, isHigh: true) != nil)
    for now in 2...5000 as ClosedRange<UInt32> { #expect(motion.update(now: now, isHigh: true) == nil) }
  }

  @Test mutating func cooldownSurvivesTheWrapOfTheClock() {
    _ = motion.update(now: .max - 600, isHigh: false)
    #expect(motion.update(now: .max - 500, isHigh: true) != nil)
    _ = motion.update(now: 0, isHigh: false)
    #expect(motion.update(now: 100, isHigh: true) == nil)
    _ = motion.update(now: 400, isHigh: false)
    #expect(motion.update(now: 499, isHigh: true) == MotionSensor.Event(at: 499, suppressed: 1))
  }

  @Test mutating func oldEventDoesNotLookRecentAfterTheClockWentRound() {
    _ = motion.update(now: 0, isHigh: false)
    _ = motion.update(now: 100, isHigh: true)
    _ = motion.update(now: 2_000_000_000, isHigh: false)
    #expect(motion.update(now: 150, isHigh: true) != nil)
  }

  @Test func aZeroCooldownMakesEveryEdgeAnEvent() {
    var motion = MotionSensor(cooldownMilliseconds: 0)
    _ = motion.update(now: 0, isHigh: false)
    #expect(motion.update(now: 1, isHigh: true) != nil)
    _ = motion.update(now: 1, isHigh: false)
    #expect(motion.update(now: 1, isHigh: true) != nil)
  }

  @Test func theDefaultIsOneMinute() {
    #expect(MotionSensor().cooldownMilliseconds == 60_000)
  }

  @Test func levelThatStaysHighForTenMinutesIsStuckUntilItFalls() {
    var motion = MotionSensor()
    #expect(motion.stuckAfterMilliseconds == 600_000)
    _ = motion.update(now: 0, isHigh: true)
    _ = motion.update(now: 600_000, isHigh: true)
    #expect(!motion.isStuck)
    _ = motion.update(now: 600_001, isHigh: true)
    #expect(motion.isStuck)
    // The clock goes round: the level is no younger for it.
    _ = motion.update(now: 5, isHigh: true)
    #expect(motion.isStuck)
    _ = motion.update(now: 6, isHigh: false)
    #expect(!motion.isStuck)
    _ = motion.update(now: 7, isHigh: true)
    #expect(!motion.isStuck)
  }

  @Test func stuckTimeSurvivesTheWrapOfTheClock() {
    var motion = MotionSensor(stuckAfterMilliseconds: 1000)
    _ = motion.update(now: .max - 499, isHigh: true)
    _ = motion.update(now: 500, isHigh: true)
    #expect(!motion.isStuck)
    _ = motion.update(now: 501, isHigh: true)
    #expect(motion.isStuck)
  }
}
