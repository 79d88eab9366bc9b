/// Hands out a scenario's events when their time has come, and random faults between them.
public struct ScenarioPlayer: Sendable {
  private let scenario: Scenario
  private let device: String
  private var index = 0
  /// ms by which the present round is later than the first.
  private var round: UInt64 = 0
  private var faults: RandomFaults?

  /// A player for one device.
  ///
  /// - Parameter faults: random faults on top.
  public init(_ scenario: Scenario, device: String = "", faults: RandomFaults? = nil) {
    self.scenario = scenario
    self.device = device
    self.faults = faults
  }

  /// When something happens next, in ms since the board's start; `nil` for never again.
  public var nextMilliseconds: UInt64? {
    let planned = index < scenario.events.count ? scenario.events[index].at + round : nil
    guard let fault = faults?.next.at else { return planned }
    return min(planned ?? fault, fault)
  }

  /// What has happened until `milliseconds` and was not handed out yet, in order.
  public mutating func take(until milliseconds: UInt64) -> [ScenarioAction] {
    var actions: [ScenarioAction] = []
    while let next = nextMilliseconds, next <= milliseconds {
      if let fault = faults?.next, fault.at == next {
        actions.append(fault.action)
        faults?.advance()
      } else {
        let event = scenario.events[index]
        if event.devices?.contains(device) ?? true { actions.append(event.action) }
        advance()
      }
    }
    return actions
  }

  private mutating func advance() {
    index += 1
    guard index == scenario.events.count, let pause = scenario.repeatMilliseconds else { return }
    index = 0
    round += pause
  }
}
