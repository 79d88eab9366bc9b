/// A reading in the outbox, packed: half the size of a `Reading`, and copied a third as often.
struct OutboxSlot: Sendable {
  private(set) var boot: UInt32 = 0
  private(set) var seq: UInt32 = 0
  private var uptimeLow: UInt32 = 0
  /// 0 for none: no reading is of 1970.
  private var seconds: UInt32 = 0
  private var temperature: Int32 = .min
  private var humidity: Int32 = .min
  private var pressure: Int32 = .min
  /// Millisecond tick of the last sending; meaningless until `isUnderWay`.
  var sentAt: UInt32 = 0
  private var uptimeHigh: UInt16 = 0
  private var suppressed: UInt16 = 0
  private(set) var event = EventKind.heartbeat
  private var levels: UInt8 = 0
  private var quality = Quality.ok
  private var sensor = SensorKind.none
  private var rssi: Int8 = OutboxRecord.noRSSI
  private var fanDuty: UInt8 = OutboxRecord.none
  private var fans: UInt8 = OutboxRecord.none
  var isUnderWay = false
  var wasSent = false
  /// Which edition of the drops the last sending carried; 0 none.
  var carriedEdition: UInt8 = 0

  /// An empty place.
  init() {}

  init(_ reading: Reading) {
    boot = reading.boot
    seq = reading.seq
    uptimeLow = UInt32(truncatingIfNeeded: reading.uptimeMilliseconds)
    // 48 bits are 8,900 years.
    uptimeHigh = UInt16(truncatingIfNeeded: reading.uptimeMilliseconds >> 32)
    seconds = reading.unixSeconds ?? 0
    temperature = reading.measurement.temperatureCentiCelsius ?? .min
    humidity = reading.measurement.humidityCentiPercent ?? .min
    pressure = reading.measurement.pressurePascals ?? .min
    suppressed = reading.suppressed
    event = reading.event
    levels = reading.motion.rawValue | reading.switchLevel.rawValue << 2
    quality = reading.measurement.quality
    sensor = reading.measurement.sensor
    rssi = reading.wifiRSSI ?? OutboxRecord.noRSSI
    fanDuty = reading.fanDutyPercent ?? OutboxRecord.none
    fans = reading.fansActive ?? OutboxRecord.none
  }

  var uptimeMilliseconds: UInt64 { UInt64(uptimeHigh) << 32 | UInt64(uptimeLow) }

  var unixSeconds: UInt32? {
    get { seconds == 0 ? nil : seconds }
    set { seconds = newValue ?? 0 }
  }

  var reading: Reading {
    Reading(
      boot: boot, seq: seq, event: event,
      measurement: Measurement(
        temperatureCentiCelsius: known(temperature), humidityCentiPercent: known(humidity),
        pressurePascals: known(pressure), quality: quality, sensor: sensor),
      motion: Level(rawValue: levels & 3) ?? .unknown, switchLevel: Level(rawValue: levels >> 2) ?? .unknown,
      wifiRSSI: rssi == OutboxRecord.noRSSI ? nil : rssi, uptimeMilliseconds: uptimeMilliseconds,
      unixSeconds: unixSeconds, suppressed: suppressed, fanDutyPercent: fanDuty == OutboxRecord.none ? nil : fanDuty,
      fansActive: fans == OutboxRecord.none ? nil : fans)
  }

  private func known(_ value: Int32) -> Int32? { value == .min ? nil : value }
}
