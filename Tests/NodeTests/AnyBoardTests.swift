import ChipModels
import Glibc
import HAL
import Node
import Sensors
import Telemetry
import Testing

/// A node with its sensors on wires that fail, in air that jumps, under configurations that change.
private final class Life {
  let kind: SensorKind
  var random: SeededRandom
  let clock: VirtualClock
  let bus: SimulatedI2CBus
  let wire: SimulatedOneWireBus
  let adc = SimulatedADC()
  let bosch: BME280Model
  let sht31 = SHT31Model()
  let tmp117 = TMP117Model()
  let ds18b20: DS18B20Model
  var sensor: BoardSensor<SimulatedI2CBus, SimulatedOneWireBus, SimulatedADC>
  var node: Node<32>
  var isPlugged = true
  /// °C, and since which uptime in ms; the newest last.
  var air: [(since: UInt64, temperature: Double)] = [(0, 20)]
  private let started: UInt64

  init(_ kind: SensorKind, seed: UInt64) {
    self.kind = kind
    random = SeededRandom(seed: seed)
    // The millisecond clock wraps on the way of every other life.
    clock = VirtualClock(microseconds: seed % 2 == 0 ? (1 << 32 - 60_000) * 1000 : 0)
    started = clock.nanoseconds
    bus = SimulatedI2CBus(clock: clock)
    wire = SimulatedOneWireBus(clock: clock)
    bosch = BME280Model(kind == .bmp280 ? .bmp280 : .bme280)
    ds18b20 = DS18B20Model(serial: seed, isParasitic: seed % 4 < 2)
    sensor = BoardSensor(bus: bus, wire: wire, adc: adc)
    node = Node(identity: NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 1))
    blow()
    for chip in [bosch, sht31, tmp117] as [any I2CChip] where chip === self.chip { bus.attach(chip) }
    if kind == .ds18b20 { wire.attach(ds18b20) }
  }

  /// Since the start, in ms.
  var uptime: UInt64 { (clock.nanoseconds - started) / 1_000_000 }

  private var chip: (any I2CChip)? {
    switch kind {
    case .bme280, .bmp280: bosch
    case .sht31: sht31
    case .tmp117: tmp117
    case .ds18b20, .onChip, .none: nil
    }
  }

  func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  private func blow() {
    let temperature = air[air.count - 1].temperature
    bosch.setAir(temperature: temperature, humidity: 50, pressure: 100_000)
    sht31.setAir(temperature: temperature, humidity: 50)
    tmp117.temperature = temperature
    ds18b20.temperature = temperature
    adc.temperature = temperature
  }

  /// Something happens, or nothing.
  func happen() {
    if chance(80) {
      // Far from what it was, so that a value of before gives itself away.
      let last = air[air.count - 1].temperature
      air.append(
        (uptime, last > 20 ? last - .random(in: 8...40, using: &random) : last + .random(in: 8...40, using: &random)))
      blow()
    }
    if chance(300) { toggle() }
    if chance(300) { chip?.powerCycle(at: clock.microseconds) }
    if chance(300) { ds18b20.powerCycle(at: clock.microseconds) }
    if chance(100) {
      let hangs = chance(2)
      (bosch.hangs, sht31.hangs, tmp117.hangs) = (hangs, hangs, hangs)
    }
    if chance(60) { configure() }
    bus.faultPlan = { [unowned self] in busFault($0) }
    wire.faultPlan = { [unowned self] in wireFault() }
  }

  private func toggle() {
    if let chip { if isPlugged { bus.unplug(chip) } else { bus.plugIn(chip) } }
    if kind == .ds18b20 { if isPlugged { wire.unplug(ds18b20) } else { wire.plugIn(ds18b20) } }
    isPlugged.toggle()
  }

  private func busFault(_ request: BusRequest) -> BusFault? {
    switch Int.random(in: 0..<60, using: &random) {
    case 0: .nackAddress
    case 1: .nackData(byte: .random(in: 0..<3, using: &random))
    case 2: .timeout
    case 3: .stuck
    case 4: .holdSDA
    case 5: .brownOut
    case 6: .stretch(microseconds: .random(in: 0...40_000, using: &random))
    // Only what has a checksum or is read twice: nobody can tell a flipped bit in the data of a BME280 or a TMP117.
    case 7 where request.readCount > 0 && (kind == .sht31 || request.write == [0x88] || request.write == [0xE1]):
      .flipRead(byte: .random(in: 0..<request.readCount, using: &random), bit: .random(in: 0..<8, using: &random))
    default: nil
    }
  }

  private func wireFault() -> OneWireFault? {
    switch Int.random(in: 0..<40, using: &random) {
    case 0: .noPresence
    case 1: .shorted
    case 2: .brownOut
    case 3, 4: .flipRead(slot: .random(in: 0..<140, using: &random))
    default: nil
    }
  }

  private func configure() {
    let documents = [
      #"{"temperature_check_period":500,"heartbeat_publish_period":1000}"#,
      #"{"temperature_check_period":4000,"heartbeat_publish_period":3000,"display_units":"F"}"#,
      #"{"temperature_check_period":2000,"heartbeat_publish_period":1000,"enabled":0}"#,
      #"{"temperature_check_period":1000,"heartbeat_publish_period":2000,"enabled":1}"#,
      #"{"temperature_check_period":99999999,"heartbeat_publish_period":-1,"enabled":"yes"}"#, "{\"temperature", "",
    ]
    let document = Array(documents[Int.random(in: 0..<documents.count, using: &random)].utf8)
    var tag = InlineBytes<64>()
    tag.append(unsigned: UInt64.random(in: 0...5, using: &random))
    _ = try? node.configurationArrived(document.span, tag: tag)
  }

  func settleDown() {
    bus.heal()
    wire.heal()
    (bosch.hangs, sht31.hangs, tmp117.hangs) = (false, false, false)
    if !isPlugged { toggle() }
    let calm = Array(#"{"temperature_check_period":1000,"heartbeat_publish_period":1000,"enabled":1}"#.utf8)
    _ = try? node.configurationArrived(calm.span, tag: InlineBytes("calm"))
  }

  /// A tenth of a second.
  ///
  /// - Returns: what was published.
  func live() -> [Payload] {
    for _ in 0..<10 {
      let now = clock.milliseconds
      let inputs = NodeInputs(
        measurement: sensor.poll(now: now), link: Link(isJoined: true, rssi: -60, isConnected: true))
      let actions = node.step(now: now, inputs)
      if actions.measure { sensor.begin(now: now) }
      if actions.fetchConfiguration { node.configurationIsUnchanged() }
      clock.advance(milliseconds: 10)
    }
    var payloads: [Payload] = []
    var payload = InlineBytes<512>()
    while node.takePayload(now: clock.milliseconds, into: &payload) {
      if let decoded = payload.withSpan({ try? Payload.decode($0) }) { payloads.append(decoded) }
    }
    node.acknowledgementArrived(Array(#"{"boot":1,"seqs":[[1,4294967295]]}"#.utf8).span)
    return payloads
  }

  /// Whether the air was so at that uptime or at most that long before, in ms.
  ///
  /// - Parameter isCoarse: the on-chip sensor says so, to which a chip that fails may have given way.
  func was(_ centiCelsius: Int32, at uptime: UInt64, orUpTo age: UInt64, isCoarse: Bool) -> Bool {
    let tolerance = isCoarse ? 0.3 : 0.05
    for (index, course) in air.enumerated() where course.since <= uptime + 200 {
      let end = index + 1 < air.count ? air[index + 1].since : uptime
      if end + age + 200 >= uptime, abs(Double(centiCelsius) / 100 - course.temperature) <= tolerance { return true }
    }
    return false
  }
}

@Suite struct AnyBoardTests {
  /// One seed when `FAULT_SEED` names it.
  static let seeds: ClosedRange<UInt64> =
    getenv("FAULT_SEED").flatMap { UInt64(String(cString: $0)) }.map { $0...$0 } ?? 1...3
  static let cases = [SensorKind.bme280, .bmp280, .sht31, .tmp117, .ds18b20, .onChip].flatMap { kind in
    seeds.map { (kind, $0) }
  }

  /// Twice the longest period that is configured, 5 s before the first document, and what a measurement may take.
  static let oldestMilliseconds: UInt64 = 2 * 5000 + 1000 + 1500

  @Test(arguments: cases)
  func anyRunOfBusFaultsAndConfigurationsPublishesTheAirOrAnHonestNull(kind: SensorKind, seed: UInt64) {
    let replay = "\(kind); replay: FAULT_SEED=\(seed) swift test --filter AnyBoardTests"
    let life = Life(kind, seed: seed)
    var values = 0
    var faults = 0
    func look(_ payloads: [Payload], _ moment: Int) {
      for payload in payloads {
        let isOK = payload.quality.matches("ok")
        if let value = payload.temperatureCentiCelsius {
          values += 1
          #expect(
            life.was(
              value, at: payload.uptimeMilliseconds ?? 0, orUpTo: Self.oldestMilliseconds,
              isCoarse: payload.sensorType.matches(SensorKind.onChip.name)),
            "\(value) at \(payload.uptimeMilliseconds ?? 0); the air: \(life.air.suffix(4)); \(replay)")
        } else {
          #expect(!isOK && !payload.quality.isEmpty, "a null without a reason, moment \(moment); \(replay)")
        }
      }
    }
    for moment in 0..<2000 {
      life.happen()
      look(life.live(), moment)
      if life.node.measurement.quality != .ok { faults += 1 }
    }
    #expect(values > 30, "only \(values) values; \(replay)")
    // The on-chip sensor is on no wire.
    if kind != .onChip { #expect(faults > 3, "only \(faults) moments with a fault; \(replay)") }
    life.settleDown()
    // Three failures, three detections, a minute for a better chip.
    for moment in 2000..<3500 { look(life.live(), moment) }
    #expect(life.node.measurement.quality == .ok, "does not recover; \(replay)")
    #expect(life.node.measurement.sensor == kind, "does not recover its chip; \(replay)")
  }
}
