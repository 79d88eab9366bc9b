import ChipModels
import VirtualBoard

/// One scenario of many that a seed makes: which chips are on the bus, what breaks, how the air is, for how long.
struct RandomScenario {
  /// Makes the world and what the network does.
  let seed: UInt64
  let scenario: Scenario
  /// Makes `RandomFaults`, or `nil` for none of them.
  let faults: UInt64?
  /// How long it lasts, ms.
  let milliseconds: UInt64

  /// Scenario `number` of those that `seed` makes, about `mean` ms long.
  init(seed: UInt64, number: Int, mean: UInt64) {
    var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(number))
    self.seed = random.next()
    milliseconds = UInt64.random(in: mean / 2...mean * 3 / 2, using: &random)
    faults = Int.random(in: 0..<3, using: &random) == 0 ? nil : random.next()
    let parts = Self.parts(&random)
    // More happens in a short life than in a long one, or most short ones would be alike.
    let count = Int.random(in: 0...12, using: &random)
    var events: [ScenarioEvent] = []
    for _ in 0..<count {
      let at = UInt64.random(in: 0...milliseconds, using: &random)
      events.append(ScenarioEvent(at: at, Self.action(during: milliseconds / 2, &random)))
    }
    let visits: [Double] = [0, 3_000, 45_000]
    scenario = Scenario(visitPeriodMilliseconds: visits.randomElement(using: &random), parts: parts, events: events)
  }

  /// Each sensor is the best one as often as the others, and so is none: a better one hides the rest.
  private static func parts(_ random: inout SeededRandom) -> Set<Part> {
    let sensors: [Part] = [.bme280, .sht31, .tmp117, .ds18b20, .onChip]
    let best = Int.random(in: 0...sensors.count, using: &random)
    var parts = Set(sensors.dropFirst(best).filter { _ in Bool.random(using: &random) })
    if best < sensors.count { parts.insert(sensors[best]) }
    if Bool.random(using: &random) { parts.insert(.ssd1306) }
    return parts
  }

  private static func action(during longest: UInt64, _ random: inout SeededRandom) -> ScenarioAction {
    let part = Part.allCases.randomElement(using: &random) ?? .bme280
    let duration = UInt64.random(in: 0...longest, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    // Beyond what the chips can measure, too.
    case 0: return .air(.temperature, to: .random(in: -60...140, using: &random), during: duration)
    case 1: return .air(.humidity, to: .random(in: 0...100, using: &random), during: duration)
    case 2: return .air(.pressure, to: .random(in: 25_000...115_000, using: &random), during: duration)
    case 3: return .unplug(part)
    case 4: return .plugIn(part)
    case 5: return .brownOut(part)
    case 6: return .wifi(isOn: Bool.random(using: &random))
    case 7: return .visit(milliseconds: duration)
    case 8: return .door(isOpen: Bool.random(using: &random))
    default:
      let byte = Int.random(in: 0..<8, using: &random)
      let fault: BusFault =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .nackAddress
        case 1: .nackData(byte: byte)
        case 2: .timeout
        case 3: .stuck
        default: .flipRead(byte: byte, bit: .random(in: 0..<8, using: &random))
        }
      return .bus(fault, part, times: .random(in: 1...4, using: &random))
    }
  }
}
