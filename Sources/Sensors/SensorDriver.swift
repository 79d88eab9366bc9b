import HAL
import Telemetry

/// The drivers, best first: the order in which a board looks for a sensor.
enum SensorDriver<Bus: I2CBus, Wire: OneWireBus, ADC: ADCChannel> {
  case none
  case bosch(BME280<Bus>)
  case sensirion(SHT31<Bus>)
  case texas(TMP117<Bus>)
  case maxim(DS18B20<Wire>)
  case onChip(OnChipTemperature<ADC>)

  /// The chip.
  var kind: SensorKind {
    switch self {
    case .none: .none
    case .bosch(let chip): chip.kind
    case .sensirion: .sht31
    case .texas: .tmp117
    case .maxim: .ds18b20
    case .onChip: .onChip
    }
  }

  /// Place in the order, from 0.
  var rank: Int {
    switch self {
    case .bosch: 0
    case .sensirion: 1
    case .texas: 2
    case .maxim: 3
    case .onChip: 4
    case .none: 5
    }
  }

  /// A chip is first asked after this, in ms. A BME280's measuring bit may rise late, and an early look would read the
  /// values of the measurement before: it takes 9.3 ms at most (BST-BME280-DS002 section 9.1). To a DS18B20's time comes what
  /// starting it takes on the line, 7 ms.
  var settlingMilliseconds: UInt32 {
    switch self {
    case .bosch: 10
    case .sensirion: SHT31<Bus>.measuringMilliseconds
    case .texas: 110
    case .maxim: DS18B20<Wire>.convertingMilliseconds + 20
    case .onChip, .none: 0
    }
  }

  /// Whether nothing but the time tells that the measurement is over. A DS18B20 looked at too early gives the value before,
  /// or, without a supply of its own, loses everything. So its time runs from a tick that is taken after a search, which
  /// may take many ms, and not before it.
  var isTimedByTheClock: Bool {
    if case .maxim = self { true } else { false }
  }

  /// A measurement that takes longer is given up, in ms.
  var patienceMilliseconds: UInt32 {
    switch self {
    case .bosch, .sensirion: 100
    case .texas: 250
    case .maxim: 1000
    case .onChip, .none: 0
    }
  }

  /// What a measurement is that was given up: an SHT31 that still does not acknowledge is gone.
  var impatience: Quality {
    switch self {
    case .sensirion: .nack
    case .none, .bosch, .texas, .maxim, .onChip: .stuck
    }
  }

  /// Starts a measurement.
  mutating func start() throws(SensorError) {
    switch self {
    case .none, .onChip:
      break
    case .bosch(var chip):
      try chip.start()
      self = .bosch(chip)
    case .sensirion(let chip):
      try chip.start()
    case .texas(let chip):
      try chip.start()
    case .maxim(let chip):
      try chip.start()
    }
  }

  /// What the measurement gave; `nil` while it runs.
  mutating func poll() throws(SensorError) -> Measurement? {
    switch self {
    case .none:
      return .missing(.absent)
    case .bosch(var chip):
      let answer = try chip.poll()
      self = .bosch(chip)
      return answer
    case .sensirion(let chip):
      return try chip.poll()
    case .texas(let chip):
      return try chip.poll()
    case .maxim(var chip):
      // Also when reading fails: what it learned stays.
      defer { self = .maxim(chip) }
      return try chip.read()
    case .onChip(let chip):
      // Never without an input; said so that nothing of it is left on a board that has none.
      return ADC.isWired ? chip.read() : .missing(.absent)
    }
  }
}
