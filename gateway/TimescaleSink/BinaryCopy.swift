import GatewayCore

/// Rows as PostgreSQL's binary COPY format, in one buffer that is used again for the next batch.
///
/// The format is in PostgreSQL's documentation of COPY, section Binary Format: an 11-byte signature, flags, extension length;
/// for each row a 16-bit field count and each field as a 32-bit length and its bytes, big-endian, −1 for null; −1 as the
/// last field count. How each type looks is its `…_send` function: `timestamptz` is microseconds since 2000-01-01 UTC,
/// `jsonb` a version byte 1 and the text.
///
/// Nothing is allocated for a row; the buffer grows to the largest batch seen and stays.
final class BinaryCopy {
  /// The columns, in the order of the fields.
  static let columns: [(name: String, type: String)] = [
    ("timestamp", "timestamp with time zone"), ("device_id", "text"), ("event_type", "text"),
    ("temperature", "double precision"), ("humidity", "double precision"), ("pressure", "double precision"),
    ("motion", "boolean"), ("switch", "boolean"), ("boot", "bigint"), ("seq", "bigint"), ("sensor_type", "text"),
    ("quality", "text"), ("wifi_rssi", "smallint"), ("uptime_ms", "bigint"),
    ("received_at", "timestamp with time zone"), ("time_source", "text"), ("gateway", "text"), ("extra", "jsonb"),
  ]

  /// The columns as SQL writes them: `"timestamp", "device_id", …`.
  static let columnList = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")

  private var storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
  private var used = 0

  deinit { storage.deallocate() }

  /// The rows encoded last.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<used]) }

  /// Replaces the buffer's content with these rows of this gateway.
  func encode(_ rows: ArraySlice<Row>, gateway: String) {
    used = 0
    reserve(19)
    put("PGCOPY\n")
    put(0xFF0D_0A00 as UInt32)
    put(Int32(0))
    put(Int32(0))
    for row in rows { encode(row, gateway) }
    reserve(2)
    put(Int16(-1))
  }
}

extension BinaryCopy {
  private func encode(_ row: Row, _ gateway: String) {
    // Everything of fixed width with its lengths is under 200 bytes; texts add their own, and
    // an escaped byte of `version` becomes six at most.
    reserve(
      256 + row.device.utf8.count + size(row.event) + size(row.sensorType) + size(row.quality) + gateway.utf8.count
        + size(row.extra) + 6 * size(row.version))
    put(Int16(Self.columns.count))
    field(instant: row.timestamp)
    field(row.device)
    field(row.event)
    field(hundredths: row.temperatureCentiCelsius)
    field(hundredths: row.humidityCentiPercent)
    field(hundredths: row.pressurePascals)  // Pa to hPa
    field(row.motion)
    field(row.switchClosed)
    field(row.boot)
    field(row.seq)
    field(row.sensorType)
    field(row.quality)
    field(row.wifiRSSI)
    field(row.uptimeMilliseconds)
    field(instant: row.received)
    field(row.timeSource.name)
    field(gateway)
    field(extra: row.extra, version: row.version)
  }

  private func size(_ text: String?) -> Int { text.map { $0.utf8.count } ?? 0 }

  // MARK: Fields

  /// Microseconds since 1970 become microseconds since 2000. What overflows becomes the smallest finite value, which
  /// the database refuses as out of range; wrapped, or as minus infinity, it would be taken.
  private func field(instant microseconds: Int64) {
    let (value, overflow) = microseconds.subtractingReportingOverflow(946_684_800_000_000)
    field(overflow || value == .min ? .min + 1 : value)
  }

  private func field(hundredths value: Int32?) {
    guard let value else { return null() }
    put(Int32(8))
    put((Double(value) / 100).bitPattern)
  }

  private func field(_ value: Bool?) {
    guard let value else { return null() }
    put(Int32(1))
    put(UInt8(value ? 1 : 0))
  }

  private func field<I: FixedWidthInteger>(_ value: I?) {
    guard let value else { return null() }
    put(Int32(I.bitWidth / 8))
    put(value)
  }

  private func field(_ text: String?) {
    guard let text else { return null() }
    put(Int32(text.utf8.count))
    put(text)
  }

  /// The firmware's version has no column; it is the first key of `extra`.
  private func field(extra: String?, version: String?) {
    guard extra != nil || version != nil else { return null() }
    let lengthAt = used
    put(Int32(0))
    put(UInt8(1))
    // A text that is no object cannot take a key: it goes as it is, and the database judges it.
    if let version, extra?.utf8.first ?? UInt8(ascii: "{") == UInt8(ascii: "{") {
      put("{\"version\":\"")
      putEscaped(version)
      put("\"")
      let rest = extra?.utf8.dropFirst() ?? "}".utf8[...]
      if rest.first(where: { $0 != UInt8(ascii: " ") }) != UInt8(ascii: "}") { put(UInt8(ascii: ",")) }
      for byte in rest { put(byte) }
    } else {
      put(extra ?? "")
    }
    storage.storeBytes(of: Int32(used - lengthAt - 4).bigEndian, toByteOffset: lengthAt, as: Int32.self)
  }

  private func null() { put(Int32(-1)) }

  // MARK: Bytes

  /// Makes room; the puts below do not check again.
  private func reserve(_ count: Int) {
    guard used + count > storage.count else { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(2 * storage.count, used + count), alignment: 8)
    larger.copyMemory(from: UnsafeRawBufferPointer(storage))
    storage.deallocate()
    storage = larger
  }

  private func put<I: FixedWidthInteger>(_ value: I) {
    storage.storeBytes(of: value.bigEndian, toByteOffset: used, as: I.self)
    used += I.bitWidth / 8
  }

  private func put(_ text: String) {
    let target = UnsafeMutableRawBufferPointer(rebasing: storage[used...])
    let utf8 = text.utf8
    let isContiguous: Void? = utf8.withContiguousStorageIfAvailable { target.copyMemory(from: .init($0)) }
    if isContiguous == nil { target.copyBytes(from: utf8) }
    used += utf8.count
  }

  /// As JSON writes the inside of a string (RFC 8259, section 7).
  private func putEscaped(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        put(UInt8(ascii: "\\"))
        put(byte)
      case 0..<0x20:
        put("\\u00")
        put(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
        let low = byte & 0xF
        put(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
      default: put(byte)
      }
    }
  }
}
