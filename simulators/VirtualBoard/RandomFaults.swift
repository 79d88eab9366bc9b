import ChipModels

/// Faults without end, the same for the same seed: chips that come loose and are pushed back, bus errors of each kind,
/// brown-outs, Wi-Fi that goes and comes back, power cuts.
///
/// What breaks for a while is mended by a later event: after a minute without faults the board works.
public struct RandomFaults: Sendable {
  /// The longest time until something that broke is mended, ms.
  public static let longestMilliseconds: UInt64 = 30_000

  /// What happens next.
  public private(set) var next: ScenarioEvent
  private var random: SeededRandom
  private let period: UInt64
  private let cutsPower: Bool
  private var mending: ScenarioEvent?

  /// Faults from `seed`, one in `periodMilliseconds` on average, with power cuts among them or not.
  public init(seed: UInt64, periodMilliseconds: UInt64 = 60_000, cutsPower: Bool = true) {
    precondition(periodMilliseconds > 0)
    random = SeededRandom(seed: seed)
    period = periodMilliseconds
    self.cutsPower = cutsPower
    next = ScenarioEvent(at: 0, .wifi(isOn: true))
    advance()
  }

  /// Goes on to the event after `next`.
  public mutating func advance() {
    if let mending {
      next = mending
      self.mending = nil
      return
    }
    let at = next.at + 1 + UInt64.random(in: 0..<2 * period, using: &random)
    let (action, remedy) = invent()
    next = ScenarioEvent(at: at, action)
    mending = remedy.map {
      ScenarioEvent(at: at + UInt64.random(in: 500...Self.longestMilliseconds, using: &random), $0)
    }
  }

  private mutating func invent() -> (ScenarioAction, remedy: ScenarioAction?) {
    let part: Part = Bool.random(using: &random) ? .bme280 : .ssd1306
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1: return (.unplug(part), .plugIn(part))
    case 2: return (.brownOut(part), nil)
    case 3: return (.wifi(isOn: false), .wifi(isOn: true))
    case 4 where cutsPower: return (.powerCut(milliseconds: .random(in: 100...10_000, using: &random)), nil)
    default: return (.bus(fault(), part, times: .random(in: 1...5, using: &random)), nil)
    }
  }

  private mutating func fault() -> BusFault {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: .nackAddress
    case 1: .nackData(byte: .random(in: 0..<3, using: &random))
    case 2: .timeout
    case 3: .stuck
    case 4: .holdSDA
    case 5: .stretch(microseconds: .random(in: 100...30_000, using: &random))
    case 6: .brownOut
    default: .flipRead(byte: .random(in: 0..<8, using: &random), bit: .random(in: 0..<8, using: &random))
    }
  }
}
