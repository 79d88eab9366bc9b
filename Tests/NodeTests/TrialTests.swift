import Node
import Telemetry
import Testing

/// A configuration on trial (DESIGN section 4, "Rules that keep it exact").
@Suite struct TrialTests {
  static let patience: UInt32 = 300_000

  func stage() -> Stage {
    let stage = Stage()
    stage.advance(2000)
    return stage
  }

  @Test func aNewConfigurationIsKeptOnceTheGatewayHoldsAReadingMadeUnderIt() throws {
    let stage = stage()
    try stage.configure(#"{"heartbeat_publish_period":10000}"#)
    #expect(stage.status.contains(#""config_state":"trial""#))
    #expect(stage.node.candidateConfiguration?.tag.matches("\"abc\"") == true)
    stage.advance(5000)
    #expect(stage.status.contains(#""config_state":"trial""#))
    stage.advance(6000)
    #expect(stage.status.contains(#""config":"\"abc\"","config_state":"running""#))
    #expect(stage.node.candidateConfiguration == nil)
    #expect(stage.node.lastGoodConfiguration.configuration.heartbeatPeriodMilliseconds == 10_000)
  }

  @Test func anAcknowledgementOfAnOlderReadingProvesNothing() throws {
    let stage = Stage()
    stage.isGatewayUp = false
    stage.advance(2000)
    try stage.configure(#"{"heartbeat_publish_period":600000}"#)
    stage.acknowledge(#"{"boot":17,"seqs":[[1,1]]}"#)
    #expect(stage.status.contains(#""config_state":"trial""#))
    // However long the period, a reading is made that can prove it.
    stage.advance(60_010)
    stage.acknowledge(#"{"boot":17,"seqs":[[2,2]]}"#)
    #expect(stage.status.contains(#""config_state":"running""#))
  }

  @Test func itFailsOnlyWhenItsPredecessorReachesTheGateway() throws {
    let stage = stage()
    stage.isGatewayUp = false
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "bad")
    stage.advance(Self.patience + 10)
    #expect(stage.status.contains(#""config":"","config_state":"comparing""#))
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 60_000)
    stage.isGatewayUp = true
    stage.advance(61_000)
    #expect(
      stage.status.contains(
        #""config":"","config_state":"returned","config_refused":"bad","config_reason":"gateway-not-reached""#))
    // It is neither fetched nor tried again.
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "bad")
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 60_000)
    let fetches = stage.fetches
    stage.node.configurationAnnounced(tag: InlineBytes("bad"))
    stage.step()
    #expect(stage.fetches == fetches)
    // Another one is.
    try stage.configure(#"{"heartbeat_publish_period":20000}"#, tag: "better")
    #expect(stage.status.contains(#""config":"better","config_state":"trial"}"#))
  }

  @Test func whereNeitherReachesTheGatewayTheNetworkIsAtFaultAndTheNewOneStaysTheCandidate() throws {
    let stage = stage()
    stage.isGatewayUp = false
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "new")
    stage.advance(Self.patience + 10)
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 60_000)
    stage.advance(Self.patience + 10)
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 10_000)
    #expect(stage.status.contains(#""config":"new","config_state":"trial""#))
    stage.isGatewayUp = true
    stage.advance(11_000)
    #expect(stage.status.contains(#""config":"new","config_state":"running""#))
  }

  @Test func timeWithoutWiFiDoesNotCount() throws {
    let stage = stage()
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "new")
    stage.link = Link()
    stage.advance(Self.patience + 10)
    #expect(stage.status.contains(#""config_state":"trial""#))
  }

  @Test func whatIsNotJSONIsRefusedWithTheReasonAndTheOldOneRuns() throws {
    let stage = stage()
    #expect(throws: JSONError.self) { try stage.configure(#"{"enabled":"#, tag: "broken") }
    #expect(
      stage.status.contains(
        #""config":"","config_state":"refused","config_refused":"broken","config_reason":"not-json""#)
    )
    #expect(stage.logs().contains { $0.contains(#""level":"error""#) && $0.contains("not JSON") })
  }

  @Test func refusedValuesAreNamedInTheStatusAtMostFour() throws {
    let stage = stage()
    try stage.configure(
      #"{"enabled":7,"payload_version":3,"display_units":"K","remote_log_level":"loud","remote_logger":{"mqtt":{"enabled":2}},"fan_step_controller_config":{"manual_override":{"fans_active":9}}}"#
    )
    #expect(
      stage.status.hasSuffix(
        #","refused":["enabled","payload_version","display_units","remote_log_level"],"refused_more":2}"#))
    try stage.configure(
      #"{"fan_step_controller_config":{"manual_override":{"fans_active":9}},"remote_logger":{"mqtt":{"enabled":2}}}"#,
      tag: "2")
    #expect(
      stage.status.hasSuffix(
        #","refused":["remote_logger.mqtt.enabled","fan_step_controller_config.manual_override.fans_active"]}"#))
  }

  @Test func theLongestStatusFits512Bytes() throws {
    let stage = stage()
    let quotes: StaticString = "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
    try stage.configure(
      #"{"fan_step_controller_config":{"manual_override":{"fans_active":9,"enabled":9},"temp_min":999,"temp_max":999,"hysteresis":999}}"#,
      tag: quotes)
    let slashes: StaticString = #"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"#
    #expect(throws: JSONError.self) { try stage.configure("x", tag: slashes) }
    #expect(stage.status.hasSuffix("}"))
    #expect(stage.status.utf8.count <= 512)
  }

  @Test func aDisabledDeviceKeepsItsConfigurationOnceServerAndBrokerAnswer() throws {
    let stage = stage()
    stage.isServerSilent = true
    stage.link.isConnected = false
    stage.step()
    try stage.configure(#"{"enabled":0}"#, tag: "off")
    stage.advance(1000)
    stage.node.configurationIsUnchanged()
    #expect(stage.status.contains(#""config_state":"trial""#))
    stage.link.isConnected = true
    stage.step()
    stage.node.configurationIsUnchanged()
    #expect(stage.status.contains(#""config":"off","config_state":"running""#))
  }

  @Test func lastGoodAndCandidateSurviveARestartByTheirRecords() throws {
    let before = stage()
    before.isGatewayUp = false
    try before.configure(#"{"heartbeat_publish_period":10000,"display_units":"F","enabled":9}"#, tag: "new")
    before.step()
    #expect(before.actions.storeConfiguration)
    var record = InlineBytes<192>()
    before.node.candidateConfiguration!.encode(into: &record)
    let candidate = record.withSpan { TaggedConfiguration(record: $0) }
    before.node.lastGoodConfiguration.encode(into: &record)
    let lastGood = record.withSpan { TaggedConfiguration(record: $0) }
    #expect(candidate == before.node.candidateConfiguration)
    #expect(lastGood == before.node.lastGoodConfiguration)

    let after = Stage()
    after.node.restore(lastGood: lastGood, candidate: candidate)
    #expect(after.node.configuration.heartbeatPeriodMilliseconds == 10_000)
    #expect(after.status.contains(#""config":"new","config_state":"trial""#))
    after.advance(11_000)
    #expect(after.status.contains(#""config":"new","config_state":"running""#))
    #expect(after.node.lastGoodConfiguration == candidate)
    #expect(after.stores >= 2)
  }

  func decoded(_ bytes: [UInt8]) -> TaggedConfiguration? { TaggedConfiguration(record: bytes.span) }

  @Test func aTornOrChangedRecordIsNone() {
    var record = InlineBytes<192>()
    TaggedConfiguration(configuration: NodeConfiguration(), tag: InlineBytes("\"abc\"")).encode(into: &record)
    let bytes = (0..<record.count).map { record[$0] }
    for length in 0..<bytes.count { #expect(decoded(Array(bytes.prefix(length))) == nil) }
    for bit in 0..<bytes.count * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(decoded(changed) == nil)
    }
  }

  @Test func theStatusIsToBePublishedAgainWhenItSaysSomethingNew() throws {
    let stage = stage()
    var editions = [stage.node.statusEdition]
    try stage.configure(#"{"heartbeat_publish_period":10000}"#)
    editions.append(stage.node.statusEdition)
    stage.advance(11_000)
    editions.append(stage.node.statusEdition)
    #expect(editions[0] < editions[1] && editions[1] < editions[2])
    stage.advance(20_000)
    #expect(stage.node.statusEdition == editions[2])
  }

  @Test func aDocumentThatIsTakenBackEndsTheTrial() throws {
    let stage = stage()
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "one")
    stage.advance(11_000)
    stage.isGatewayUp = false
    try stage.configure(#"{"heartbeat_publish_period":20000}"#, tag: "two")
    #expect(stage.status.contains(#""config":"two","config_state":"trial""#))
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "one")
    #expect(stage.status.contains(#""config":"one","config_state":"running""#))
    #expect(stage.node.candidateConfiguration == nil)
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 10_000)
    // Nothing is left that could time out.
    stage.advance(2 * Self.patience)
    #expect(stage.status.contains(#""config":"one","config_state":"running""#))
  }

  @Test(arguments: [RefusedConfiguration.Reason.past, .gatewayNotReached, .notJSON])
  func aRefusedConfigurationIsNotTriedAgainAfterARestart(reason: RefusedConfiguration.Reason) throws {
    let refused = RefusedConfiguration(tag: InlineBytes("bad"), reason: reason)
    var record = InlineBytes<72>()
    refused.encode(into: &record)
    #expect(record.count == 8)
    record.withSpan { #expect(RefusedConfiguration(record: $0) == refused) }
    let stage = Stage()
    stage.node.restore(lastGood: nil, candidate: nil, refused: refused)
    #expect(stage.node.refusedConfiguration == refused)
    stage.advance(2000)
    #expect(stage.status.contains(#""config_refused":"bad""#) == (reason != .past))
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "bad")
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 60_000)
    try stage.configure(#"{"heartbeat_publish_period":10000}"#, tag: "good")
    #expect(stage.node.configuration.heartbeatPeriodMilliseconds == 10_000)
  }

  @Test func aTornRecordOfARefusalIsNone() {
    var record = InlineBytes<72>()
    RefusedConfiguration(tag: InlineBytes("bad"), reason: .notJSON).encode(into: &record)
    let bytes = (0..<record.count).map { record[$0] }
    for count in 0..<bytes.count { #expect(RefusedConfiguration(record: Array(bytes[..<count]).span) == nil) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      #expect(RefusedConfiguration(record: changed.span) == nil, "byte \(index)")
    }
  }

  @Test func theShellIsToldToKeepARefusal() throws {
    let stage = stage()
    let stores = stage.stores
    _ = try? stage.configure("no JSON", tag: "broken")
    stage.step()
    #expect(stage.stores == stores + 1 && stage.node.refusedConfiguration?.reason == .notJSON)
  }
}
