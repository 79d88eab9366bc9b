import ChipModels
import Foundation
import Node
import Telemetry
import VirtualBoard

/// The bench behind the page: what a person sees of the board, and does to it.
final class Bench {
  private let fleet: Fleet
  private var log: BusLog
  private var last: State?

  init(_ fleet: Fleet) {
    self.fleet = fleet
    log = BusLog(of: fleet.picos[0], capacity: 12)
  }

  /// What a person sees. All of it is sent whenever any of it has changed: it is two kilobytes.
  struct State: Equatable, Encodable {
    var device: String
    /// The display's pixels, eight a byte, row by row, in base 64.
    var frame: String
    var led: Bool
    var motion: Bool
    var door: Bool
    var wifi: Bool
    var power: Bool
    var parts: [String]
    /// °C.
    var temperature: Double
    /// %RH.
    var humidity: Double
    /// hPa.
    var pressure: Double
    var made: Int
    var acknowledged: Int
    var waiting: Int
    /// The last payload.
    var said: String
    var trouble: String?
    var bus: [String]
  }

  /// What a person does.
  private struct Wish: Decodable {
    var action: String
    var value: Double?
    var name: String?
    var on: Bool?
  }

  /// The state as a JSON line, if it is another one than the last.
  func news() -> String? {
    log.take()
    let state = self.state
    guard state != last else { return nil }
    last = state
    return text(of: state)
  }

  /// Answers a request that is not for a file of the page.
  func answer(_ request: PageRequest) -> PageAnswer {
    switch (request.method, request.path) {
    case ("GET", "/"): .file("text/html; charset=utf-8", PackageResources.index_html)
    case ("GET", "/bench.css"): .file("text/css; charset=utf-8", PackageResources.bench_css)
    case ("GET", "/bench.js"): .file("text/javascript; charset=utf-8", PackageResources.bench_js)
    case ("GET", "/events"): .events(first: text(of: state))
    case ("POST", "/do"): perform(request.body)
    default: .refusal(404, "nothing here: \(request.method) \(request.path)")
    }
  }

  private func perform(_ body: [UInt8]) -> PageAnswer {
    guard let wish = try? JSONDecoder().decode(Wish.self, from: Data(body)) else {
      return .refusal(400, "not a wish: {\"action\": …}")
    }
    guard let action = Self.action(wish) else { return .refusal(400, "no such wish: \(wish.action)") }
    fleet.picos[0].perform(action, at: fleet.localMilliseconds(of: 0))
    fleet.hurry(0)
    return .done
  }

  private static func action(_ wish: Wish) -> ScenarioAction? {
    switch wish.action {
    case "temperature", "humidity", "pressure":
      guard let quantity = World.Quantity(rawValue: wish.action) else { return nil }
      guard let value = wish.value else { return .weather(quantity) }
      // The page speaks of hPa.
      return .air(quantity, to: quantity == .pressure ? value * 100 : value, during: 0)
    case "wave": return .visit(milliseconds: 2000)
    case "door": return wish.on.map { .door(isOpen: $0) }
    case "wifi": return wish.on.map { .wifi(isOn: $0) }
    case "part":
      guard let part = wish.name.flatMap(Part.init(rawValue:)), let on = wish.on else { return nil }
      return on ? .plugIn(part) : .unplug(part)
    case "restart": return .powerCut(milliseconds: 1500)
    default: return nil
    }
  }

  private var state: State {
    let pico = fleet.picos[0]
    let board = pico.board
    let air = board.world.air(at: board.milliseconds)
    let shown = pico.isPowered ? Pixels(of: board) : Pixels.dark
    return State(
      device: pico.name, frame: Data(shown.packed).base64EncodedString(), led: pico.isPowered && board.light.isHigh(),
      motion: board.motion.isHigh(), door: board.door.isHigh(), wifi: pico.hasWiFi, power: pico.isPowered,
      parts: Part.allCases.filter(board.parts.contains).map(\.rawValue),
      temperature: Self.rounded(air.temperature, 10), humidity: Self.rounded(air.humidity, 10),
      pressure: Self.rounded(air.pressure / 100, 10), made: pico.made, acknowledged: pico.acknowledged,
      waiting: pico.device.node.outbox.count, said: picosim.text(pico.payload), trouble: pico.trouble, bus: log.lines)
  }

  private static func rounded(_ value: Double, _ parts: Double) -> Double { (value * parts).rounded() / parts }

  private func text(of state: State) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(state) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
