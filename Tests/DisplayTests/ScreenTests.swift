import Display
import Testing

@Suite struct ScreenTests {
  func reading(_ change: (inout ReadingScreen) -> Void = { _ in }) -> Screen {
    var screen = ReadingScreen()
    screen.deviceID = Text("Attic06")
    screen.temperatureCentiCelsius = 2253
    screen.humidityCentiPercent = 4512
    screen.pressurePascals = 101_325
    screen.motion = true
    screen.isSwitchHigh = false
    screen.links = LinkMarks(wifi: true, broker: true, gateway: true)
    change(&screen)
    return .reading(screen)
  }

  func expect(_ name: String, _ screen: Screen, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let easel = Easel()
    // What was there before must not shine through.
    easel.canvas.fill(x: 0, y: 0, width: 128, height: 64)
    screen.draw(on: &easel.canvas)
    try expectGolden(name, easel.seen(), sourceLocation: sourceLocation)
  }

  @Test func reading() throws { try expect("reading", reading()) }

  @Test func readingBelowZeroWithLinksDownAndUnsent() throws {
    try expect(
      "reading-cold",
      reading {
        $0.temperatureCentiCelsius = -1205
        $0.humidityCentiPercent = 10_000
        $0.pressurePascals = 30_000
        $0.motion = false
        $0.isSwitchHigh = true
        $0.links = LinkMarks(wifi: true, broker: false, gateway: false)
        $0.unsent = 128
      })
  }

  @Test func readingWithoutSensor() throws {
    try expect(
      "reading-absent",
      reading {
        $0.temperatureCentiCelsius = nil
        $0.humidityCentiPercent = nil
        $0.pressurePascals = nil
        $0.reason = Text("absent")
        $0.motion = nil
        $0.isSwitchHigh = nil
        $0.unsent = 100_000
      })
  }

  @Test func readingWithHumidityOutOfRange() throws {
    try expect(
      "reading-range",
      reading {
        $0.humidityCentiPercent = nil
        $0.reason = Text("range")
        $0.unsent = 7
      })
  }

  @Test func readingWithTwoLongReasonsSideBySide() throws {
    try expect(
      "reading-power-on",
      reading {
        $0.humidityCentiPercent = nil
        $0.pressurePascals = nil
        $0.reason = Text("power-on")
      })
  }

  @Test func readingOfAChipWithoutHumidityAndALongName() throws {
    try expect(
      "reading-bmp280",
      reading {
        $0.deviceID = Text("conservatory-north-window-sill-2")
        $0.humidityCentiPercent = nil
        $0.temperatureCentiCelsius = 5
      })
  }

  @Test func boot() throws {
    let screen = BootScreen(deviceID: Text("Attic06"), version: Text("1.0.0"), step: Text("joining Wi-Fi"))
    try expect("boot", .boot(screen))
  }

  @Test func offline() throws {
    let links = LinkMarks(wifi: true, broker: false, gateway: false)
    let screen = OfflineScreen(deviceID: Text("Attic06"), temperatureCentiCelsius: 2253, links: links, unsent: 128)
    try expect("offline", .offline(screen))
  }

  @Test func sensorFault() throws {
    let links = LinkMarks(wifi: true, broker: true, gateway: true)
    let screen = SensorFaultScreen(
      deviceID: Text("Attic06"), sensor: Text("BME280"), reason: Text("nack"), links: links)
    try expect("sensor-fault", .sensorFault(screen))
  }

  @Test func disabled() throws { try expect("disabled", .disabled(deviceID: Text("Spare15"))) }

  @Test func drawingTheExtremesStaysInside() {
    for value in [Int32.min, -4000, -1, 0, 1, 12_500, .max] {
      let easel = Easel()
      reading {
        $0.temperatureCentiCelsius = value
        $0.humidityCentiPercent = value
        $0.pressurePascals = value
        $0.unsent = UInt32(bitPattern: value)
      }.draw(on: &easel.canvas)
      #expect(easel.isLit(x: 0, y: 10))
    }
  }
}
