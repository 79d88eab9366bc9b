import ChipModels
import Glibc

/// The surroundings of one board: weather over the day, people who pass, a door that opens. The same seed is the same
/// world.
///
/// Moments are milliseconds since the world began, which is at midnight; they only go forward.
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

  /// Whether somebody is in front of the motion sensor.
  public private(set) var isSomebodyThere = false
  /// Whether the door is open.
  public private(set) var isDoorOpen = false
  /// How busy the place is: the mean time between two visits, in ms.
  public let visitPeriodMilliseconds: Double

  private var random: SeededRandom
  private let meanTemperature: Double
  private let meanHumidity: Double
  private let phase: Double
  private var nextVisit: UInt64
  private var visitEnd: UInt64 = 0
  private var nextDoor: UInt64

  /// A world made from `seed`, with somebody coming by every `visitPeriodMilliseconds` or so.
  public init(seed: UInt64, visitPeriodMilliseconds: Double = 45_000) {
    random = SeededRandom(seed: seed)
    self.visitPeriodMilliseconds = visitPeriodMilliseconds
    meanTemperature = .random(in: 17...24, using: &random)
    meanHumidity = .random(in: 38...58, using: &random)
    phase = .random(in: 0..<(2 * .pi), using: &random)
    nextVisit = 0
    nextDoor = 0
    nextVisit = pause(visitPeriodMilliseconds)
    nextDoor = pause(visitPeriodMilliseconds * 2)
  }

  /// The air: warmest in the afternoon, driest when it is warm, with slow drifts of minutes and hours.
  public func air(at milliseconds: UInt64) -> Air {
    let hours = Double(milliseconds) / 3_600_000
    let day = -cos((hours - 3) / 24 * 2 * .pi)
    let drift = sin(hours * 2 * .pi / 1.7 + phase) + 0.35 * sin(hours * 2 * .pi / 0.083 + 2 * phase)
    let temperature = meanTemperature + 2.2 * day + 0.4 * drift
    let humidity = meanHumidity - 5.5 * day + 1.8 * sin(hours * 2 * .pi / 0.11 + phase)
    // Pressure follows the weather of days and the half-daily tide of about 1 hPa.
    let pressure = 101_100 + 900 * sin(hours * 2 * .pi / 83 + phase) + 60 * sin(hours * 2 * .pi / 12 + phase)
    return Air(temperature: temperature, humidity: min(max(humidity, 5), 95), pressure: pressure)
  }

  /// Lets everything happen that happens until `milliseconds`.
  public mutating func advance(to milliseconds: UInt64) {
    while nextVisit <= milliseconds {
      isSomebodyThere = true
      visitEnd = nextVisit + UInt64.random(in: 2_000...8_000, using: &random)
      nextVisit = max(visitEnd + 500, nextVisit + pause(visitPeriodMilliseconds))
    }
    if milliseconds >= visitEnd { isSomebodyThere = false }
    while nextDoor <= milliseconds {
      isDoorOpen.toggle()
      nextDoor += isDoorOpen ? UInt64.random(in: 3_000...15_000, using: &random) : pause(visitPeriodMilliseconds * 2)
    }
  }

  /// A waiting time without memory, as between people who do not know of each other; at least a second.
  private mutating func pause(_ mean: Double) -> UInt64 {
    UInt64(max(1000, -mean * log(Double.random(in: 0.0001..<1, using: &random))))
  }
}
