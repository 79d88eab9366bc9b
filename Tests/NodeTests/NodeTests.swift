import Display
import Node
import StatusLED
import Telemetry
import Testing

@Suite struct NodeTests {
  @Test func theFirstHeartbeatFollowsTheFirstMeasurementAndThenItsPeriod() {
    let stage = Stage()
    stage.advance(1000)
    #expect(stage.events == ["heartbeat"])
    stage.advance(59_000)
    #expect(stage.events == ["heartbeat"])
    stage.advance(1000)
    #expect(stage.events == ["heartbeat", "heartbeat"])
  }

  @Test func aMotionIsAnEventAndTheNextOnesWaitForTheCooldownAndAreCounted() {
    let stage = Stage()
    stage.advance(1000)
    for _ in 0..<3 {
      stage.isMotionHigh = true
      stage.advance(1000)
      stage.isMotionHigh = false
      stage.advance(1000)
    }
    #expect(stage.events == ["heartbeat", "motion"])
    stage.advance(60_000)
    stage.isMotionHigh = true
    stage.advance(100)
    #expect(stage.published.last!.hasSuffix(#","suppressed":2}"#))
  }

  /// FACTS, old fault 3: one switch toggle made about eight rows.
  @Test func oneSwitchToggleIsOneEvent() {
    let stage = Stage()
    stage.advance(1000)
    for bounce in 0..<7 {
      stage.isSwitchHigh = bounce % 2 == 0
      stage.now &+= 3
      stage.step()
    }
    stage.advance(2000)
    #expect(stage.events == ["heartbeat", "switch"])
    #expect(stage.published[1].contains(#""switch":"HIGH""#))
  }

  /// FACTS, old fault 2: the config server being down stopped all telemetry.
  @Test func aConfigServerThatIsDownStopsNothing() {
    let stage = Stage()
    stage.isServerUp = false
    stage.advance(61_000)
    #expect(stage.published.count == 2)
    #expect(stage.fetches >= 2)
  }

  @Test func nothingIsPublishedBeforeTheConfigurationWasAskedFor() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.link = Link(isJoined: false, rssi: nil, isConnected: false)
    stage.advance(5000)
    #expect(stage.published.isEmpty)
    #expect(stage.node.outbox.count == 1)
    stage.link = Link(isJoined: true, rssi: -60, isConnected: true)
    stage.advance(20)
    #expect(stage.fetches == 1)
    #expect(stage.published.count == 1)
  }

  @Test func nothingIsPublishedWhileTheConfigServerHasNotAnswered() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.isServerSilent = true
    stage.advance(5000)
    #expect(stage.fetches == 1)
    #expect(stage.published.isEmpty)
    stage.node.configurationFailed()
    stage.advance(20)
    #expect(stage.published.count == 1)
  }

  @Test func theAcknowledgementEmptiesTheOutboxAndSetsTheClock() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(1000)
    #expect(stage.published[0].contains(#""timestamp":null"#))
    stage.acknowledge(#"{"boot":17,"seqs":[[1,1]],"time":1795473929000}"#)
    #expect(stage.node.outbox.isEmpty)
    stage.isGatewayUp = true
    stage.advance(60_000)
    #expect(stage.published[1].contains(#""timestamp":"2026-11-23T22:46:2"#))
  }

  @Test func anAcknowledgementOfAnotherBootForgetsNothing() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(1000)
    stage.acknowledge(#"{"boot":16,"seqs":[[1,9]],"time":1795473929000}"#)
    #expect(stage.node.outbox.count == 1)
  }

  @Test func aSensorThatFallsSilentIsNotShownAsTodaysValue() {
    let stage = Stage()
    stage.advance(1000)
    stage.sensorDelay = nil
    stage.advance(20_000)
    #expect(stage.node.measurement == .missing(.stuck, .bme280))
    #expect(stage.node.measurement.temperatureCentiCelsius == nil)
  }

  @Test func everyValueOfAConfigurationIsTakenOrRefusedByItself() throws {
    let stage = Stage()
    let refused = try stage.configure(
      #"{"enabled":1,"heartbeat_publish_period":2000,"motion_cooldown_wait_period":-1,"temperature_check_period":"soon","mqtt_config":{"enabled":0}}"#
    )
    #expect(refused.contains(.motionCooldown))
    #expect(refused.contains(.measurementPeriod))
    #expect(!refused.contains(.heartbeatPeriod))
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 2000)
    #expect(stage.node.configuration.motionCooldownMilliseconds == 60_000)
    #expect(stage.node.configuration.isEnabled)
  }

  @Test func aBrokenConfigurationChangesNothing() {
    let stage = Stage()
    #expect(throws: JSONError.self) { try stage.configure(#"{"heartbeat_publish_period":2000,"#) }
    #expect(stage.node.configuration == NodeConfiguration())
  }

  @Test func aShorterPeriodBeginsNow() throws {
    let stage = Stage()
    stage.advance(1000)
    _ = try stage.configure(#"{"heartbeat_publish_period":2000}"#)
    stage.advance(2010)
    #expect(stage.published.count == 2)
  }

  @Test func aDisabledDevicePublishesNothingAndSaysSo() throws {
    let stage = Stage()
    _ = try stage.configure(#"{"enabled":0}"#)
    stage.advance(2000)
    stage.isMotionHigh = true
    stage.advance(2000)
    #expect(stage.published.isEmpty)
    #expect(stage.step().led == .disabled)
    let screen = stage.screen()
    #expect(screen.kind == .disabled)
  }

  @Test func anAnnouncedConfigurationIsFetchedAtOnceUnlessItIsInUse() {
    let stage = Stage()
    stage.advance(1000)
    #expect(stage.fetches == 1)
    stage.node.configurationAnnounced(tag: InlineBytes("\"new\""))
    stage.advance(20)
    #expect(stage.fetches == 2)
    stage.node.configurationAnnounced(tag: InlineBytes())
    stage.advance(1000)
    #expect(stage.fetches == 2)
  }

  @Test func aLostConnectionSendsAgainWhatWasUnderWay() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(1000)
    #expect(stage.published.count == 1)
    stage.node.connectionLost()
    stage.advance(20)
    #expect(stage.published.count == 2)
    #expect(stage.published[0] == stage.published[1])
  }

  @Test func theRhythmSurvivesTheWrappingTick() {
    let stage = Stage(start: UInt32.max - 100_000)
    stage.advance(240_500)
    #expect(stage.events.filter { $0 == "heartbeat" }.count >= 4)
    #expect(stage.node.made == 5)
  }

  @Test func theLEDSaysWhatMattersMost() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.link = Link()
    #expect(stage.step().led == .booting)
    stage.advance(2000)
    #expect(stage.step().led == .joiningWiFi)
    stage.link = Link(isJoined: true, rssi: -60, isConnected: false)
    stage.advance(100)
    #expect(stage.step().led == .offline)
    stage.link.isConnected = true
    stage.acknowledge(#"{"boot":17,"seqs":[[1,9]]}"#)
    #expect(stage.step().led == .online)
    stage.measurement = .missing(.nack, .bme280)
    stage.advance(6000)
    #expect(stage.step().led == .sensorFault)
  }

  @Test func aGatewayThatDoesNotAnswerIsOffline() {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(35_000)
    #expect(stage.step().led == .offline)
  }

  @Test func statusNamesBootVersionAndConfiguration() throws {
    let stage = Stage()
    _ = try stage.configure("{}")
    var message = InlineBytes<512>()
    stage.node.writeOnlineStatus(into: &message)
    #expect(
      message.matches(#"{"state":"online","boot":17,"version":"1.0.0","config":"\"abc\"","config_state":"trial"}"#))
  }

  @Test func aTimeBeforeItsOwnStartIsNoTime() {
    let stage = Stage()
    stage.advance(2000)
    stage.node.setClock(unixMilliseconds: 1000)
    #expect(stage.node.clock == .unset)
    stage.node.setClock(unixMilliseconds: 1_795_473_929_000)
    #expect(stage.node.clock == .set)
  }

  @Test func theLastWillNamesTheBoot() {
    let stage = Stage()
    var will = InlineBytes<512>()
    stage.node.writeOfflineStatus(into: &will)
    #expect(text(will) == #"{"state":"offline","boot":17}"#)
  }

  @Test func whereNoSensorWasEverFoundTheReadingScreenSaysSoBesideMotionAndSwitch() {
    let stage = Stage()
    stage.measurement = .missing(.absent)
    stage.isMotionHigh = true
    stage.advance(2000)
    #expect(stage.screen().kind == .reading)
    #expect(stage.screen().measurement == .missing(.absent))
    #expect(stage.screen().motion == .high)
    #expect(stage.screen().switchLevel == .low)
    stage.measurement = .missing(.nack, .bme280)
    stage.advance(6000)
    #expect(stage.screen().kind == .sensorFault)
  }

  /// The fleet's straps on GPIO 0 … 3, bit 0 on GPIO 0.
  @Test func theFleetsSixteenNames() {
    let names = (UInt8(0)..<16).map { text(DeviceID(straps: $0)) }
    #expect(
      names == [
        "Office00", "Exterior01", "Garage02", "MasterBed03", "LivingRoom04", "Basement05", "Attic06", "FrontDoor07",
        "BackDoor08", "GuestRoom09", "Bathroom10", "Patio11", "Hallway12", "DiningRoom13", "Laundry14", "Spare15",
      ])
    #expect((UInt8(0)..<16).allSatisfy { DeviceID(straps: $0).isDeviceID })
    // Pins that do not exist do not count.
    #expect(DeviceID(straps: 0xF6) == DeviceID(straps: 6))
  }
}
