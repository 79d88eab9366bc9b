/// What one look at the environment gave: fixed-point values, each known or `nil`, and how much they can be trusted.
///
/// Units are the wire's (protocol/payload.md): hundredths of a degree Celsius, hundredths of a percent relative
/// humidity, whole pascals. Integers print the same digits on every machine; floats would not.
public struct Measurement: Equatable, Sendable {
  /// −40.00 °C … +125.00 °C, by chip, in 0.01 °C.
  public var temperatureCentiCelsius: Int32?
  /// 0 … 100 %RH in 0.01 %RH.
  public var humidityCentiPercent: Int32?
  /// 30,000 … 110,000 Pa.
  public var pressurePascals: Int32?
  /// Why values are missing, or `.ok`.
  public var quality: Quality
  /// The chip that was read.
  public var sensor: SensorKind

  /// A measurement of what `sensor` gave.
  public init(
    temperatureCentiCelsius: Int32? = nil, humidityCentiPercent: Int32? = nil, pressurePascals: Int32? = nil,
    quality: Quality, sensor: SensorKind
  ) {
    self.temperatureCentiCelsius = temperatureCentiCelsius
    self.humidityCentiPercent = humidityCentiPercent
    self.pressurePascals = pressurePascals
    self.quality = quality
    self.sensor = sensor
  }

  /// No value, and the reason.
  public static func missing(_ quality: Quality, _ sensor: SensorKind = .none) -> Measurement {
    Measurement(quality: quality, sensor: sensor)
  }
}

/// The state of a reading's truth. A value is `ok`, or it is null and this says why.
public enum Quality: UInt8, Equatable, Sendable, CaseIterable {
  /// Every value the chip can give is present and inside the physical range.
  case ok
  /// No chip was found.
  case absent
  /// The chip is there and does not acknowledge.
  case nack
  /// A checksum did not match.
  case crc
  /// A value lies outside what the chip can measure.
  case range
  /// The bus, a pin or a value hangs.
  case stuck
  /// The chip answered with its power-on value: it has not measured yet.
  case powerOn

  /// The name on the wire.
  public var name: StaticString {
    switch self {
    case .ok: "ok"
    case .absent: "absent"
    case .nack: "nack"
    case .crc: "crc"
    case .range: "range"
    case .stuck: "stuck"
    case .powerOn: "power-on"
    }
  }
}

/// The chips the drivers know.
public enum SensorKind: UInt8, Equatable, Sendable, CaseIterable {
  case none, bme280, bmp280, sht31, tmp117, ds18b20, onChip

  /// The name on the wire; `none` is `null` there.
  public var name: StaticString {
    switch self {
    case .none: "NONE"
    case .bme280: "BME280"
    case .bmp280: "BMP280"
    case .sht31: "SHT31"
    case .tmp117: "TMP117"
    case .ds18b20: "DS18B20"
    case .onChip: "RP2040"
    }
  }
}
