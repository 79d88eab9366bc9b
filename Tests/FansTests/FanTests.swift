import Fans
import Testing

@Suite struct PWMFanTests {
  var configuration = PWMFanConfiguration()
  var state = FanState()

  init() {
    configuration.isEnabled = true
    configuration.temperatureMinimumCentiCelsius = 3000
    configuration.temperatureMaximumCentiCelsius = 5000
    configuration.dutyMinimumPercent = 30
    configuration.dutyMaximumPercent = 90
    configuration.hysteresisCentiCelsius = 200
  }

  mutating func duty(_ temperature: Int32?, at now: UInt32 = 0) -> UInt8 {
    PWMFan.duty(configuration, temperatureCentiCelsius: temperature, now: now, &state)
  }

  @Test mutating func dutyRisesInAStraightLine() {
    #expect([2999, 3000, 3500, 4000, 4999, 5000, 9000].map { duty($0) } == [0, 30, 45, 60, 90, 90, 90])
  }

  @Test mutating func hysteresisAtTheLowerEdge() {
    #expect([3000, 2999, 2800, 2799, 2999, 3000].map { duty($0) } == [30, 30, 30, 0, 0, 30])
  }

  @Test mutating func hysteresisAtTheUpperEdge() {
    #expect([5000, 4900, 4800, 4600, 4700].map { duty($0) } == [90, 90, 90, 84, 84])
  }

  @Test mutating func tremblingTemperatureNeverChangesTheDuty() {
    let first = duty(4100)
    for step in 0..<100 { #expect(duty(step % 2 == 0 ? 3901 : 4100) == first) }
  }

  @Test mutating func unknownTemperatureKeepsTheDutyForAMinuteThenItIsTheMost() {
    #expect(duty(3500, at: 0) == 45)
    #expect(duty(nil, at: 1000) == 45)
    #expect(duty(nil, at: 60_999) == 45)
    #expect(duty(nil, at: 61_000) == 90)
    #expect(duty(nil, at: 1500) == 90, "the clock went round")
    #expect(duty(3500, at: 1600) == 45)
    #expect(duty(nil, at: 1700) == 45)
  }

  @Test mutating func temperatureThatWasNeverKnownStartsTheFanAfterAMinute() {
    #expect(duty(nil, at: .max - 9) == 0)
    #expect(duty(nil, at: 59_989) == 0)
    #expect(duty(nil, at: 59_990) == 90)
  }

  @Test mutating func manualOverrideWinsAndIsCutAt100() {
    configuration.isManual = true
    configuration.manualDutyPercent = 12
    #expect(duty(9000) == 12)
    #expect(duty(nil, at: 999_999) == 12)
    configuration.manualDutyPercent = 200
    #expect(duty(nil) == 100)
  }

  @Test mutating func disabledFanStandsAndForgets() {
    _ = duty(5000)
    configuration.isEnabled = false
    #expect(duty(5000) == 0)
    #expect(state == FanState())
  }

  @Test mutating func nonsenseInTheConfigurationStaysAFan() {
    configuration.temperatureMaximumCentiCelsius = 3000
    #expect([2999, 3000].map { duty($0) } == [0, 90])
    configuration.dutyMinimumPercent = 255
    configuration.dutyMaximumPercent = 254
    configuration.temperatureMinimumCentiCelsius = .min
    configuration.temperatureMaximumCentiCelsius = .max
    configuration.hysteresisCentiCelsius = .max
    for temperature in [.min, -1, 0, .max] as [Int32] { #expect(duty(temperature) == 100) }
    configuration.hysteresisCentiCelsius = .min
    #expect(duty(0) == 100)
  }
}

@Suite struct StepFansTests {
  var configuration = StepFansConfiguration()
  var state = FanState()

  init() {
    configuration.isEnabled = true
    configuration.fanCount = 3
    configuration.temperatureMinimumCentiCelsius = 3000
    configuration.temperatureMaximumCentiCelsius = 5000
    configuration.hysteresisCentiCelsius = 200
  }

  mutating func count(_ temperature: Int32?, at now: UInt32 = 0) -> UInt8 {
    StepFans.count(configuration, temperatureCentiCelsius: temperature, now: now, &state)
  }

  @Test mutating func fansStartInEqualSteps() {
    #expect([2999, 3000, 3999, 4000, 4999, 5000, 8000].map { count($0) } == [0, 1, 1, 2, 2, 3, 3])
  }

  @Test mutating func eachFanStopsAHysteresisBelowItsThreshold() {
    #expect([5000, 4800, 4799, 3800, 3799, 2800, 2799].map { count($0) } == [3, 3, 2, 2, 1, 1, 0])
  }

  @Test mutating func fanThatStoppedStartsAtItsThresholdAgain() {
    #expect([5000, 4799, 4999, 5000].map { count($0) } == [3, 2, 2, 3])
  }

  @Test mutating func unknownTemperatureKeepsTheFansForAMinuteThenAllRun() {
    #expect(count(4000, at: 0) == 2)
    #expect(count(nil, at: 0) == 2)
    #expect(count(nil, at: 59_999) == 2)
    #expect(count(nil, at: 60_000) == 3)
    #expect(count(2000, at: 60_100) == 0)
  }

  @Test mutating func manualOverrideIsCutAtTheNumberOfFans() {
    configuration.isManual = true
    configuration.manualCount = 9
    #expect(count(nil) == 3)
  }

  @Test mutating func oneFanAndNoFan() {
    configuration.fanCount = 1
    #expect([2999, 3000, 6000].map { count($0) } == [0, 1, 1])
    configuration.fanCount = 0
    #expect(count(9000) == 0)
  }

  @Test mutating func disabledFansStand() {
    configuration.isEnabled = false
    #expect(count(9000) == 0)
  }
}
