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
  #if hasFeature(Embedded)
    @inline(never)
  #endif
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
    output.append(sensorOrNull: measurement.sensor)
    output.append(",\"quality\":")
    output.append(quoted: measurement.quality.name)
    output.append(",\"wifi_rssi\":")
    output.append(signedOrNull: wifiRSSI.map { Int32($0) })
    output.append(",\"uptime_ms\":")
    output.append(unsigned: uptimeMilliseconds)
    output.append(",\"timestamp\":")
    output.append(timestampOrNull: unixSeconds)
    output.append(",\"version\":")
    output.append(jsonString: firmware)
    if suppressed > 0 {
      output.append(",\"suppressed\":")
      output.append(unsigned: UInt64(suppressed))
    }
    // Beside three ranges of drops there is no room for the fans in 512 bytes.
    if let fanDutyPercent, dropped.count < DroppedRanges.bound {
      output.append(",\"fan_pwm\":")
      output.append(unsigned: UInt64(fanDutyPercent))
    }
    if let fansActive, dropped.count < DroppedRanges.bound {
      output.append(",\"fans_active_level\":")
      output.append(unsigned: UInt64(fansActive))
    }
    dropped.encode(seenFrom: boot, into: &output)
    output.append(UInt8(ascii: "}"))
  }
}

extension InlineBytes {
  /// Appends a literal that needs no escaping as a JSON string.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func append(quoted text: StaticString) {
    append(UInt8(ascii: "\""))
    append(text)
    append(UInt8(ascii: "\""))
  }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  mutating func append(hundredthsOrNull value: Int32?) {
    if let value { append(hundredths: value) } else { append("null") }
  }

  #if hasFeature(Embedded)
    @inline(never)
  #endif
  mutating func append(signedOrNull value: Int32?) {
    if let value { append(signed: Int64(value)) } else { append("null") }
  }

  mutating func append(timestampOrNull unixSeconds: UInt32?) {
    guard let unixSeconds else { return append("null") }
    append(UInt8(ascii: "\""))
    append(timestamp: unixSeconds)
    append(UInt8(ascii: "\""))
  }

  mutating func append(sensorOrNull sensor: SensorKind) {
    if sensor == .none { append("null") } else { append(quoted: sensor.name) }
  }

  mutating func append(levelOrNull level: Level) {
    if level == .unknown { append("null") } else { append(quoted: level.name) }
  }
}
