import Display
import Node
import Telemetry
import Testing

/// Every key a device follows (protocol/configuration.md).
@Suite struct ConfigurationTests {
  /// Wraps a value in the objects its key stands in.
  static func document(_ key: ConfigurationKey, _ value: String) -> String {
    var text = #"{"\#(key.name)":\#(value)}"#
    var group = key.group
    while group != .root {
      text = #"{"\#(group.name)":\#(text)}"#
      group = group.parent
    }
    return text
  }

  static func spelled(_ key: ConfigurationKey, _ value: Int32) -> String {
    switch key {
    case .stepFans: "[" + (0..<max(0, value)).map { "\($0)" }.joined(separator: ",") + "]"
    case .displayUnits: value == 0 ? #""C""# : value == 1 ? #""F""# : #""K""#
    case .logLevel:
      LogLevel(rawValue: UInt8(clamping: value)).map { #""\#($0.name)""# } ?? #""loud""#
    case .pwmMinimum, .pwmMaximum, .pwmHysteresis, .stepMinimum, .stepMaximum, .stepHysteresis, .onChipOffset:
      "\(value < 0 ? "-" : "")\(value.magnitude / 100).\(value.magnitude % 100 < 10 ? "0" : "")\(value.magnitude % 100)"
    default: "\(value)"
    }
  }

  @Test func theBuiltInValuesAreInTheirRanges() {
    let configuration = NodeConfiguration()
    for key in ConfigurationKey.allCases { #expect(key.range.contains(configuration[key]), "\(key)") }
  }

  @Test(arguments: ConfigurationKey.allCases)
  func takesBothEndsOfItsRangeAndRefusesWhatLiesBeyond(key: ConfigurationKey) throws {
    for value in [key.range.lowerBound, key.range.upperBound] {
      var configuration = NodeConfiguration()
      let document = Array(Self.document(key, Self.spelled(key, value)).utf8)
      let refused = try configuration.apply(document.span)
      #expect(refused.isEmpty)
      #expect(configuration[key] == value)
      for other in ConfigurationKey.allCases where other != key {
        #expect(configuration[other] == NodeConfiguration()[other], "\(key) changed \(other)")
      }
    }
    var beyond = [key.range.upperBound + 1]
    if key != .displayUnits, key != .logLevel, key != .stepFans { beyond.append(key.range.lowerBound - 1) }
    for text in beyond.map({ Self.spelled(key, $0) }) + ["null", #""soon""#, "{}", "1e99"] {
      var configuration = NodeConfiguration()
      let refused = try configuration.apply(Array(Self.document(key, text).utf8).span)
      #expect(refused.contains(key), "\(key) took \(text)")
      #expect(configuration == NodeConfiguration())
    }
  }

  @Test func anObjectsKeysAreNotMistakenForAnothers() throws {
    var configuration = NodeConfiguration()
    let document =
      #"{"api_config":{"enabled":0,"heartbeat_publish_period":1000},"manual_override":{"enabled":1},"mqtt":{"enabled":0},"fan_pwm_controller_config":{"payload_version":1,"x":{"enabled":1}},"list":[{"enabled":0}],"remote_logger":7}"#
    let refused = try configuration.apply(Array(document.utf8).span)
    #expect(refused.isEmpty)
    #expect(configuration == NodeConfiguration())
  }

  @Test func trueAndFalseAreOneAndZeroAndOfTwoTheLastCounts() throws {
    var configuration = NodeConfiguration()
    let document =
      #"{"enabled":false,"fan_pwm_controller_config":{"enabled":7,"enabled":true},"payload_version":9,"payload_version":1}"#
    let refused = try configuration.apply(Array(document.utf8).span)
    #expect(refused.isEmpty)
    #expect(!configuration.isEnabled)
    #expect(configuration[.pwmEnabled] == 1)
    #expect(configuration.payloadVersion == 1)
  }

  @Test func behindAnInnerObjectTheOuterOneGoesOn() throws {
    var configuration = NodeConfiguration()
    let document =
      #"{"fan_pwm_controller_config":{"manual_override":{"enabled":1},"temp_min":20.5},"payload_version":1}"#
    _ = try configuration.apply(Array(document.utf8).span)
    #expect(configuration[.pwmManual] == 1)
    #expect(configuration[.pwmMinimum] == 2050)
    #expect(configuration.payloadVersion == 1)
  }

  @Test func pinsThatAreNoListOfNumbersAreRefused() throws {
    for pins in ["7", "[1,\"2\"]", "[[1]]", "[1,2,3,4,5,6,7,8,9]", "{}"] {
      var configuration = NodeConfiguration()
      let refused = try configuration.apply(Array(Self.document(.stepFans, pins).utf8).span)
      #expect(refused.contains(.stepFans), "\(pins)")
    }
  }

  // MARK: What the keys do

  @Test func pinsAreLookedAtByTheirPeriods() throws {
    let stage = Stage()
    try stage.configure(#"{"motion_check_period":1000,"switch_check_period":1000,"switch_debounce_period":0}"#)
    stage.advance(2100)
    stage.isMotionHigh = true
    stage.advance(500)
    stage.isMotionHigh = false
    stage.advance(490)
    // Between two looks nothing is seen.
    #expect(!stage.events.contains("motion"))
    stage.isMotionHigh = true
    stage.isSwitchHigh = true
    stage.advance(1000)
    #expect(stage.events.suffix(2) == ["motion", "switch"])
    try stage.configure(#"{"switch_check_period":0,"switch_debounce_period":500}"#, tag: "2")
    stage.isSwitchHigh = false
    stage.advance(1000 + 400)
    stage.isSwitchHigh = true
    stage.advance(1000)
    #expect(stage.events.filter { $0 == "switch" }.count <= 3)
  }

  @Test func aLongerDebounceTakesEffectAtOnce() throws {
    let stage = Stage()
    stage.advance(1000)
    try stage.configure(#"{"switch_debounce_period":500}"#)
    stage.isSwitchHigh = true
    stage.advance(490)
    #expect(!stage.events.contains("switch"))
    stage.advance(30)
    #expect(stage.events.contains("switch"))
  }

  @Test func displayUnitsDimmingAndShiftingFollowTheConfiguration() throws {
    let stage = Stage()
    stage.advance(2000)
    #expect(stage.screen().unit == .celsius)
    try stage.configure(#"{"display_units":"F","display_dim_period":5000,"display_shift_period":4000}"#)
    #expect(stage.screen().unit == .fahrenheit)
    stage.isMotionHigh = true
    stage.step()
    stage.isMotionHigh = false
    stage.advance(4990)
    #expect(!stage.actions.isDisplayDim)
    stage.advance(20)
    #expect(stage.actions.isDisplayDim)
    #expect(stage.screen().shift == .right)
    stage.isSwitchHigh = true
    stage.advance(100)
    #expect(!stage.actions.isDisplayDim)
  }

  @Test func payloadVersion1IsForgottenWhenTheBrokerHasIt() throws {
    let stage = Stage()
    stage.isGatewayUp = false
    try stage.configure(#"{"payload_version":1}"#)
    stage.advance(1000)
    #expect(stage.published[0].hasPrefix(#"{"event_type":"heartbeat","device_id":"Attic06","temperature":72.55"#))
    #expect(stage.node.taken == ReadingIdentity(boot: 17, seq: 1, payloadVersion: 1))
    stage.node.brokerAcknowledged(ReadingIdentity(boot: 17, seq: 1, payloadVersion: 1))
    #expect(stage.node.outbox.count == 0)
    // That is as far as version 1 can prove that the configuration works.
    #expect(stage.status.contains(#""config_state":"running""#))
  }

  @Test func ofVersion2TheBrokersWordIsNotEnough() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(1000)
    stage.node.brokerAcknowledged(stage.node.taken!)
    #expect(stage.node.outbox.count == 1)
  }

  @Test func aPUBACKIsOfTheVersionThatWasSentAndNotOfTheOneThatIsConfiguredNow() throws {
    let stage = Stage()
    stage.isGatewayUp = false
    try stage.configure(#"{"payload_version":1}"#)
    stage.advance(1000)
    let former = try #require(stage.node.taken)
    try stage.configure(#"{"payload_version":2}"#, tag: "\"def\"")
    stage.node.brokerAcknowledged(former)
    #expect(stage.node.outbox.count == 0)
    stage.advance(61_000)
    // Sent again as version 2 it would be a second row.
    #expect(!stage.published.contains { $0.contains(#""boot":17,"seq":1,"#) })

    let latter = try #require(stage.node.taken)
    #expect(latter.payloadVersion == 2)
    let count = stage.node.outbox.count
    try stage.configure(#"{"payload_version":1}"#)
    stage.node.brokerAcknowledged(latter)
    #expect(stage.node.outbox.count == count)
  }

  @Test func fansAreDrivenAndToldOnlyWhereTheyAreConfigured() throws {
    let stage = Stage()
    stage.advance(1000)
    #expect(stage.actions.fanDutyPercent == nil && stage.actions.fansActive == nil)
    #expect(!stage.published[0].contains("fan"))
    try stage.configure(
      #"{"heartbeat_publish_period":1000,"fan_pwm_controller_config":{"enabled":1,"temp_min":20,"temp_max":30,"fan_min_duty":20,"fan_max_duty":80,"hysteresis":1},"fan_step_controller_config":{"enabled":1,"pins":[1,2,3],"temp_min":20,"temp_max":30}}"#
    )
    stage.measurement.temperatureCentiCelsius = 2500
    stage.advance(7000)
    // Halfway between 20 and 30 °C: 20 % + 60 % / 2, and the second of three fans.
    #expect(stage.actions.fanDutyPercent == 50)
    #expect(stage.actions.fansActive == 2)
    #expect(stage.published.last!.contains(#""version":"1.0.0","fan_pwm":50,"fans_active_level":2"#))
    try stage.configure(
      #"{"fan_pwm_controller_config":{"manual_override":{"enabled":1,"manual_dutycycle":7}}}"#, tag: "2")
    stage.step()
    #expect(stage.actions.fanDutyPercent == 7)
    try stage.configure(
      #"{"fan_pwm_controller_config":{"enabled":0},"fan_step_controller_config":{"enabled":0}}"#, tag: "3")
    stage.step()
    #expect(stage.actions.fanDutyPercent == nil && stage.actions.fansActive == nil)
  }

  // MARK: Clock

  @Test func theClockIsUnsetThenSetThenStepped() {
    let stage = Stage()
    stage.advance(1000)
    #expect(stage.node.clock == .unset)
    stage.node.setClock(unixMilliseconds: 1_795_473_929_000)
    #expect(stage.node.clock == .set)
    stage.node.setClock(unixMilliseconds: 1_795_473_930_500)
    #expect(stage.node.clock == .set)
    stage.node.setClock(unixMilliseconds: 1_795_473_929_000 - 3_600_000)
    #expect(stage.node.clock == .stepped)
    #expect(stage.logs().last!.hasSuffix(#""message":"clock stepped","value":-3600}"#))
    stage.advance(60_000)
    #expect(stage.published.last!.contains(#""timestamp":"2026-11-23T21:46:2"#))
  }

  @Test func aReadingSentOnceKeepsItsTimeWhateverTheClockDoes() {
    let stage = Stage()
    stage.node.setClock(unixMilliseconds: 1_795_473_929_000)
    stage.isGatewayUp = false
    stage.advance(1000)
    stage.node.setClock(unixMilliseconds: 1_895_473_929_000)
    stage.node.connectionLost()
    stage.advance(20)
    #expect(stage.published.count == 2 && stage.published[0] == stage.published[1])
  }

  // MARK: Restored readings

  @Test func readingsOfAnEarlierLifeAreSentFirstAndWithoutAnInventedTime() {
    let stage = Stage()
    stage.node.setClock(unixMilliseconds: 1_795_473_929_000)
    let old = Reading(
      boot: 16, seq: 900, event: .heartbeat, measurement: stage.measurement, motion: .low, switchLevel: .low,
      uptimeMilliseconds: 5_000_000)
    let record = OutboxRecord.encode(old, wasSent: false)
    let isRestored = stage.node.restore(record.span)
    #expect(isRestored)
    stage.isGatewayUp = false
    stage.advance(1000)
    #expect(stage.published[0].contains(#""boot":16,"seq":900"#) && stage.published[0].contains(#""timestamp":null"#))
    #expect(stage.published[1].contains(#""boot":17,"seq":1"#))
    stage.acknowledge(#"{"boot":16,"seqs":[[900,900]]}"#)
    #expect(stage.node.outbox.count == 1)
  }

  @Test func valuesSetByTheirMeaningReadBackAndLieUnderTheirKeys() {
    var configuration = NodeConfiguration()
    configuration.isEnabled = false
    configuration.heartbeatPeriodMilliseconds = 1001
    configuration.measurementPeriodMilliseconds = 1002
    configuration.motionCooldownMilliseconds = 1003
    configuration.configurationPeriodMilliseconds = 1004
    #expect(!configuration.isEnabled)
    let keys: [ConfigurationKey] = [
      .enabled, .heartbeatPeriod, .measurementPeriod, .motionCooldown, .configurationPeriod,
    ]
    #expect(keys.map { configuration[$0] } == [0, 1001, 1002, 1003, 1004])
    #expect(configuration.configurationPeriodMilliseconds == 1004)
    configuration.isEnabled = true
    #expect(configuration[.enabled] == 1)
  }

  @Test(arguments: ["[]", "7", "\"enabled\"", "", "{\"enabled\":0", "{\"enabled\":0} {}"])
  func whatIsNoObjectChangesNothing(document: String) {
    var configuration = NodeConfiguration()
    #expect(throws: JSONError.self) { try configuration.apply(Array(document.utf8).span) }
    #expect(configuration == NodeConfiguration())
  }

  @Test func aLogThatIsTurnedOffIsOffWhateverItsLevel() throws {
    var configuration = NodeConfiguration()
    let document = #"{"remote_log_level":"debug","remote_logger":{"mqtt":{"enabled":0}}}"#
    let refused = try configuration.apply(Array(document.utf8).span)
    #expect(refused.isEmpty)
    #expect(configuration[.logLevel] == 4)
    #expect(configuration.logLevel == .off)
  }

  /// The existing fleet's document, its own names and units, as its config server merges them for one device.
  @Test func theFleetsKeysMeanWhatTheyMeantToIt() throws {
    let document = #"""
      {"device_id":"Attic06","name":"Attic","enabled":1,"heartbeat_publish_period":30000,
       "motion_cooldown_wait_period":20000,"motion_check_period":150,"switch_check_period":250,
       "temperature_check_period":9000,"i2c_temp_sensor_pins":{"i2c_scl":5,"i2c_sda":4},
       "onewire_ds18b20_pin":{"pin":22},"motion_sensor_pin":{"pin":16},"switch_sensor_pin":{"pin":14},
       "remote_logger":{"http":{"enabled":0,"url":"http://x"},"mqtt":{"enabled":0,"base_topic":"logs"}},
       "fan_pwm_controller_config":{"enabled":1,"manual_override":{"enabled":1,"manual_dutycycle":40},"pwm_pin":15,
        "pwm_freq":64,"temp_min":25,"temp_max":35.5,"fan_min_duty":20,"fan_max_duty":90,"hysteresis":1.5},
       "fan_step_controller_config":{"enabled":1,"manual_override":{"enabled":1,"fans_active":2},"pins":[6,7,8],
        "temp_min":26,"temp_max":36,"hysteresis":2},
       "check_config_file_period":45000,"mqtt_config":{"enabled":1,"broker":"b","port":1883},"api_config":{"enabled":0}}
      """#
    var configuration = NodeConfiguration()
    let refused = try configuration.apply(Array(document.utf8).span)
    #expect(refused.isEmpty)
    let values: [(ConfigurationKey, Int32)] = [
      (.enabled, 1), (.heartbeatPeriod, 30_000), (.motionCooldown, 20_000), (.motionCheckPeriod, 150),
      (.switchCheckPeriod, 250), (.measurementPeriod, 9000), (.configurationPeriod, 45_000), (.logEnabled, 0),
      (.pwmEnabled, 1), (.pwmManual, 1), (.pwmManualDuty, 40), (.pwmMinimum, 2500), (.pwmMaximum, 3550),
      (.pwmLeastDuty, 20), (.pwmMostDuty, 90), (.pwmHysteresis, 150), (.stepEnabled, 1), (.stepManual, 1),
      (.stepManualCount, 2), (.stepFans, 3), (.stepMinimum, 2600), (.stepMaximum, 3600), (.stepHysteresis, 200),
    ]
    for (key, value) in values { #expect(configuration[key] == value, "\(key)") }
  }
}
