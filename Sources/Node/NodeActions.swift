import StatusLED

/// What the shell is to do now.
public struct NodeActions: Equatable, Sendable {
  /// Begin a measurement; its end comes back in `NodeInputs.measurement`.
  public var measure: Bool
  /// Fetch the configuration; its end comes back by `configurationArrived`, `…IsUnchanged` or `…Failed`.
  public var fetchConfiguration: Bool
  /// What the LED says.
  public var led: LEDState
  /// The display shows with little light.
  public var isDisplayDim: Bool
  /// What the PWM fan gets, 0 … 100 percent; `nil`: there is none, its pin is low.
  public var fanDutyPercent: UInt8?
  /// How many of the switched fans run, the first pins first; `nil`: there are none, their pins are low.
  public var fansActive: UInt8?
  /// Keep what `lastGoodConfiguration`, `candidateConfiguration` and `refusedConfiguration` are now.
  public var storeConfiguration: Bool
  /// Keep what `flight` is now.
  public var storeFlightRecord: Bool
  /// Start again, once what was published has gone out.
  public var restart: Bool

  /// Actions by hand.
  public init(
    measure: Bool, fetchConfiguration: Bool, led: LEDState, isDisplayDim: Bool = false, fanDutyPercent: UInt8? = nil,
    fansActive: UInt8? = nil, storeConfiguration: Bool = false, storeFlightRecord: Bool = false, restart: Bool = false
  ) {
    self.measure = measure
    self.fetchConfiguration = fetchConfiguration
    self.led = led
    self.isDisplayDim = isDisplayDim
    self.fanDutyPercent = fanDutyPercent
    self.fansActive = fansActive
    self.storeConfiguration = storeConfiguration
    self.storeFlightRecord = storeFlightRecord
    self.restart = restart
  }
}
