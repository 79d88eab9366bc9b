import Display
import Node
import Telemetry
import Testing

/// Whatever happens in whatever order, the device goes on, and what it publishes is of now or honestly null.
@Suite struct AnySequenceTests {
  /// Steele, Lea, Flood: SplitMix64, so that a failure repeats by its seed.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  @Test(arguments: 1...24 as ClosedRange<UInt64>)
  func neverCrashesAndNeverPublishesAStaleValue(seed: UInt64) throws {
    var random = Generator(state: seed)
    let stage = Stage(start: .random(in: 0 ... .max, using: &random))
    var known = 0
    // The sensor's value names the second it was measured in, so that a stale one gives itself away.
    for second in 0..<400 as Range<Int32> {
      act(stage, &random, tag: second)
      for _ in 0..<10 {
        if stage.measurement.quality == .ok { stage.measurement.temperatureCentiCelsius = second }
        stage.advance(100)
      }
      let oldest = 2 * Int32(stage.node.configuration.measurementPeriodMilliseconds / 1000) + 3
      if let shown = stage.node.measurement.temperatureCentiCelsius {
        // A period that has just become shorter lets an older value stand until the next look.
        #expect(second - shown <= max(oldest, longest), "seed \(seed), second \(second): \(shown)")
      } else {
        #expect(stage.node.measurement.quality != .ok || second == 0)
      }
      for payload in stage.published[known...] { check(payload, seed: seed) }
      known = stage.published.count
      // Drawing and answering are part of it.
      var canvas = Canvas()
      stage.screen().draw(as: DeviceID("Attic06"), firmware: InlineBytes("1.0.0"), on: &canvas)
      #expect(stage.answers().allSatisfy { $0.utf8.count <= 512 && $0.hasSuffix("}") })
      #expect(stage.logs().allSatisfy { $0.utf8.count <= 512 && $0.hasSuffix("}") })
      #expect(stage.status.utf8.count <= 512)
    }
    #expect(known > 0, "seed \(seed)")
  }

  /// Twice the longest measurement period that `act` configures, and a second each for slot and sensor.
  private var longest: Int32 { 2 * 4 + 3 }

  private func check(_ payload: String, seed: UInt64) {
    #expect(payload.utf8.count <= maximumPayloadBytes, "seed \(seed)")
    let bytes = Array(payload.utf8)
    guard let decoded = try? Payload.decode(bytes.span) else {
      Issue.record("seed \(seed): no payload: \(payload)")
      return
    }
    guard decoded.version == 2 else { return }
    // The value was measured in the second it names; the reading was made at its uptime.
    let isOK = text(decoded.quality) == "ok"
    #expect(isOK == (decoded.temperatureCentiCelsius != nil), "seed \(seed): \(payload)")
    if let temperature = decoded.temperatureCentiCelsius, let uptime = decoded.uptimeMilliseconds {
      #expect(Int64(uptime / 1000) - Int64(temperature) <= Int64(longest), "seed \(seed): \(payload)")
    }
  }

  private func act(_ stage: Stage, _ random: inout Generator, tag: Int32) {
    switch Int.random(in: 0..<16, using: &random) {
    case 0: stage.measurement = .missing(Quality.allCases.randomElement(using: &random)!, .bme280).withoutOK
    case 1, 2: stage.measurement = Stage(start: 0).measurement
    case 3: stage.sensorDelay = nil
    case 4, 5: stage.sensorDelay = [10, 50, 900].randomElement(using: &random)!
    case 6: stage.link = Link()
    case 7: stage.link = Link(isJoined: true, rssi: -70, isConnected: false)
    case 8:
      stage.link = Link(isJoined: true, rssi: -60, isConnected: true)
      stage.node.connectionLost()
    case 9: stage.isGatewayUp.toggle()
    case 10: stage.isServerUp.toggle()
    case 11, 12: configure(stage, &random, tag: tag)
    case 13:
      stage.command(
        #"{"id":"\#(tag)","cmd":"\#(["read", "screen", "identify", "config", "x"].randomElement(using: &random)!)"}"#)
    case 14: stage.node.setClock(unixMilliseconds: .random(in: 0...1 << 42, using: &random))
    default:
      stage.isMotionHigh.toggle()
      stage.isSwitchHigh = Bool.random(using: &random)
    }
  }

  private func configure(_ stage: Stage, _ random: inout Generator, tag: Int32) {
    let values = [
      #"{"temperature_check_period":1000,"heartbeat_publish_period":1000}"#,
      #"{"temperature_check_period":4000,"display_units":"F"}"#,
      #"{"heartbeat_publish_period":3000,"motion_cooldown_wait_period":0,"motion_check_period":700}"#,
      #"{"enabled":0}"#, #"{"enabled":1,"payload_version":2}"#, #"{"payload_version":1}"#,
      #"{"fan_pwm_controller_config":{"enabled":1,"temp_min":0,"temp_max":3}}"#, #"{"enabled":-3,"display_units":[]}"#,
      #"{"remote_log_level":"debug","display_dim_period":1000,"display_shift_period":1000}"#, "{", "nonsense",
    ]
    // No look at the environment lies longer apart than four seconds, so that staleness has one bound.
    let always = #"{"temperature_check_period":4000}"#
    var tagText = InlineBytes<64>()
    tagText.append(signed: Int64(tag))
    _ = try? stage.node.configurationArrived(Array(always.utf8).span, tag: tagText)
    tagText.append(UInt8(ascii: "b"))
    _ = try? stage.node.configurationArrived(Array(values.randomElement(using: &random)!.utf8).span, tag: tagText)
  }
}

extension Measurement {
  /// A fault is no `ok` without values.
  fileprivate var withoutOK: Measurement { quality == .ok ? .missing(.nack, sensor) : self }
}
