import ChipModels
import Sensors
import Telemetry
import Testing

@Suite struct OnChipTemperatureTests {
  typealias Driver = OnChipTemperature<SimulatedADC>

  let channel = SimulatedADC()

  /// RP2040 datasheet, section 4.9.5: 0.706 V at 27 °C, −1.721 mV a degree.
  @Test func rp2040DatasheetFormula() {
    // 0.706 V is between 876 and 877 of 4095 steps over 3.3 V.
    #expect(Driver.centiCelsius(sum: 876) == 2704)
    #expect(Driver.centiCelsius(sum: 877) == 2657)
    for raw in 0...4095 as ClosedRange<Int32> {
      let exact = 2700 - (Double(raw) * 3.3 / 4095 - 0.706) / 0.001721 * 100
      #expect(abs(Double(Driver.centiCelsius(sum: raw)) - exact) <= 0.5001)
    }
  }

  @Test func meanOfSeveralIsRoundedOnce() {
    #expect(Driver.centiCelsius(sum: 876 * 8, of: 8) == Driver.centiCelsius(sum: 876))
    #expect(Driver.centiCelsius(sum: 876 * 4 + 877 * 4, of: 8) == 2680)
    #expect(Driver.centiCelsius(sum: 4095 * 1024, of: 1024) == Driver.centiCelsius(sum: 4095))
  }

  @Test(arguments: [-39.0, -0.4, 27, 84]) func measuresTheChip(temperature: Double) throws {
    channel.temperature = temperature
    let measurement = OnChipTemperature(channel: channel).read()
    #expect(measurement.sensor == .onChip)
    #expect(abs(Double(try #require(measurement.temperatureCentiCelsius)) / 100 - temperature) <= 0.25)
  }

  @Test func offsetIsAdded() throws {
    channel.rawOverride = 876
    #expect(OnChipTemperature(channel: channel, offsetCentiCelsius: -550).read().temperatureCentiCelsius == 2154)
  }

  @Test(arguments: [(0 as UInt16, 0 as Int32), (4095, 0), (876, 20_000), (0, .max), (4095, .min)])
  func whatTheChipCannotSurviveIsAFault(raw: UInt16, offset: Int32) {
    channel.rawOverride = raw
    #expect(OnChipTemperature(channel: channel, offsetCentiCelsius: offset).read() == .missing(.range, .onChip))
  }
}
