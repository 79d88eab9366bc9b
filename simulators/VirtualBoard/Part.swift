/// A chip that can be on a virtual board, by the name scenarios and people use.
public enum Part: String, CaseIterable, Sendable {
  /// Temperature, humidity, pressure, at 0x76.
  case bme280
  /// Temperature, humidity, at 0x44.
  case sht31
  /// Temperature, at 0x48.
  case tmp117
  /// The OLED, at 0x3C.
  case ssd1306
  /// Temperature, on the 1-Wire line.
  case ds18b20
  /// The RP2040's own temperature, at its ADC.
  case onChip = "on-chip"
}
