/// What is connected to a board, and by what. A board that lacks something says nothing of it, and pays nothing for it.
///
///     struct Pico: Wiring {
///       let bus: PicoI2C
///       let motion, door: PicoInput
///       let light: PicoOutput
///     }
public protocol Wiring {
  /// The sensors' bus.
  associatedtype Bus: I2CBus
  /// The display's bus; the sensors' where it shares that.
  associatedtype DisplayBus: I2CBus = Bus
  /// The 1-Wire line.
  associatedtype Wire: OneWireBus = NoOneWire
  /// The input of the RP2040's own temperature sensor.
  associatedtype ADC: ADCChannel = NoADC
  /// Motion sensor and switch.
  associatedtype Input: InputPin
  /// The status LED.
  associatedtype Light: OutputPin
  /// The fan whose speed is set.
  associatedtype Fan: PWMPin = NoPWM
  /// The fans that are switched.
  associatedtype StepFan: OutputPin = NoOutput

  /// The sensors are on it.
  var bus: Bus { get }
  /// The display is on it.
  var displayBus: DisplayBus { get }
  /// DS18B20s are on it.
  var wire: Wire { get }
  /// The on-chip temperature is on it.
  var adc: ADC { get }
  /// High while somebody is there.
  var motion: Input { get }
  /// The switch.
  var door: Input { get }
  /// The status LED.
  var light: Light { get }
  /// The fan whose speed is set.
  var fan: Fan { get }
  /// A switched fan, 0 … 7, in the order of the configuration's pins.
  func stepFan(_ index: Int) -> StepFan
}

extension Wiring where DisplayBus == Bus {
  /// The sensors' bus.
  public var displayBus: Bus { bus }
}

extension Wiring where Wire == NoOneWire {
  /// None.
  public var wire: NoOneWire { NoOneWire() }
}

extension Wiring where ADC == NoADC {
  /// None.
  public var adc: NoADC { NoADC() }
}

extension Wiring where Fan == NoPWM {
  /// None.
  public var fan: NoPWM { NoPWM() }
}

extension Wiring where StepFan == NoOutput {
  /// None.
  public func stepFan(_ index: Int) -> NoOutput { NoOutput() }
}

/// A bus with sensors and display, two inputs and a light.
public struct PlainWiring<Bus: I2CBus, Input: InputPin, Light: OutputPin>: Wiring {
  /// Sensors and display are on it.
  public let bus: Bus
  /// High while somebody is there.
  public let motion: Input
  /// The switch.
  public let door: Input
  /// The status LED.
  public let light: Light

  /// These and nothing else.
  public init(bus: Bus, motion: Input, door: Input, light: Light) {
    self.bus = bus
    self.motion = motion
    self.door = door
    self.light = light
  }
}

/// A pin that is not there.
public struct NoOutput: OutputPin, Sendable {
  /// None.
  public init() {}
  /// Goes nowhere.
  public func set(high: Bool) {}
}

/// A pin that is not there.
public struct NoPWM: PWMPin, Sendable {
  /// None.
  public init() {}
  /// Goes nowhere.
  public func set(dutyPercent: UInt8) {}
}
