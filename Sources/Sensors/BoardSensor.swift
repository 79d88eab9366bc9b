import HAL
import Telemetry

/// Whatever environment sensor a board has: found, read, and found again after it was lost.
///
///     var sensor = BoardSensor(bus: bus, wire: wire, adc: channel)
///     sensor.begin(now: 0)
///     …
///     if let measurement = sensor.poll(now: now) { … }
///
/// `begin` and `poll` never wait and never fail: a failure is a `Measurement` without values and with the reason, and
/// every value is from the measurement that the last `begin` started.
///
/// The best sensor is taken, in this order: BME280 or BMP280, SHT31, TMP117, DS18B20, the RP2040's own. One that is there
/// but fails is given three tries before a lesser one is taken; while a lesser one is in use, a better one is looked for
/// every minute.
public struct BoardSensor<Bus: I2CBus, Wire: OneWireBus, ADC: ADCChannel> {
  enum State {
    case idle
    /// A measurement is to be started at the next look.
    case due
    /// A measurement runs since this tick.
    case measuring(since: UInt32)
    /// What `poll` hands out next.
    case done(Measurement)
  }

  /// After this many readings in a row that were not `ok`, the chip is looked for afresh; so many times a chip that is
  /// there and fails keeps a lesser one out.
  public static var failuresBeforeDetection: UInt8 { 3 }
  /// Time between two looks for a better chip, in ms.
  public static var betterSensorMilliseconds: UInt32 { 60_000 }

  /// The chip last found; `.none` until one was.
  public private(set) var sensor: SensorKind = .none
  /// Added to what the RP2040's own sensor measures, in 0.01 °C. Takes effect at once.
  public var offsetCentiCelsius: Int32 {
    didSet {
      guard case .onChip(var chip) = driver else { return }
      chip.offsetCentiCelsius = offsetCentiCelsius
      driver = .onChip(chip)
    }
  }
  let bus: Bus
  let wire: Wire
  let adc: ADC
  var driver = SensorDriver<Bus, Wire, ADC>.none
  var state: State = .idle
  var failures: UInt8 = 0
  var failedDetections: UInt8 = 0
  var lookedAt: UInt32 = 0

  /// A sensor on one of these; touches them only in `begin` and `poll`.
  ///
  /// - Parameters:
  ///   - bus: for BME280, SHT31 and TMP117.
  ///   - wire: for DS18B20, or `NoOneWire()`.
  ///   - adc: the RP2040's input 4, or `NoADC()`.
  ///   - offsetCentiCelsius: added to what the RP2040's own sensor measures.
  public init(bus: Bus, wire: Wire, adc: ADC, offsetCentiCelsius: Int32 = 0) {
    self.bus = bus
    self.wire = wire
    self.adc = adc
    self.offsetCentiCelsius = offsetCentiCelsius
  }

  /// Starts a measurement, and looks for a chip first when none is known. One that still runs is abandoned.
  ///
  /// - Parameter now: milliseconds; may wrap.
  public mutating func begin(now: UInt32) {
    do throws(SensorError) {
      if case .none = driver {
        try detect(now: now)
      } else if driver.rank > 0, now &- lookedAt >= Self.betterSensorMilliseconds {
        lookForBetter(now: now)
      }
      if driver.isTimedByTheClock {
        state = .due
      } else {
        try driver.start()
        state = .measuring(since: now)
      }
    } catch {
      fail(error)
    }
  }

  /// The measurement, once: `nil` while it runs, and when none was begun.
  ///
  /// - Parameter now: milliseconds; may wrap.
  public mutating func poll(now: UInt32) -> Measurement? {
    switch state {
    case .due:
      start(now: now)
    case .measuring(let since):
      if now &- since >= driver.settlingMilliseconds { ask(elapsedMilliseconds: now &- since) }
    case .idle, .done:
      break
    }
    guard case .done(let measurement) = state else { return nil }
    state = .idle
    return measurement
  }

  private mutating func start(now: UInt32) {
    do throws(SensorError) {
      try driver.start()
      state = .measuring(since: now)
    } catch {
      fail(error)
    }
  }

  private mutating func ask(elapsedMilliseconds: UInt32) {
    do throws(SensorError) {
      if let answer = try driver.poll() {
        finish(answer)
      } else if elapsedMilliseconds >= driver.patienceMilliseconds {
        finish(.missing(driver.impatience, sensor))
      }
    } catch {
      fail(error)
    }
  }

  private mutating func fail(_ error: SensorError) {
    recover(after: error)
    var quality = error.quality
    // A silent address means a lost chip only when there once was one, and the other way round.
    if sensor == .none, error.isSilence { quality = .absent }
    if sensor != .none, quality == .absent { quality = .nack }
    finish(.missing(quality, sensor))
  }

  private mutating func finish(_ measurement: Measurement) {
    state = .done(measurement)
    guard measurement.quality != .ok else {
      failures = 0
      return
    }
    failures += 1
    guard failures >= Self.failuresBeforeDetection else { return }
    failures = 0
    // Whatever state an SHT31 hangs in, the next look finds it as after a power-up, if it can hear at all.
    if case .sensirion(let chip) = driver { try? chip.reset() }
    driver = .none
  }

  /// Takes the best chip there is.
  ///
  /// - Throws: what a chip that is there did wrong, or that nobody answers.
  private mutating func detect(now: UInt32) throws(SensorError) {
    let detection = look(before: driver.rank, now: now)
    if let failure = detection.failure {
      // A better chip that keeps failing gives way to a lesser one, if there is any.
      let isPatient = failedDetections < Self.failuresBeforeDetection
      if isPatient { failedDetections += 1 }
      guard !isPatient, detection.hasFound else { throw failure }
      recover(after: failure)
    }
    failedDetections = 0
    guard detection.hasFound else { throw .bus(.addressNotAcknowledged, register: 0) }
    take(detection.found)
  }

  private mutating func lookForBetter(now: UInt32) {
    let detection = look(before: driver.rank, now: now)
    if let failure = detection.failure { recover(after: failure) }
    if detection.hasFound { take(detection.found) }
  }

  private func recover(after error: SensorError) {
    if case .bus(.stuck, _) = error { bus.recover() }
  }

  private mutating func look(before rank: Int, now: UInt32) -> SensorDetection<Bus, Wire, ADC> {
    lookedAt = now
    return SensorDetection(bus: bus, wire: wire, adc: adc, offsetCentiCelsius: offsetCentiCelsius, before: rank)
  }

  private mutating func take(_ found: SensorDriver<Bus, Wire, ADC>) {
    driver = found
    sensor = found.kind
    failures = 0
  }
}
