/// The longest payload on the wire, in bytes; every encoded payload fits (protocol/payload.md shows the sum).
public let maximumPayloadBytes = 512

extension Reading {
  /// Appends the version-2 payload: field order, number format and null rules as fixed in protocol/payload.md.
  ///
  /// - Parameters:
  ///   - device: the device's id.
  ///   - firmware: the firmware's version, at most 24 bytes.
  ///   - dropped: what the outbox had to drop and the gateway does not know yet.
  ///   - output: where the bytes go; its `overflowed` tells when they did not fit.
  public func encode<let capacity: Int>(
    device: DeviceID, firmware: InlineBytes<24>, dropped: DroppedRanges,
    into output: inout InlineBytes<capacity>
  ) {
    output.append("{\"v\":2,\"device_id\":")
    output.append(jsonString: device)
    output.append(",\"boot\":")
    output.append(unsigned: UInt64(boot))
    output.append(",\"seq\":")
    output.append(unsigned: UInt64(seq))
    output.append(",\"event_type\":\"")
    output.append(event.name)
    output.append("\",\"temperature\":")
    output.append(hundredthsOrNull: measurement.temperatureCentiCelsius)
    output.append(",\"humidity\":")
    output.append(hundredthsOrNull: measurement.humidityCentiPercent)
    output.append(",\"pressure\":")
    // Pascals are hundredths of a hectopascal.
    output.append(hundredthsOrNull: measurement.pressurePascals)
    output.append(",\"motion\":")
    output.append(levelOrNull: motion)
    output.append(",\"switch\":")
    output.append(levelOrNull: switchLevel)
    output.append(",\"sensor_type\":")
    if measurement.sensor == .none {
      output.append("null")
    } else {
      output.append(quoted: measurement.sensor.name)
    }
    output.append(",\"quality\":")
    output.append(quoted: measurement.quality.name)
    output.append(",\"wifi_rssi\":")
    if let wifiRSSI { output.append(signed: Int64(wifiRSSI)) } else { output.append("null") }
    output.append(",\"uptime_ms\":")
    output.append(unsigned: uptimeMilliseconds)
    output.append(",\"timestamp\":")
    if let unixSeconds {
      output.append(UInt8(ascii: "\""))
      output.append(timestamp: unixSeconds)
      output.append(UInt8(ascii: "\""))
    } else {
      output.append("null")
    }
    output.append(",\"version\":")
    output.append(jsonString: firmware)
    if suppressed > 0 {
      output.append(",\"suppressed\":")
      output.append(unsigned: UInt64(suppressed))
    }
    dropped.encode(seenFrom: boot, into: &output)
    output.append(UInt8(ascii: "}"))
  }
}

extension InlineBytes {
  mutating func append(quoted text: StaticString) {
    append(UInt8(ascii: "\""))
    append(text)
    append(UInt8(ascii: "\""))
  }

  mutating func append(hundredthsOrNull value: Int32?) {
    if let value { append(hundredths: value) } else { append("null") }
  }

  mutating func append(levelOrNull level: Level) {
    if level == .unknown { append("null") } else { append(quoted: level.name) }
  }
}
