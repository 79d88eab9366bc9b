import Display
import Telemetry
import Testing

@Suite struct ScreenTests {
  static let ok = Measurement(
    temperatureCentiCelsius: 2253, humidityCentiPercent: 4512, pressurePascals: 101_325, quality: .ok, sensor: .bme280)
  static let allUp = LinkMarks(wifi: true, broker: true, gateway: true)

  func screen(_ kind: Screen.Kind = .reading, _ change: (inout Screen) -> Void = { _ in }) -> Screen {
    var screen = Screen(kind)
    screen.measurement = Self.ok
    screen.motion = .high
    screen.switchLevel = .low
    screen.links = Self.allUp
    change(&screen)
    return screen
  }

  func expect(
    _ name: String, _ screen: Screen, device: StaticString = "Attic06",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let easel = Easel()
    // What was there before must not shine through.
    easel.canvas.fill(x: 0, y: 0, width: 128, height: 64)
    screen.draw(as: InlineBytes(device), firmware: InlineBytes("1.0.0"), on: &easel.canvas)
    try expectGolden(name, easel.seen(), sourceLocation: sourceLocation)
  }

  @Test func reading() throws { try expect("reading", screen()) }

  @Test func readingInFahrenheit() throws { try expect("reading-fahrenheit", screen { $0.unit = .fahrenheit }) }

  @Test func readingBelowZeroWithLinksDownAndUnsent() throws {
    try expect(
      "reading-cold",
      screen {
        $0.measurement.temperatureCentiCelsius = -1205
        $0.measurement.humidityCentiPercent = 10_000
        $0.measurement.pressurePascals = 30_000
        $0.motion = .low
        $0.switchLevel = .high
        $0.links = LinkMarks(wifi: true, broker: false, gateway: false)
        $0.unsent = 128
      })
  }

  @Test func readingWithoutSensor() throws {
    try expect(
      "reading-absent",
      screen {
        $0.measurement = .missing(.absent)
        $0.motion = .unknown
        $0.switchLevel = .unknown
        $0.unsent = 100_000
      })
  }

  @Test func readingWithHumidityOutOfRange() throws {
    try expect(
      "reading-range",
      screen {
        $0.measurement.humidityCentiPercent = nil
        $0.measurement.quality = .range
        $0.unsent = 7
      })
  }

  @Test func readingWithTwoLongReasonsSideBySide() throws {
    try expect(
      "reading-power-on",
      screen {
        $0.measurement.humidityCentiPercent = nil
        $0.measurement.pressurePascals = nil
        $0.measurement.quality = .powerOn
      })
  }

  @Test func readingOfAChipWithoutHumidityAndALongName() throws {
    try expect(
      "reading-bmp280",
      screen {
        $0.measurement.humidityCentiPercent = nil
        $0.measurement.temperatureCentiCelsius = 5
      }, device: "conservatory-north-window-sill-2")
  }

  @Test func boot() throws { try expect("boot-starting", screen(.boot)) }

  @Test func joining() throws {
    try expect(
      "joining",
      screen(.joining) {
        $0.links = LinkMarks(wifi: false, broker: false, gateway: false)
        $0.unsent = 1
      })
  }

  @Test func offline() throws {
    try expect(
      "offline",
      screen(.offline) {
        $0.links = LinkMarks(wifi: true, broker: false, gateway: false)
        $0.unsent = 128
      })
  }

  @Test func offlineWithoutWiFiInFahrenheitWithoutAValue() throws {
    try expect(
      "offline-no-wifi",
      screen(.offline) {
        $0.measurement = .missing(.nack, .sht31)
        $0.unit = .fahrenheit
        $0.links = LinkMarks(wifi: false, broker: false, gateway: false)
      })
  }

  @Test func sensorFault() throws {
    try expect("sensor-fault", screen(.sensorFault) { $0.measurement = .missing(.nack, .bme280) })
  }

  @Test func disabled() throws { try expect("disabled", screen(.disabled), device: "Spare15") }

  @Test func identify() throws { try expect("identify", screen(.identify)) }

  @Test func aShiftedPictureIsThePictureAPixelFurther() throws {
    let easel = Easel()
    let shifted = Easel()
    for (shift, right, down) in [(PixelShift.right, 1, 0), (.rightAndDown, 1, 1), (.down, 0, 1), (.none, 0, 0)] {
      screen { $0.unsent = 12 }.draw(as: InlineBytes("Attic06"), firmware: InlineBytes("1.0.0"), on: &easel.canvas)
      screen {
        $0.unsent = 12
        $0.shift = shift
      }.draw(as: InlineBytes("Attic06"), firmware: InlineBytes("1.0.0"), on: &shifted.canvas)
      for y in 0..<63 {
        for x in 0..<127 where easel.isLit(x: x, y: y) != shifted.isLit(x: x + right, y: y + down) {
          Issue.record("\(shift): (\(x), \(y)) is not a pixel further")
          return
        }
      }
    }
  }

  @Test(arguments: Screen.Kind.allCases)
  func drawingTheExtremesStaysInside(kind: Screen.Kind) {
    for value in [Int32.min, -4000, -1, 0, 1, 12_500, .max] {
      for unit in TemperatureUnit.allCases {
        let easel = Easel()
        screen(kind) {
          $0.measurement.temperatureCentiCelsius = value
          $0.measurement.humidityCentiPercent = value
          $0.measurement.pressurePascals = value
          $0.unsent = UInt32(bitPattern: value)
          $0.unit = unit
          $0.shift = .rightAndDown
        }.draw(as: InlineBytes("Attic06"), firmware: InlineBytes("1.0.0"), on: &easel.canvas)
        #expect(easel.seen().contains("#"))
      }
    }
  }
}
