import ChipModels
import Testing

@Suite struct FanModelTests {
  let fan = FanModel()

  @Test func needsMoreToStartThanToGoOn() {
    fan.set(dutyPercent: 25)
    #expect(fan.speed == 0)
    fan.set(dutyPercent: 30)
    #expect(fan.speed == 900)
    fan.set(dutyPercent: 25)
    #expect(fan.speed == 750)
    fan.set(dutyPercent: 19)
    #expect(!fan.isTurning)
    #expect(fan.log == [25, 30, 25, 19])
  }

  @Test func switchedPinIsAllOrNothing() {
    fan.set(high: true)
    #expect(fan.speed == 3000)
    fan.set(high: false)
    #expect(fan.speed == 0)
  }
}

@Suite struct SimulatedADCTests {
  /// RP2040 datasheet, section 4.9.5: 0.706 V at 27 °C.
  @Test func rp2040DatasheetVoltage() {
    let channel = SimulatedADC()
    #expect(channel.read() == 876)
    channel.temperature = 1e6
    #expect(channel.read() == 0)
    channel.rawOverride = 4095
    #expect(channel.read() == 4095)
  }

  @Test func noiseStaysInItsBoundAndIsTheSameForTheSameSeed() {
    let channels = [SimulatedADC(seed: 3), SimulatedADC(seed: 3)]
    for channel in channels { channel.noise = 4 }
    let values = (0..<200).map { _ in channels[0].read() }
    #expect(values == (0..<200).map { _ in channels[1].read() })
    #expect(Set(values).count > 5)
    #expect(values.allSatisfy { (872...880).contains($0) })
  }
}
