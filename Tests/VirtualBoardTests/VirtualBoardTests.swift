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
    var device = Device<VirtualBoard, 64>(node: Node(identity: identity, configuration: configuration), board: board)
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

  /// A device on a board with some chips, stepped every 10 ms.
  private final class Stage {
    let board: VirtualBoard
    var device: Device<VirtualBoard, 64>
    private var tick: UInt64 = 0

    init(_ parts: Set<Part>) {
      board = VirtualBoard(seed: 5, visitPeriodMilliseconds: 0, parts: parts)
      let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 1)
      device = Device(node: Node(identity: identity), board: board)
    }

    func live(seconds: UInt64) {
      for _ in 0..<(seconds * 100) {
        board.advance(toMilliseconds: tick * 10)
        _ = device.step(now: board.clock.milliseconds, link: Link(isJoined: true, rssi: -60, isConnected: true))
        tick += 1
      }
    }

    func configure(_ document: String, tag: StaticString = "1") throws {
      try device.node.configurationArrived(Array(document.utf8).span, tag: InlineBytes(tag))
    }

    var sensor: SensorKind { device.node.measurement.quality == .ok ? device.node.measurement.sensor : .none }
  }

  @Test func anUnpluggedSensorIsReplacedByTheNextAndComesBack() {
    let stage = Stage([.bme280, .ds18b20, .onChip])
    stage.live(seconds: 5)
    #expect(stage.sensor == .bme280)
    stage.board.unplug(.bme280)
    stage.live(seconds: 40)
    #expect(stage.sensor == .ds18b20 && stage.device.node.measurement.humidityCentiPercent == nil)
    stage.board.unplug(.ds18b20)
    stage.live(seconds: 40)
    #expect(stage.sensor == .onChip)
    stage.board.plugIn(.ds18b20)
    stage.live(seconds: 80)
    #expect(stage.sensor == .ds18b20)
    stage.board.plugIn(.bme280)
    stage.live(seconds: 80)
    #expect(stage.sensor == .bme280)
  }

  @Test func withoutAnyChipTheReadingIsAbsent() {
    let stage = Stage([])
    stage.live(seconds: 20)
    #expect(stage.device.node.measurement == .missing(.absent))
    let probe = Stage([.ds18b20])
    probe.board.perform(.bus(.nackAddress, .ds18b20, times: 1000))
    probe.live(seconds: 20)
    #expect(probe.sensor == .none)
  }

  @Test func theOnChipOffsetComesFromTheConfiguration() throws {
    let stage = Stage([.onChip])
    stage.board.perform(.air(.temperature, to: 20, during: 0))
    stage.live(seconds: 6)
    let before = try #require(stage.device.node.measurement.temperatureCentiCelsius)
    try stage.configure(#"{"onchip_temperature_offset":-4.25}"#)
    stage.live(seconds: 10)
    #expect(stage.device.node.measurement.temperatureCentiCelsius == before - 425)
    #expect(abs(before - 2400) < 50)
  }

  @Test func fansFollowTheTemperatureAndStandWithoutAConfiguration() throws {
    let stage = Stage([.bme280])
    try stage.configure(
      #"{"fan_pwm_controller_config":{"enabled":1,"temp_min":20,"temp_max":40},"#
        + #""fan_step_controller_config":{"enabled":1,"pins":[10,11,12],"temp_min":20,"temp_max":40}}"#)
    stage.board.perform(.air(.temperature, to: 40, during: 0))
    stage.live(seconds: 10)
    #expect(stage.board.fan.dutyPercent == 100 && stage.board.stepFansTurning == 3)
    #expect(!stage.board.stepFan(3).isTurning)
    stage.board.perform(.air(.temperature, to: 10, during: 0))
    stage.live(seconds: 10)
    #expect(stage.board.fan.dutyPercent == 0 && stage.board.stepFansTurning == 0)
    stage.board.perform(.air(.temperature, to: 40, during: 0))
    stage.live(seconds: 10)
    try stage.configure(
      #"{"fan_pwm_controller_config":{"enabled":0},"fan_step_controller_config":{"enabled":0}}"#, tag: "2")
    stage.live(seconds: 1)
    #expect(stage.board.fan.dutyPercent == 0 && stage.board.stepFansTurning == 0)
  }
}
