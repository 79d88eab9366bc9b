import Telemetry

extension Screen {
  /// Starting: who this is.
  func drawBoot(_ device: DeviceID, _ firmware: InlineBytes<24>, on canvas: inout Canvas) {
    canvas.rectangle(x: 0, y: 0, width: 128, height: 64)
    canvas.text("martlet", x: 64, y: 9, align: .centre)
    var version = InlineBytes<32>()
    version.append(firmware)
    canvas.text(version, x: 64, y: 19, align: .centre)
    canvas.label(device, x: 64, y: 33, align: .centre)
    canvas.text("starting", x: 64, y: 50, align: .centre)
  }

  /// No way to the gateway: what is missing, and how much waits. The temperature is still shown: it is of now.
  func drawOffline(_ device: DeviceID, on canvas: inout Canvas) {
    canvas.title(device, links)
    canvas.label(InlineBytes(missing), x: 64, y: 17, align: .centre)
    var temperature = InlineBytes<32>()
    if let value = temperatureHundredths { temperature.append(hundredths: value) } else { temperature.append("--") }
    temperature.append(UInt8(ascii: " "))
    temperature.append(unit.sign)
    canvas.text(temperature, x: 64, y: 34, align: .centre)
    canvas.horizontalLine(y: 50)
    var waiting = InlineBytes<32>()
    waiting.append(unsigned: UInt64(unsent))
    waiting.append(unsent == 1 ? " reading waits" : " readings wait")
    canvas.text(waiting, x: 64, y: 54, align: .centre)
  }

  private var missing: StaticString {
    if kind == .joining { return "joining Wi-Fi" }
    if !links.wifi { return "no Wi-Fi" }
    if !links.broker { return "no broker" }
    return "no gateway"
  }

  /// The sensor gives nothing: which one, and why.
  func drawSensorFault(_ device: DeviceID, on canvas: inout Canvas) {
    canvas.title(device, links)
    canvas.text("Sensor fault", x: 64, y: 18, align: .centre)
    canvas.text(measurement.sensor.name, x: 64, y: 32, align: .centre)
    canvas.label(InlineBytes(measurement.quality.name), x: 64, y: 48, align: .centre)
  }

  /// Told to publish nothing.
  func drawDisabled(_ device: DeviceID, on canvas: inout Canvas) {
    canvas.title(device)
    canvas.text("disabled", x: 64, y: 26, align: .centre)
    canvas.text("by its configuration", x: 64, y: 40, align: .centre)
  }

  /// Dark on light, to be seen from across a room: this is the board somebody asked for.
  func drawIdentify(_ device: DeviceID, on canvas: inout Canvas) {
    canvas.fill(x: 0, y: 0, width: Canvas.width, height: Canvas.height)
    canvas.rectangle(x: 3, y: 3, width: 122, height: 58, .off)
    canvas.text("this is", x: 64, y: 15, align: .centre, .off)
    canvas.text(device, x: 64, y: 29, align: .centre, .off)
    canvas.text("<<<  here  >>>", x: 64, y: 43, align: .centre, .off)
  }
}
