import ChipModels
import HAL
import Node
import Telemetry
import Testing
import VirtualBoard

@Suite struct VirtualBoardTests {
  private func life(seed: UInt64, seconds: UInt64) -> (payloads: [String], frame: String) {
    let board = VirtualBoard(seed: seed)
    var configuration = NodeConfiguration()
    configuration.heartbeatPeriodMilliseconds = 10_000
    let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 1)
    var device = Device<SimulatedI2CBus, SimulatedPin, SimulatedPin, 64>(
      node: Node(identity: identity, configuration: configuration), bus: board.bus, motion: board.motion,
      door: board.door, light: board.light)
    var payloads: [String] = []
    var payload = InlineBytes<512>()
    for tick in 0..<(seconds * 100) {
      board.advance(toMilliseconds: tick * 10)
      let link = Link(isJoined: true, rssi: -60, isConnected: true)
      if device.step(now: board.clock.milliseconds, link: link).fetchConfiguration {
        device.node.configurationIsUnchanged()
      }
      while device.node.takePayload(now: board.clock.milliseconds, into: &payload) {
        payloads.append(payload.withSpan { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) })
        device.node.acknowledgementArrived(Array(#"{"boot":1,"seqs":[[1,9999]]}"#.utf8).span)
      }
    }
    #expect(board.sensor.complaints.isEmpty)
    #expect(board.display.complaints.isEmpty)
    return (payloads, board.display.art)
  }

  @Test func theSameSeedIsTheSameLife() {
    let first = life(seed: 7, seconds: 300)
    let second = life(seed: 7, seconds: 300)
    #expect(first.payloads == second.payloads)
    #expect(first.frame == second.frame)
    #expect(first.payloads != life(seed: 8, seconds: 300).payloads)
  }

  @Test func fiveMinutesHoldHeartbeatsMotionsAndSwitchesWithRealValues() {
    let payloads = life(seed: 7, seconds: 300).payloads
    #expect(payloads.filter { $0.contains(#""heartbeat""#) }.count == 30)
    #expect(payloads.contains { $0.contains(#""event_type":"motion""#) })
    #expect(payloads.contains { $0.contains(#""event_type":"switch""#) })
    #expect(payloads.allSatisfy { $0.contains(#""quality":"ok""#) && !$0.contains(#""pressure":null"#) })
  }

  @Test func theWeatherStaysPhysicalForAWeek() {
    var world = World(seed: 3)
    for minute in UInt64(0)..<(7 * 24 * 60) {
      let air = world.air(at: minute * 60_000)
      #expect((5...40).contains(air.temperature))
      #expect((5...95).contains(air.humidity))
      #expect((95_000...105_000).contains(air.pressure))
      world.advance(to: minute * 60_000)
    }
  }
}
