import ChipModels

/// What happens to a board and when: a plan that is the same at each run.
///
///     let scenario = Scenario(events: [
///       ScenarioEvent(at: 10_000, .unplug(.bme280)),
///       ScenarioEvent(at: 20_000, .plugIn(.bme280)),
///     ])
///     var player = ScenarioPlayer(scenario)
///     for action in player.take(until: 15_000) { board.perform(action) }
public struct Scenario: Equatable, Sendable {
  /// What it is about.
  public var name: String
  /// The mean time between two visits of people who are not in the plan, ms; `nil` leaves it to the board, 0 for none.
  public var visitPeriodMilliseconds: Double?
  /// The chips on the bus at the start; `nil` leaves it to the board.
  public var parts: Set<Part>?
  /// The plan begins again after so many ms; `nil` for once.
  public var repeatMilliseconds: UInt64?
  /// What happens, in order of time.
  public let events: [ScenarioEvent]

  /// A plan. Events of one moment happen in the order given.
  public init(
    name: String = "", visitPeriodMilliseconds: Double? = nil, parts: Set<Part>? = nil,
    repeatMilliseconds: UInt64? = nil, events: [ScenarioEvent] = []
  ) {
    self.name = name
    self.visitPeriodMilliseconds = visitPeriodMilliseconds
    self.parts = parts
    self.repeatMilliseconds = repeatMilliseconds
    self.events = events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }
}

/// Something happens at a moment.
public struct ScenarioEvent: Equatable, Sendable {
  /// ms since the board's start.
  public var at: UInt64
  /// What.
  public var action: ScenarioAction
  /// To which devices; `nil` for every one.
  public var devices: Set<String>?

  /// An event.
  public init(at: UInt64, _ action: ScenarioAction, devices: Set<String>? = nil) {
    self.at = at
    self.action = action
    self.devices = devices
  }
}

/// What can happen.
public enum ScenarioAction: Equatable, Sendable {
  /// A quantity goes to a value (°C, %RH, Pa) within some ms.
  case air(World.Quantity, to: Double, during: UInt64)
  /// A quantity is the weather's again.
  case weather(World.Quantity)
  /// Somebody is there for some ms.
  case visit(milliseconds: UInt64)
  /// The door is opened or shut.
  case door(isOpen: Bool)
  /// A chip is taken off the bus.
  case unplug(Part)
  /// A chip is put on the bus.
  case plugIn(Part)
  /// The next transactions fail, all or those with a chip.
  case bus(BusFault, Part?, times: Int)
  /// A chip loses its supply for a moment.
  case brownOut(Part)
  /// Wi-Fi is there or not.
  case wifi(isOn: Bool)
  /// The board loses its supply for some ms, and starts again.
  case powerCut(milliseconds: UInt64)
}

extension VirtualBoard {
  /// Lets it happen, as far as it concerns the board; Wi-Fi and the board's own supply are left to whoever runs it.
  ///
  /// - Returns: whether the board did it.
  @discardableResult
  public func perform(_ action: ScenarioAction) -> Bool {
    let now = milliseconds
    switch action {
    case .air(let quantity, let value, let duration):
      change { $0.ease(quantity, to: value, during: duration, from: now) }
    case .weather(let quantity): change { $0.release(quantity) }
    case .visit(let duration): change { $0.visit(at: now, for: duration) }
    case .door(let isOpen): change { $0.setDoor(open: isOpen) }
    case .unplug(let part): unplug(part)
    case .plugIn(let part): plugIn(part)
    case .bus(let fault, .ds18b20?, let times): for _ in 0..<times { wire.failNext(Self.oneWire(fault)) }
    case .bus(let fault, let part, let times):
      bus.failNext(fault, address: part.flatMap { chip($0)?.address }, times: times)
    case .brownOut(let part): brownOut(part)
    case .wifi, .powerCut: return false
    }
    return true
  }

  /// What a fault of the bus is on a 1-Wire line.
  private static func oneWire(_ fault: BusFault) -> OneWireFault {
    switch fault {
    case .nackAddress, .nackData, .timeout, .stretch: .noPresence
    case .stuck, .holdSDA: .shorted
    case .brownOut: .brownOut
    case .flipRead(let byte, let bit): .flipRead(slot: byte * 8 + bit)
    }
  }
}
