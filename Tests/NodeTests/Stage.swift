import Display
import Node
import StatusLED
import Telemetry

/// A node and its surroundings, as a dialogue: time moves only by `advance`.
///
/// A class, because test macros copy what they look at.
final class Stage {
  var node: Node<32>
  var now: UInt32
  var link = Link(isJoined: true, rssi: -60, isConnected: true)
  var isMotionHigh = false
  var isSwitchHigh = false
  var measurement = Measurement(
    temperatureCentiCelsius: 2253, humidityCentiPercent: 4512, pressurePascals: 101_325, quality: .ok, sensor: .bme280)
  /// The sensor answers that long after it was asked, ms; `nil` never.
  var sensorDelay: UInt32? = 10
  var isServerUp = true
  /// The config server takes the request and says nothing yet.
  var isServerSilent = false
  /// The gateway acknowledges what is published.
  var isGatewayUp = true
  private(set) var fetches = 0
  private(set) var published: [String] = []
  private(set) var actions = NodeActions(measure: false, fetchConfiguration: false, led: .booting)
  /// How often the shell was told to keep configurations.
  private(set) var stores = 0
  private(set) var flightStores = 0
  private var measureAt: UInt32?

  init(
    start: UInt32 = 0, configuration: NodeConfiguration = NodeConfiguration(), cause: ResetCause = .unknown,
    previous: FlightRecord? = nil
  ) {
    now = start
    node = Node(
      identity: NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 17),
      configuration: configuration, cause: cause, previous: previous)
  }

  @discardableResult
  func step() -> NodeActions {
    var finished: Measurement?
    if let at = measureAt, let sensorDelay, now &- at >= sensorDelay {
      finished = measurement
      measureAt = nil
    }
    actions = node.step(
      now: now,
      NodeInputs(isMotionHigh: isMotionHigh, isSwitchHigh: isSwitchHigh, measurement: finished, link: link))
    if actions.measure { measureAt = now }
    if actions.storeConfiguration { stores += 1 }
    if actions.storeFlightRecord { flightStores += 1 }
    if actions.fetchConfiguration {
      fetches += 1
      if !isServerSilent { if isServerUp { node.configurationIsUnchanged() } else { node.configurationFailed() } }
    }
    var payload = InlineBytes<512>()
    while node.takePayload(now: now, into: &payload) { published.append(text(payload)) }
    if isGatewayUp, link.isConnected { acknowledge(#"{"boot":17,"seqs":[[1,\#(node.made)]]}"#) }
    return actions
  }

  func advance(_ milliseconds: UInt32) {
    for _ in 0..<(milliseconds / 10) {
      now &+= 10
      step()
    }
  }

  func acknowledge(_ text: String) { node.acknowledgementArrived(Array(text.utf8).span) }

  @discardableResult
  func configure(_ document: String, tag: StaticString = "\"abc\"") throws -> RefusedKeys {
    try node.configurationArrived(Array(document.utf8).span, tag: InlineBytes(tag))
  }

  @discardableResult
  func command(_ text: String) -> Bool { node.commandArrived(Array(text.utf8).span) }

  /// The answers that are due, over a picture with one lit pixel.
  func answers() -> [String] {
    var canvas = Canvas()
    canvas.pixel(x: 0, y: 0)
    var answer = InlineBytes<512>()
    var answers: [String] = []
    while node.takeCommandAnswer(&canvas, into: &answer) { answers.append(text(answer)) }
    return answers
  }

  func logs() -> [String] {
    var message = InlineBytes<512>()
    var logs: [String] = []
    while node.takeLog(into: &message) { logs.append(text(message)) }
    return logs
  }

  var status: String {
    var message = InlineBytes<512>()
    node.writeOnlineStatus(into: &message)
    return text(message)
  }

  func screen() -> Screen { node.screen() }

  var events: [String] {
    published.map { String($0.split(separator: "\"event_type\":\"")[1].prefix { $0 != "\"" }) }
  }
}

/// The bytes as text.
func text<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String {
  bytes.withSpan { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
}
