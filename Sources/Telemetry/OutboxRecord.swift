/// A reading as it waits in flash: 40 bytes of fixed places, little-endian, behind them a checksum (protocol/outbox.md).
///
/// A record that was torn by a power cut, or whose bits changed, does not decode.
public enum OutboxRecord {
  /// How long a record is.
  public static var byteCount: Int { 40 }
  /// What its first byte says. Erased flash (0xFF) and zeroed flash are no records.
  static var version: UInt8 { 1 }

  /// The bytes of a record.
  public typealias Bytes = InlineArray<40, UInt8>

  /// The record of a reading.
  ///
  /// - Parameter wasSent: its bytes have been on the wire, so its time may not change any more.
  public static func encode(_ reading: Reading, wasSent: Bool) -> Bytes {
    var record = Bytes(repeating: 0)
    record[0] = version
    record[1] =
      reading.event.rawValue | reading.motion.rawValue << 2 | reading.switchLevel.rawValue << 4
      | (wasSent ? 0x40 : 0)
    record[2] = reading.measurement.quality.rawValue | reading.measurement.sensor.rawValue << 4
    record[3] = UInt8(bitPattern: reading.wifiRSSI ?? noRSSI)
    put(UInt64(reading.boot), 4, at: 4, in: &record)
    put(UInt64(reading.seq), 4, at: 8, in: &record)
    put(min(reading.uptimeMilliseconds, 1 << 48 - 1), 6, at: 12, in: &record)
    put(UInt64(reading.suppressed), 2, at: 18, in: &record)
    put(UInt64(reading.unixSeconds ?? 0), 4, at: 20, in: &record)
    let measurement = reading.measurement
    put(UInt64(UInt32(bitPattern: measurement.temperatureCentiCelsius ?? .min)), 4, at: 24, in: &record)
    put(UInt64(UInt32(bitPattern: measurement.humidityCentiPercent ?? .min)), 4, at: 28, in: &record)
    put(UInt64(UInt32(bitPattern: measurement.pressurePascals ?? .min)), 4, at: 32, in: &record)
    record[36] = reading.fanDutyPercent ?? none
    record[37] = reading.fansActive ?? none
    put(UInt64(CRC16.checksum(record.span.extracting(0..<38))), 2, at: 38, in: &record)
    return record
  }

  /// The reading in a record.
  ///
  /// - Returns: `nil` when it is none: another length, another version, a wrong checksum, or values there are none of.
  public static func decode(_ record: borrowing Span<UInt8>) -> (reading: Reading, wasSent: Bool)? {
    guard record.count == byteCount, record[0] == version,
      take(2, at: 38, from: record) == UInt64(CRC16.checksum(record.extracting(0..<38))), record[1] & 0x80 == 0,
      let event = EventKind(rawValue: record[1] & 3), let motion = Level(rawValue: record[1] >> 2 & 3),
      let switchLevel = Level(rawValue: record[1] >> 4 & 3), let quality = Quality(rawValue: record[2] & 15),
      let sensor = SensorKind(rawValue: record[2] >> 4)
    else { return nil }
    let rssi = Int8(bitPattern: record[3])
    let seconds = UInt32(truncatingIfNeeded: take(4, at: 20, from: record))
    let measurement = Measurement(
      temperatureCentiCelsius: known(signed(at: 24, from: record)),
      humidityCentiPercent: known(signed(at: 28, from: record)),
      pressurePascals: known(signed(at: 32, from: record)), quality: quality, sensor: sensor)
    let reading = Reading(
      boot: UInt32(truncatingIfNeeded: take(4, at: 4, from: record)),
      seq: UInt32(truncatingIfNeeded: take(4, at: 8, from: record)), event: event, measurement: measurement,
      motion: motion, switchLevel: switchLevel, wifiRSSI: rssi == noRSSI ? nil : rssi,
      uptimeMilliseconds: take(6, at: 12, from: record), unixSeconds: seconds == 0 ? nil : seconds,
      suppressed: UInt16(truncatingIfNeeded: take(2, at: 18, from: record)),
      fanDutyPercent: record[36] == none ? nil : record[36], fansActive: record[37] == none ? nil : record[37])
    return (reading, record[1] & 0x40 != 0)
  }

  /// 127 dBm is no signal's strength.
  static var noRSSI: Int8 { 127 }
  static var none: UInt8 { 255 }

  private static func known(_ value: Int32) -> Int32? { value == .min ? nil : value }

  private static func signed(at start: Int, from record: borrowing Span<UInt8>) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: take(4, at: start, from: record)))
  }

  private static func put(_ value: UInt64, _ count: Int, at start: Int, in record: inout Bytes) {
    for index in 0..<count { record[start &+ index] = UInt8(truncatingIfNeeded: value >> UInt64(index &* 8)) }
  }

  private static func take(_ count: Int, at start: Int, from record: borrowing Span<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(record[start &+ index]) << UInt64(index &* 8) }
    return value
  }
}
