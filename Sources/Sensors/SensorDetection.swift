import HAL
import Telemetry

/// One walk over a board's buses, looking for the best sensor: BME280 or BMP280, SHT31, TMP117, DS18B20, on-chip.
struct SensorDetection<Bus: I2CBus, Wire: OneWireBus, ADC: ADCChannel> {
  typealias Driver = SensorDriver<Bus, Wire, ADC>

  /// The best chip that answered rightly.
  private(set) var found = Driver.none
  /// What a better one did wrong, that is there but did not answer rightly; silence is no failure.
  private(set) var failure: SensorError?
  /// Two time-outs are the bus's fault, not a chip's; each costs 20 ms.
  private var timeouts = 0
  private var isBusLost = false

  /// Looks for a chip that comes before `rank` in the order.
  init(bus: Bus, wire: Wire, adc: ADC, offsetCentiCelsius: Int32, before rank: Int) {
    if rank > 0 { lookForBosch(bus) }
    if rank > 1 { lookForSensirion(bus) }
    if rank > 2 { lookForTexas(bus) }
    if rank > 3, Wire.isWired { lookForMaxim(wire) }
    if rank > 4, ADC.isWired, adc.isPresent, !hasFound {
      found = .onChip(OnChipTemperature(channel: adc, offsetCentiCelsius: offsetCentiCelsius))
    }
  }

  /// Whether any chip answered rightly.
  var hasFound: Bool {
    if case .none = found { false } else { true }
  }

  private mutating func lookForBosch(_ bus: Bus) {
    for address in 0x76...0x77 as ClosedRange<UInt8> where !hasFound && !isBusLost {
      var chip = BME280(bus: bus, address: address)
      do throws(SensorError) {
        try chip.probe()
        found = .bosch(chip)
      } catch { note(error) }
    }
  }

  private mutating func lookForSensirion(_ bus: Bus) {
    for address in 0x44...0x45 as ClosedRange<UInt8> where !hasFound && !isBusLost {
      let chip = SHT31(bus: bus, address: address)
      do throws(SensorError) {
        try chip.probe()
        found = .sensirion(chip)
      } catch { note(error) }
    }
  }

  private mutating func lookForTexas(_ bus: Bus) {
    for address in 0x48...0x4B as ClosedRange<UInt8> where !hasFound && !isBusLost {
      let chip = TMP117(bus: bus, address: address)
      do throws(SensorError) {
        try chip.probe()
        found = .texas(chip)
      } catch { note(error) }
    }
  }

  private mutating func lookForMaxim(_ wire: Wire) {
    guard !hasFound else { return }
    do throws(SensorError) {
      let search = try OneWireSearch.run(on: wire, family: DS18B20<Wire>.family, limit: 1)
      guard search.count > 0 else { return }
      var chip = DS18B20(wire: wire, code: search.codes[0])
      try chip.probe()
      found = .maxim(chip)
    } catch { note(error) }
  }

  private mutating func note(_ error: SensorError) {
    // A chip of another kind may live at one of our addresses.
    if case .unexpectedID = error { return }
    if error.isSilence { return }
    if case .bus(.stuck, _) = error { isBusLost = true }
    if case .bus(.timeout, _) = error {
      timeouts += 1
      if timeouts == 2 { isBusLost = true }
    }
    // The first says most: it is the best chip's.
    if failure == nil { failure = error }
  }
}
