import ChipModels
import Sensors
import Telemetry
import Testing

/// The calibration that a simulated chip holds.
func calibration(_ trim: BME280Trim) -> BME280Calibration {
  BME280Calibration(low: trim.low.span, high: trim.high.span)
}

@Suite struct BME280CompensationTests {
  let published = calibration(.published)

  /// BST-BMP280-DS001 section 3.12.
  @Test func publishedBMP280ExampleGivesPublishedTemperature() {
    let fine = BME280Compensation.fineTemperature(519_888, published)
    #expect(fine == 128_422)
    #expect(BME280Compensation.centiCelsius(fine) == 2508)
  }

  /// BST-BMP280-DS001 section 3.12: 100,653.27 Pa; the 64-bit formula gives 25,767,233 / 256 Pa ± 1 in the last place.
  @Test func publishedBMP280ExampleGivesPublishedPressure() throws {
    let pressure = try #require(BME280Compensation.pressureQ8(415_148, 128_422, published))
    #expect(abs(pressure - 25_767_233) <= 1)
    #expect(BME280Compensation.pascals(415_148, 128_422, published) == 100_653)
  }

  @Test func twelveBitHumidityParametersKeepTheirSigns() {
    var trim = BME280Trim.published
    for (h4, h5) in [(-2048, 2047), (2047, -2048), (-1, 1), (0, -1)] as [(Int16, Int16)] {
      trim.h.3 = h4
      trim.h.4 = h5
      #expect(calibration(trim).h4 == h4)
      #expect(calibration(trim).h5 == h5)
    }
  }

  @Test func everyParameterComesFromItsBytes() {
    let c = published
    #expect((c.t1, c.t2, c.t3) == (27504, 26435, -1000))
    #expect((c.p1, c.p2, c.p3, c.p4, c.p5) == (36477, -10685, 3024, 2855, 140))
    #expect((c.p6, c.p7, c.p8, c.p9) == (-7, 15500, -14600, 6000))
    #expect((c.h1, c.h2, c.h3, c.h4, c.h5, c.h6) == (75, 362, 0, 313, 50, 30))
  }

  @Test func burstBytesAreMostSignificantFirst() {
    let burst: [UInt8] = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x6B, 0x4C]
    #expect(BME280Raw(burst.span) == BME280Raw(pressure: 0x655AC, temperature: 0x7EED0, humidity: 0x6B4C))
  }

  @Test func integerFormulaAgreesWithFloatingFormulaOverTheWholeRange() throws {
    let trim = BME280Trim.published
    for raw in stride(from: Int32(330_000), to: 700_000, by: 3571) {
      let exact = trim.fine(Double(raw))
      let fine = BME280Compensation.fineTemperature(raw, published)
      guard let temperature = BME280Compensation.centiCelsius(fine) else { continue }
      #expect(abs(Double(temperature) - exact / 51.2) <= 1)
      for rawPressure in stride(from: Int32(200_000), to: 700_000, by: 50_123) {
        guard let pressure = BME280Compensation.pascals(rawPressure, fine, published) else { continue }
        #expect(abs(Double(pressure) - trim.pascals(Double(rawPressure), fine: exact)) <= 2)
      }
      for rawHumidity in stride(from: Int32(20_000), to: 45_000, by: 1777) {
        guard let humidity = BME280Compensation.centiPercent(rawHumidity, fine, published) else { continue }
        #expect(abs(Double(humidity) / 100 - trim.percent(Double(rawHumidity), fine: exact)) <= 0.05)
      }
    }
  }

  @Test func valuesOutsideThePhysicalRangeAreFaultsAndNotClamped() {
    #expect(BME280Compensation.centiCelsius(-204_800) == -4000)
    #expect(BME280Compensation.centiCelsius(-204_830) == nil)
    #expect(BME280Compensation.centiCelsius(435_200) == 8500)
    #expect(BME280Compensation.centiCelsius(435_230) == nil)
    #expect(BME280Compensation.centiCelsius(.max) == nil)
    #expect(BME280Compensation.centiCelsius(.min) == nil)
    // At 25.08 °C a converter at its ends says far more than 100 %RH, and less than 0.
    #expect(BME280Compensation.centiPercent(0xFFFF, 128_422, published) == nil)
    #expect(BME280Compensation.centiPercent(0, 128_422, published) == nil)
    #expect(BME280Compensation.pascals(0, 128_422, published) == nil)
    #expect(BME280Compensation.pascals(0xFFFFF, 128_422, published) == nil)
  }

  @Test func humidityOutOfRangeLeavesTemperatureAndPressure() {
    let raw = BME280Raw(pressure: 415_148, temperature: 519_888, humidity: 0xFFFF)
    #expect(
      BME280Compensation.measurement(raw, published, sensor: .bme280)
        == Measurement(
          temperatureCentiCelsius: 2508, humidityCentiPercent: nil, pressurePascals: 100_653, quality: .range,
          sensor: .bme280))
  }

  @Test func temperatureOutOfRangeLeavesNothing() {
    let raw = BME280Raw(pressure: 415_148, temperature: 0, humidity: 0x6B4C)
    #expect(BME280Compensation.measurement(raw, published, sensor: .bme280) == .missing(.range, .bme280))
  }

  @Test func allResetValuesTogetherAreNoReading() {
    let all = BME280Raw(pressure: 0x80000, temperature: 0x80000, humidity: 0x8000)
    #expect(BME280Compensation.measurement(all, published, sensor: .bme280) == .missing(.powerOn, .bme280))
    let withoutHumidity = BME280Raw(pressure: 0x80000, temperature: 0x80000, humidity: 0)
    #expect(BME280Compensation.measurement(withoutHumidity, published, sensor: .bmp280) == .missing(.powerOn, .bmp280))
  }

  /// 0x80000 and 0x8000 lie in the middle of what the converter gives on an ordinary day.
  @Test(arguments: [
    BME280Raw(pressure: 415_148, temperature: 0x80000, humidity: 0x6B4C),
    BME280Raw(pressure: 0x80000, temperature: 519_888, humidity: 0x6B4C),
    BME280Raw(pressure: 415_148, temperature: 519_888, humidity: 0x8000),
    BME280Raw(pressure: 415_148, temperature: 0x80000, humidity: 0x8000),
    BME280Raw(pressure: 0x80000, temperature: 0x80000, humidity: 0x6B4C),
  ])
  func oneResetValueAloneIsAValue(raw: BME280Raw) {
    let result = BME280Compensation.measurement(raw, published, sensor: .bme280)
    #expect(result.quality == .ok)
    #expect(result.temperatureCentiCelsius != nil)
    #expect(result.humidityCentiPercent != nil)
    #expect(result.pressurePascals != nil)
  }

  @Test func bmp280HasNoHumidityAndIsOK() {
    let raw = BME280Raw(pressure: 415_148, temperature: 519_888, humidity: 0)
    #expect(
      BME280Compensation.measurement(raw, published, sensor: .bmp280)
        == Measurement(
          temperatureCentiCelsius: 2508, pressurePascals: 100_653, quality: .ok, sensor: .bmp280))
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func hostileCalibrationNeverTrapsAndNeverLeavesTheRange(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for round in 0..<60_000 {
      // Every third round is made of extremes, where overflow lives.
      let bytes = (0..<33).map { _ -> UInt8 in
        round % 3 == 0 ? [0x00, 0x7F, 0x80, 0xFF].randomElement(using: &random)! : .random(in: 0...255, using: &random)
      }
      let low = Array(bytes[0..<26])
      let high = Array(bytes[26..<33])
      let burst = (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
      let calibration = BME280Calibration(low: low.span, high: high.span)
      let result = BME280Compensation.measurement(BME280Raw(burst.span), calibration, sensor: .bme280)
      check(result, "seed \(seed), round \(round)")
      // Each formula by itself, with any fine temperature at all.
      let fine = Int32.random(in: .min ... .max, using: &random)
      let raw = BME280Raw(burst.span)
      _ = BME280Compensation.pascals(raw.pressure, fine, calibration)
      _ = BME280Compensation.centiPercent(raw.humidity, fine, calibration)
    }
  }

  private func check(_ result: Measurement, _ where: String) {
    let values = [result.temperatureCentiCelsius, result.humidityCentiPercent, result.pressurePascals]
    let ranges: [ClosedRange<Int32>] = [-4000...8500, 0...10_000, 30_000...110_000]
    for (value, range) in zip(values, ranges) {
      if let value, !range.contains(value) { Issue.record("\(value) outside \(range), \(`where`)") }
    }
    if (result.quality == .ok) != values.allSatisfy({ $0 != nil }) {
      Issue.record("\(result.quality.name) does not fit \(values), \(`where`)")
    }
  }

  @Test func divisionByZeroIsNoPressure() {
    var zero = published
    zero.p1 = 0
    #expect(BME280Compensation.pressureQ8(415_148, 128_422, zero) == nil)
  }

  /// BST-BME280-DS002: 300 … 1100 hPa and 0 … 100 %RH; the last value inside is a reading, the next is none.
  @Test func bme280DatasheetRangesAreKeptToTheLastDigit() throws {
    var (inside, outside) = (0, 0)
    for raw in 0..<Int32(1 << 20) where raw % 7 == 0 {
      let exact = roundedDivision(try #require(BME280Compensation.pressureQ8(raw, 128_422, published)), by: 256)
      let isInside = exact >= 30_000 && exact <= 110_000
      let value = BME280Compensation.pascals(raw, 128_422, published)
      if value != (isInside ? Int32(exact) : nil) {
        Issue.record("\(raw): \(exact) Pa became \(String(describing: value))")
      }
      if isInside { inside += 1 } else { outside += 1 }
    }
    #expect(inside > 1000 && outside > 1000)
    (inside, outside) = (0, 0)
    for raw in 0...Int32(0xFFFF) {
      let exact = roundedDivision(BME280Compensation.humidityQ10(raw, 128_422, published) * 100, by: 1024)
      let value = BME280Compensation.centiPercent(raw, 128_422, published)
      if value != ((0...10_000).contains(exact) ? exact : nil) {
        Issue.record("\(raw): \(exact) became \(String(describing: value))")
      }
      if value == nil { outside += 1 } else { inside += 1 }
    }
    #expect(inside > 1000 && outside > 1000)
  }
}
