extension Reading {
  /// Appends the version-1 payload, as the existing fleet writes it: °F, inHg, no boot and no seq (protocol/payload.md).
  ///
  /// - Parameters:
  ///   - device: the device's id.
  ///   - firmware: the firmware's version, at most 24 bytes.
  ///   - output: where the bytes go; its `overflowed` tells when they did not fit.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public func encodeVersion1<let capacity: Int>(
    device: DeviceID, firmware: InlineBytes<24>, into output: inout InlineBytes<capacity>
  ) {
    output.append("{\"event_type\":\"")
    output.append(event.name)
    output.append("\",\"device_id\":")
    output.append(jsonString: device)
    output.append(",\"temperature\":")
    output.append(hundredthsOrNull: measurement.temperatureCentiFahrenheit)
    output.append(",\"humidity\":")
    output.append(hundredthsOrNull: measurement.humidityCentiPercent)
    output.append(",\"pressure\":")
    output.append(hundredthsOrNull: measurement.pressureCentiInchesOfMercury)
    output.append(",\"motion\":")
    output.append(quoted: motion.name)
    output.append(",\"switch\":")
    output.append(quoted: switchLevel.name)
    output.append(",\"sensor_type\":")
    output.append(sensorOrNull: measurement.sensor)
    output.append(",\"wifi_rssi\":")
    output.append(signedOrNull: wifiRSSI.map { Int32($0) })
    // Three decimals: two readings of one second stay two where a message is known by its bytes alone.
    output.append(",\"uptime_seconds\":")
    output.append(unsigned: uptimeMilliseconds / 1000)
    output.append(UInt8(ascii: "."))
    let milliseconds = UInt32(truncatingIfNeeded: uptimeMilliseconds % 1000)
    output.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds / 100))
    output.append(twoDigits: milliseconds)
    output.append(",\"fan_pwm\":")
    output.append(signedOrNull: fanDutyPercent.map { Int32($0) })
    output.append(",\"fans_active_level\":")
    output.append(signedOrNull: fansActive.map { Int32($0) })
    output.append(",\"timestamp\":")
    output.append(timestampOrNull: unixSeconds)
    output.append(",\"version\":")
    output.append(jsonString: firmware)
    output.append(",\"uptime\":\"")
    output.append(uptimeSeconds: uptimeMilliseconds / 1000)
    output.append("\"}")
  }
}

extension InlineBytes {
  /// Appends `41d 03:05:59`.
  mutating func append(uptimeSeconds seconds: UInt64) {
    append(unsigned: seconds / 86_400)
    append("d ")
    let second = UInt32(truncatingIfNeeded: seconds % 86_400)
    append(twoDigits: second / 3600)
    append(UInt8(ascii: ":"))
    append(twoDigits: second / 60 % 60)
    append(UInt8(ascii: ":"))
    append(twoDigits: second % 60)
  }
}
