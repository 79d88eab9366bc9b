import ChipModels
import Glibc

/// The surroundings of one board: weather over the day, people who pass, a door that opens. The same seed is the same
/// world.
///
///     var world = World(seed: 7)
///     world.ease(.temperature, to: 35, during: 120_000, from: 60_000)
///     world.advance(to: 90_000)
///
/// Moments are milliseconds since the world began; they only go forward. What a person or a scenario does comes on top of
/// what happens by itself.
public struct World: Sendable {
  /// The air at a moment.
  public struct Air: Equatable, Sendable {
    /// °C.
    public var temperature: Double
    /// %RH.
    public var humidity: Double
    /// Pa.
    public var pressure: Double
  }

  /// What the air has.
  public enum Quantity: String, CaseIterable, Sendable {
    /// °C.
    case temperature
    /// %RH.
    case humidity
    /// Pa.
    case pressure
  }

  /// Whether somebody is in front of the motion sensor.
  public private(set) var isSomebodyThere = false
  /// Whether the door is open.
  public private(set) var isDoorOpen = false
  /// How busy the place is: the mean time between two visits, in ms; 0 when nobody ever comes by itself.
  public let visitPeriodMilliseconds: Double

  private let startMilliseconds: UInt64
  private var random: SeededRandom
  private let meanTemperature: Double
  private let meanHumidity: Double
  private let phase: Double
  private var nextVisit: UInt64
  private var visitEnd: UInt64 = 0
  private var nextDoor: UInt64
  private var courses: [Quantity: Course] = [:]

  /// A world made from `seed`, with somebody coming by every `visitPeriodMilliseconds` or so.
  ///
  /// - Parameter startMilliseconds: the time of day at which it begins, so that boards see different hours.
  public init(seed: UInt64, startMilliseconds: UInt64 = 0, visitPeriodMilliseconds: Double = 45_000) {
    random = SeededRandom(seed: seed)
    self.startMilliseconds = startMilliseconds
    self.visitPeriodMilliseconds = visitPeriodMilliseconds
    meanTemperature = .random(in: 17...24, using: &random)
    meanHumidity = .random(in: 38...58, using: &random)
    phase = .random(in: 0..<(2 * .pi), using: &random)
    nextVisit = .max
    nextDoor = .max
    guard visitPeriodMilliseconds > 0 else { return }
    nextVisit = pause(visitPeriodMilliseconds)
    nextDoor = pause(visitPeriodMilliseconds * 2)
  }

  /// The air: what was set, else the weather.
  public func air(at milliseconds: UInt64) -> Air {
    var air = weather(at: startMilliseconds + milliseconds)
    if let course = courses[.temperature] { air.temperature = course.value(at: milliseconds) }
    if let course = courses[.humidity] { air.humidity = course.value(at: milliseconds) }
    if let course = courses[.pressure] { air.pressure = course.value(at: milliseconds) }
    return air
  }

  /// Lets everything happen that happens until `milliseconds`.
  public mutating func advance(to milliseconds: UInt64) {
    while nextVisit <= milliseconds {
      isSomebodyThere = true
      visitEnd = max(visitEnd, nextVisit + UInt64.random(in: 2_000...8_000, using: &random))
      nextVisit = max(visitEnd + 500, nextVisit + pause(visitPeriodMilliseconds))
    }
    if milliseconds >= visitEnd { isSomebodyThere = false }
    while nextDoor <= milliseconds {
      isDoorOpen.toggle()
      nextDoor += isDoorOpen ? UInt64.random(in: 3_000...15_000, using: &random) : pause(visitPeriodMilliseconds * 2)
    }
  }

  /// When something will happen to a pin, as far as is known now; `nil` for never.
  public var nextChange: UInt64? {
    let next = min(nextVisit, nextDoor, isSomebodyThere ? visitEnd : .max)
    return next == .max ? nil : next
  }

  // MARK: What is done to it

  /// Lets a quantity go evenly to `value` (in its unit) and stay there; at once when `duration` is 0.
  public mutating func ease(_ quantity: Quantity, to value: Double, during duration: UInt64, from now: UInt64) {
    courses[quantity] = Course(from: self.value(of: quantity, at: now), to: value, start: now, duration: duration)
  }

  /// Gives a quantity back to the weather.
  public mutating func release(_ quantity: Quantity) {
    courses[quantity] = nil
  }

  /// Somebody comes and stays for `duration` ms, or for longer who was there already.
  public mutating func visit(at now: UInt64, for duration: UInt64) {
    isSomebodyThere = true
    visitEnd = max(visitEnd, now + duration)
  }

  /// Somebody opens the door or shuts it. Others may do so later.
  public mutating func setDoor(open: Bool) {
    isDoorOpen = open
  }

  /// A quantity in its unit.
  public func value(of quantity: Quantity, at milliseconds: UInt64) -> Double {
    let air = air(at: milliseconds)
    switch quantity {
    case .temperature: return air.temperature
    case .humidity: return air.humidity
    case .pressure: return air.pressure
    }
  }

  /// Warmest in the afternoon, driest when it is warm, with slow drifts of minutes and hours; 0 is midnight.
  private func weather(at milliseconds: UInt64) -> Air {
    let hours = Double(milliseconds) / 3_600_000
    let day = -cos((hours - 3) / 24 * 2 * .pi)
    let drift = sin(hours * 2 * .pi / 1.7 + phase) + 0.35 * sin(hours * 2 * .pi / 0.083 + 2 * phase)
    let temperature = meanTemperature + 2.2 * day + 0.4 * drift
    let humidity = meanHumidity - 5.5 * day + 1.8 * sin(hours * 2 * .pi / 0.11 + phase)
    // Pressure follows the weather of days and the half-daily tide of about 1 hPa.
    let pressure = 101_100 + 900 * sin(hours * 2 * .pi / 83 + phase) + 60 * sin(hours * 2 * .pi / 12 + phase)
    return Air(temperature: temperature, humidity: min(max(humidity, 5), 95), pressure: pressure)
  }

  /// A waiting time without memory, as between people who do not know of each other; at least a second.
  private mutating func pause(_ mean: Double) -> UInt64 {
    UInt64(max(1000, -mean * log(Double.random(in: 0.0001..<1, using: &random))))
  }
}

/// One quantity on its way from one value to another, and staying there.
private struct Course: Sendable {
  var from: Double
  var to: Double
  /// ms.
  var start: UInt64
  /// ms.
  var duration: UInt64

  func value(at milliseconds: UInt64) -> Double {
    guard milliseconds < start + duration else { return to }
    let share = Double(milliseconds - min(start, milliseconds)) / Double(duration)
    return from + (to - from) * share
  }
}
