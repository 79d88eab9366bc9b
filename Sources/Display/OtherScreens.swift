/// Starting: who this is, and what it is waiting for.
public struct BootScreen: Equatable, Sendable {
  /// Which device this is.
  public var deviceID: Text
  /// The firmware's version.
  public var version: Text
  /// What goes on: `joining Wi-Fi`, at most 21 characters.
  public var step: Text

  /// A screen by hand.
  public init(deviceID: Text, version: Text, step: Text) {
    self.deviceID = deviceID
    self.version = version
    self.step = step
  }

  func draw(on canvas: inout Canvas) {
    canvas.rectangle(x: 0, y: 0, width: 128, height: 64)
    canvas.text("martlet", x: 64, y: 9, align: .centre)
    canvas.text(version, x: 64, y: 19, align: .centre)
    canvas.label(deviceID, x: 64, y: 33, align: .centre)
    canvas.text(step, x: 64, y: 50, align: .centre)
  }
}

/// No way to the gateway: what is missing, and how much waits. The temperature is still shown: it is of now.
public struct OfflineScreen: Equatable, Sendable {
  /// Which device this is.
  public var deviceID: Text
  /// In 0.01 °C.
  public var temperatureCentiCelsius: Int32?
  /// Which parts of the way stand; the first that does not is named.
  public var links: LinkMarks
  /// Readings the gateway has not acknowledged.
  public var unsent: UInt32

  /// A screen by hand.
  public init(deviceID: Text, temperatureCentiCelsius: Int32?, links: LinkMarks, unsent: UInt32) {
    self.deviceID = deviceID
    self.temperatureCentiCelsius = temperatureCentiCelsius
    self.links = links
    self.unsent = unsent
  }

  func draw(on canvas: inout Canvas) {
    canvas.title(deviceID, links)
    canvas.label(missing, x: 64, y: 17, align: .centre)
    var temperature = Text()
    if let temperatureCentiCelsius {
      temperature.append(temperatureCentiCelsius, decimals: 2)
    } else {
      temperature.append("--")
    }
    temperature.append(" °C")
    canvas.text(temperature, x: 64, y: 34, align: .centre)
    canvas.horizontalLine(y: 50)
    var waiting = Text()
    waiting.append(unsent)
    waiting.append(unsent == 1 ? " reading waits" : " readings wait")
    canvas.text(waiting, x: 64, y: 54, align: .centre)
  }

  private var missing: Text {
    if !links.wifi { return Text("no Wi-Fi") }
    if !links.broker { return Text("no broker") }
    return Text("no gateway")
  }
}

/// The sensor gives nothing: which one, and why.
public struct SensorFaultScreen: Equatable, Sendable {
  /// Which device this is.
  public var deviceID: Text
  /// The chip, by its name on the wire.
  public var sensor: Text
  /// A quality's name on the wire.
  public var reason: Text
  /// Which parts of the way to the gateway stand.
  public var links: LinkMarks

  /// A screen by hand.
  public init(deviceID: Text, sensor: Text, reason: Text, links: LinkMarks) {
    self.deviceID = deviceID
    self.sensor = sensor
    self.reason = reason
    self.links = links
  }

  func draw(on canvas: inout Canvas) {
    canvas.title(deviceID, links)
    canvas.text("Sensor fault", x: 64, y: 18, align: .centre)
    canvas.text(sensor, x: 64, y: 32, align: .centre)
    canvas.label(reason, x: 64, y: 48, align: .centre)
  }
}
