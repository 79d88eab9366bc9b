import Telemetry
import Testing

/// protocol/vectors/payload.json, written by hand.
struct PayloadVectors: Decodable {
  @dynamicMemberLookup
  struct Encode: Decodable, CustomTestStringConvertible {
    private enum Key: CodingKey { case name, device_id, firmware, dropped, payload }

    var name: String
    var device_id: String
    var firmware: String
    var dropped: [[UInt32]]
    var payload: String
    private var vector: ReadingVector

    var testDescription: String { name }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      name = try values.decode(String.self, forKey: .name)
      device_id = try values.decode(String.self, forKey: .device_id)
      firmware = try values.decode(String.self, forKey: .firmware)
      dropped = try values.decode([[UInt32]].self, forKey: .dropped)
      payload = try values.decode(String.self, forKey: .payload)
      vector = try ReadingVector(from: decoder)
    }

    subscript<Value>(dynamicMember path: KeyPath<ReadingVector, Value>) -> Value { vector[keyPath: path] }
  }

  var encode: [Encode]
  var encode_with_fans: [Encode]
  var encode_version_1: [Encode]

  static let all: PayloadVectors = ReadingVector.file("payload")
}

func text<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String {
  String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
}

func inline<let capacity: Int>(_ text: String) -> InlineBytes<capacity> {
  InlineBytes(Array(text.utf8).span)
}

func decode(_ text: String) throws(PayloadError) -> (payload: Payload, unknown: [String]) {
  let bytes = Array(text.utf8)
  var unknown: [String] = []
  let payload = try Payload.decode(bytes.span) { unknown.append(String(decoding: bytes[$0..<$1], as: UTF8.self)) }
  return (payload, unknown)
}

@Suite struct Version2 {
  @Test(arguments: PayloadVectors.all.encode + PayloadVectors.all.encode_with_fans)
  func encodesTheVectorByteForByte(vector: PayloadVectors.Encode) {
    var dropped = DroppedRanges()
    for range in vector.dropped {
      for seq in range[1]...range[2] { dropped.insert(boot: range[0], seq: seq) }
    }
    var output = InlineBytes<512>()
    vector.reading.encode(
      device: inline(vector.device_id), firmware: inline(vector.firmware), dropped: dropped, into: &output)
    #expect(text(output) == vector.payload)
    #expect(!output.overflowed)
  }

  @Test(arguments: PayloadVectors.all.encode)
  func decodesTheVectorToTheSameValues(vector: PayloadVectors.Encode) throws {
    let (payload, unknown) = try decode(vector.payload)
    #expect(payload.version == 2)
    #expect(text(payload.deviceID) == vector.device_id)
    #expect(payload.boot == vector.boot)
    #expect(payload.seq == vector.seq)
    #expect(text(payload.event) == vector.event)
    #expect(payload.temperatureCentiCelsius == vector.temperature_centi_celsius)
    #expect(payload.humidityCentiPercent == vector.humidity_centi_percent)
    #expect(payload.pressurePascals == vector.pressure_pascals)
    #expect(payload.motion.name.description == vector.motion)
    #expect(payload.switchLevel.name.description == vector.switch)
    #expect(text(payload.sensorType) == vector.sensor ?? "")
    #expect(text(payload.quality) == vector.quality)
    #expect(payload.wifiRSSI == vector.wifi_rssi.map { Int16($0) })
    #expect(payload.uptimeMilliseconds == vector.uptime_ms)
    #expect(payload.timestampMicroseconds == vector.unix_seconds.map { Int64($0) * 1_000_000 })
    #expect(text(payload.firmware) == vector.firmware)
    #expect(payload.dropped.count == vector.dropped.count)
    #expect(unknown == (vector.suppressed > 0 ? ["\"suppressed\":\(vector.suppressed)"] : []))
  }

  /// With fans and one range fewer, or with all three ranges: then the fans are left out.
  @Test(arguments: [2, 3])
  func theLongestPayloadFits512Bytes(ranges: UInt32) {
    let id = String(repeating: "W", count: 32)
    var dropped = DroppedRanges()
    for boot in UInt32.max - ranges + 1...UInt32.max { dropped.insert(boot: boot, seq: .max) }
    let reading = Reading(
      boot: 4_294_967_290, seq: .max, event: .heartbeat,
      measurement: Measurement(
        temperatureCentiCelsius: -10_000, humidityCentiPercent: 10_000, pressurePascals: 110_000, quality: .powerOn,
        sensor: .ds18b20),
      motion: .high, switchLevel: .high, wifiRSSI: -128, uptimeMilliseconds: 1 << 48 - 1, unixSeconds: .max,
      suppressed: .max, fanDutyPercent: 100, fansActive: 8)
    var output = InlineBytes<512>()
    reading.encode(
      device: inline(id), firmware: inline(String(repeating: "9", count: 24)), dropped: dropped, into: &output)
    #expect(!output.overflowed)
    #expect(output.count <= maximumPayloadBytes)
    #expect(text(output).contains("fan_pwm") == (ranges == 2))
  }

  @Test(arguments: [
    (#"{"v":2}"#, PayloadError.Code.missing(.deviceID)),
    (#"{"v":3}"#, .unsupportedVersion),
    (#"{"v":"2"}"#, .wrongType(.version)),
    (#"[1]"#, .notAnObject),
    (#"{"v":2,"device_id":7}"#, .wrongType(.deviceID)),
    (#"{"v":2,"device_id":"a","boot":-1}"#, .outOfRange(.boot)),
    (#"{"v":2,"device_id":"a","boot":4294967296}"#, .outOfRange(.boot)),
    (#"{"v":2,"device_id":"a","boot":1.5}"#, .outOfRange(.boot)),
    (#"{"v":2,"device_id":"a","boot":1,"boot":2}"#, .duplicate(.boot)),
    (#"{"v":2,"device_id":"a","boot":1,"seq":1}"#, .missing(.event)),
    (#"{"v":2,"device_id":"a","temperature":"22"}"#, .wrongType(.temperature)),
    (#"{"v":2,"device_id":"a","temperature":1e400}"#, .outOfRange(.temperature)),
    (#"{"v":2,"device_id":"a","motion":"UP"}"#, .outOfRange(.motion)),
    (#"{"v":2,"device_id":"a","timestamp":"yesterday"}"#, .outOfRange(.timestamp)),
    (#"{"v":2,"device_id":"a","timestamp":"2026-02-30T00:00:00Z"}"#, .outOfRange(.timestamp)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[[9,3]]}"#, .outOfRange(.dropped)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":7}"#, .wrongType(.dropped)),
    (#"{"v":2,"device_id":"123456789012345678901234567890123"}"#, .tooLong(.deviceID)),
    (#"{"v":2,"device_id":"a",}"#, .notJSON(.syntax)),
    (#"{"v":2,"device_id":"a""#, .notJSON(.unexpectedEnd)),
    (#"{"v":2,"x":NaN}"#, .notJSON(.syntax)),
    (#"{"v":2} x"#, .notJSON(.trailing)),
    ("", .notJSON(.unexpectedEnd)),
    ("hello", .notJSON(.syntax)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[1]}"#, .wrongType(.dropped)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[["1",2]]}"#, .wrongType(.dropped)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[[1]]}"#, .outOfRange(.dropped)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[[1,2,3,4]]}"#, .outOfRange(.dropped)),
    (#"{"v":2,"device_id":"a","boot":1,"dropped":[[-1,2]]}"#, .outOfRange(.dropped)),
    (#"{"v":2,"device_id":"a","dropped":[[1,2]],"boot":1}"#, .outOfRange(.dropped)),
    (#"{"v":2,"device_id":"a","motion":true}"#, .wrongType(.motion)),
    (#"{"v":2,"device_id":"a","timestamp":1}"#, .wrongType(.timestamp)),
    (#"{"v":2,"device_id":"a","firmware":[1],"version":[[2]]}"#, .wrongType(.firmware)),
  ])
  func refusesWithTheReason(payload: String, code: PayloadError.Code) {
    #expect { try decode(payload) } throws: { ($0 as? PayloadError)?.code == code }
  }

  @Test func refusesInvalidUTF8WithItsPlace() {
    let bytes: [UInt8] = Array(#"{"v":2,"device_id":""#.utf8) + [0xC0, 0xAF] + Array(#""}"#.utf8)
    #expect(throws: PayloadError(code: .notJSON(.invalidUTF8), offset: 20)) { try Payload.decode(bytes.span) }
  }

  @Test func refusesDeepNesting() {
    let deep = #"{"v":2,"x":"# + String(repeating: "[", count: 100)
    #expect { try decode(deep) } throws: { ($0 as? PayloadError)?.code == .notJSON(.tooDeep) }
  }

  @Test func neverCrashesOnMangledPayloads() {
    var random = SplitMix(seed: 1)
    let seeds = PayloadVectors.all.encode.map { Array($0.payload.utf8) }
    for round in 0..<20_000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0...Int(random.next() % 6) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        }
      }
      _ = try? Payload.decode(bytes.span)
    }
  }
}

@Suite struct Version1 {
  @Test(arguments: PayloadVectors.all.encode_version_1)
  func encodesTheVectorByteForByte(vector: PayloadVectors.Encode) {
    var output = InlineBytes<512>()
    vector.reading.encodeVersion1(device: inline(vector.device_id), firmware: inline(vector.firmware), into: &output)
    #expect(text(output) == vector.payload)
  }

  /// The gateway reads what the device writes; two decimals of °F and inHg cost at most 0.01 °C and 17 Pa.
  @Test(arguments: PayloadVectors.all.encode_version_1)
  func theGatewaysValuesAreTheDevices(vector: PayloadVectors.Encode) throws {
    let (payload, unknown) = try decode(vector.payload)
    #expect(payload.version == 1)
    #expect(text(payload.deviceID) == vector.device_id)
    #expect(text(payload.event) == vector.event)
    #expect(payload.uptimeMilliseconds == vector.uptime_ms)
    #expect(payload.humidityCentiPercent == vector.humidity_centi_percent)
    #expect(payload.motion.name.description == vector.motion)
    let temperature = (payload.temperatureCentiCelsius, vector.temperature_centi_celsius)
    if let read = temperature.0, let made = temperature.1 {
      #expect(abs(read - made) <= 1)
    } else {
      #expect(temperature.0 == nil && temperature.1 == nil)
    }
    if let read = payload.pressurePascals, let made = vector.pressure_pascals { #expect(abs(read - made) <= 17) }
    #expect(unknown.contains { $0.hasPrefix(#""uptime":"#) })
  }

  @Test func theLongestPayloadFits512Bytes() {
    let reading = Reading(
      boot: .max, seq: .max, event: .heartbeat,
      measurement: Measurement(
        temperatureCentiCelsius: .min, humidityCentiPercent: .min, pressurePascals: .min, quality: .powerOn,
        sensor: .ds18b20),
      motion: .unknown, switchLevel: .unknown, wifiRSSI: -128, uptimeMilliseconds: .max, unixSeconds: .max,
      suppressed: .max, fanDutyPercent: 100, fansActive: 100)
    var output = InlineBytes<512>()
    reading.encodeVersion1(
      device: inline(String(repeating: "W", count: 32)), firmware: inline(String(repeating: "9", count: 24)),
      into: &output)
    #expect(!output.overflowed)
  }

  @Test func convertsFahrenheitAndInchesToSI() throws {
    let (payload, _) = try decode(
      #"{"event_type":"heartbeat","device_id":"Garage02","temperature":72.55,"humidity":45.1,"pressure":29.92,"motion":"LOW","switch":"UNKNOWN","timestamp":"2026-11-23T22:45:29.250+01:00"}"#
    )
    #expect(payload.version == 1)
    #expect(payload.temperatureCentiCelsius == 2253)  // 22.5277… °C
    #expect(payload.humidityCentiPercent == 4510)
    #expect(payload.pressurePascals == 101_321)  // 29.92 · 3386.389 = 101,320.76
    #expect(payload.motion == .low)
    #expect(payload.switchLevel == .unknown)
    #expect(payload.timestampMicroseconds == 1_795_470_329_250_000)
    #expect(payload.quality.isEmpty)
  }

  @Test func readsNumbersSentAsTextAndThePrefix() throws {
    let (payload, _) = try decode(
      #"MQTT event: {"temperature":" 32 ","humidity":"50.005","wifi_rssi":"-70","uptime_seconds":"12.5"}"#)
    #expect(payload.temperatureCentiCelsius == 0)
    #expect(payload.humidityCentiPercent == 5001)
    #expect(payload.wifiRSSI == -70)
    #expect(payload.uptimeMilliseconds == 12_500)
  }

  /// FACTS, old fault 4: pressure converted to inHg twice.
  @Test func pressureConvertedTwiceIsNullWithItsOriginalKept() throws {
    let (payload, unknown) = try decode(#"{"temperature":70,"pressure":0.88}"#)
    #expect(payload.pressurePascals == nil)
    #expect(text(payload.quality) == "range")
    #expect(payload.temperatureCentiCelsius == 2111)
    #expect(unknown == [#""pressure":0.88"#])
  }

  @Test func anythingMayBeMissingOrNull() throws {
    let (payload, unknown) = try decode(#"{"temperature":null,"version":null,"timestamp":null}"#)
    #expect(payload.temperatureCentiCelsius == nil)
    #expect(payload.quality.isEmpty)
    #expect(payload.timestampMicroseconds == nil)
    #expect(unknown.isEmpty)
    #expect(throws: Never.self) { try decode("{}") }
  }

  @Test(arguments: [
    (#""HIGH""#, Level.high), (#""LOW""#, .low), (#""UNKNOWN""#, .unknown), ("null", .unknown), ("true", .high),
    ("false", .low), ("1", .high), ("0", .low),
  ])
  func levelsAreTakenInEveryFormTheFleetWritesThem(json: String, level: Level) throws {
    let (payload, unknown) = try decode(#"{"motion":\#(json),"switch":\#(json)}"#)
    #expect(payload.motion == level)
    #expect(payload.switchLevel == level)
    #expect(unknown == [])
  }

  /// Everything but the id may be unfit: it is left out, and told as it stands.
  @Test(arguments: [
    #""motion":2"#, #""motion":[1,{"a":[]}]"#, #""switch":{"x":{}}"#, #""sensor_type":"A very long sensor's name""#,
    #""sensor_type":7"#, #""version":["1"]"#, #""temperature":{"c":[1]}"#, #""temperature":true"#, #""timestamp":1"#,
    #""timestamp":"2026-11-23T22:45:29\u005a""#, #""dropped":[[1,2]]"#, #""wifi_rssi":"loud""#,
  ])
  func whatIsUnfitIsLeftOutAndTheRestIsTaken(member: String) throws {
    let (payload, unknown) = try decode(#"{\#(member),"humidity":50}"#)
    #expect(unknown == [member])
    #expect(payload.humidityCentiPercent == 5000)
  }

  @Test(arguments: [
    (#"{"device_id":"123456789012345678901234567890123"}"#, PayloadError.Code.tooLong(.deviceID)),
    (#"{"device_id":6}"#, .wrongType(.deviceID)),
  ])
  func anIDIsNeverCutShortNorLeftOut(payload: String, code: PayloadError.Code) {
    #expect { try decode(payload) } throws: { ($0 as? PayloadError)?.code == code }
  }

  @Test func whatHasNoPlaceIsReportedAsItStands() throws {
    let (_, unknown) = try decode(#"{"fan_pwm":55, "x":{"a":[1,"]"]},"timestamp":"soon","motion":"MAYBE"}"#)
    #expect(unknown == [#""fan_pwm":55"#, #""x":{"a":[1,"]"]}"#, #""timestamp":"soon""#, #""motion":"MAYBE""#])
  }
}

@Suite struct AcknowledgementText {
  @Test func namesRangesAndTime() throws {
    var ranges: [[UInt32]] = []
    let bytes = Array(#"{"boot":17,"seqs":[[1201,1230],[1234,1234]],"time":1795474529123}"#.utf8)
    let time = try Acknowledgement.decode(bytes.span) { ranges.append([$0, $1, $2]) }
    #expect(time == 1_795_474_529_123)
    #expect(ranges == [[17, 1201, 1230], [17, 1234, 1234]])
  }

  @Test(arguments: ["", "[]", #"{"seqs":[[1,2]]}"#, #"{"boot":1,"seqs":[[2,1]]}"#, #"{"boot":1,"seqs":[[1]]}"#])
  func refusesWhatIsNone(text: String) {
    #expect(throws: JSONError.self) { try Acknowledgement.decode(Array(text.utf8).span) { _, _, _ in } }
  }
}

/// A small deterministic generator (Steele, Lea, Flood: SplitMix64), so that a failure repeats.
struct SplitMix {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
