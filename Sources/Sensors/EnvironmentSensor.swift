import HAL

/// Whatever environment sensor is on an I²C bus; see `BoardSensor`.
public typealias EnvironmentSensor<Bus: I2CBus> = BoardSensor<Bus, NoOneWire, NoADC>

extension BoardSensor where Wire == NoOneWire, ADC == NoADC {
  /// A sensor on `bus`, and no other way to have one; touches the bus only in `begin` and `poll`.
  public init(bus: Bus) {
    self.init(bus: bus, wire: NoOneWire(), adc: NoADC())
  }
}
