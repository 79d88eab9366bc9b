import ChipModels
import HAL
import VirtualBoard

/// A virtual board as the MicroPython firmware finds it behind its `machine` and `network`: pins by their numbers, buses,
/// the converter, the radio, the watchdog.
final class FirmwareBoard {
  /// Pins as the fleet wires them.
  enum Wiring {
    static let straps: ClosedRange<UInt8> = 0...3
    static let scl: UInt8 = 5
    static let door: UInt8 = 14
    static let wire: UInt8 = 22
    static let motion: UInt8 = 16
    static let temperatureInput: UInt8 = 4
    static let led: UInt8 = 64
    /// Where the fleet's configuration has its fans; others turn nothing here.
    static let fan: UInt8 = 15
    static let stepFans: ClosedRange<UInt8> = 6...13
    /// Wires from these to `motion` and `door` stand for the sensors as long as somebody drives them (hil/README.md).
    static let motionLoop: UInt8 = 17
    static let doorLoop: UInt8 = 15
  }

  /// Why it started, as an RP2040 says it.
  enum ResetCause: UInt32 {
    case power = 1
    case watchdog = 3
  }

  let board: VirtualBoard
  /// Whether the place has Wi-Fi.
  var hasWiFi = true
  var resetCause = ResetCause.power
  /// The duty of each PWM pin, 0 … 65,535.
  private(set) var duties: [UInt8: UInt32] = [:]
  /// When the watchdog bites, in ms of the board; `nil` while it is not started.
  private(set) var bitesAt: UInt64?

  private let straps: UInt8
  private var patience: UInt64 = 0
  private var levels: [UInt8: Bool] = [:]
  private var pulledUp: Set<UInt8> = []
  private var isRadioOn = false
  private var isJoined = false
  private var clocks = 0

  /// A board with these id straps.
  init(_ board: VirtualBoard, straps: UInt8) {
    self.board = board
    self.straps = straps
  }

  /// As after a power-up or a reset: no watchdog, no radio, no pin driven.
  func restart(_ cause: ResetCause) {
    resetCause = cause
    bitesAt = nil
    (isRadioOn, isJoined, clocks) = (false, false, 0)
    (levels, pulledUp, duties) = ([:], [], [:])
    board.rest()
  }

  /// Whether the firmware begins another look at its board: it has said and kept what came of the last one.
  func beginsStep(_ request: BoardRequest) -> Bool { request.operation == 0x02 && request.unit == Wiring.motion }

  /// What the board answers. It takes no time but that of the buses.
  func answer(_ request: BoardRequest) -> BoardAnswer {
    switch request.operation {
    case 0x01: transfer(request)
    case 0x02: BoardAnswer(value: level(of: request.unit) ? 1 : 0)
    case 0x03: drive(request.unit, high: request.argument != 0)
    case 0x04: setMode(request.unit, pull: UInt8(request.argument >> 8 & 0xFF))
    case 0x05: convert(request.unit, isAskedFor: request.argument == 0)
    case 0x06: setDuty(request.unit, request.argument)
    case 0x07: resetWire()
    case 0x08: onWire { $0.write(bit: request.argument != 0) }
    case 0x09: BoardAnswer(value: board.wire.readBit() ? 1 : 0)
    case 0x0A: onWire { $0.write(UInt8(request.argument & 0xFF), keepPowered: true) }
    case 0x0B: BoardAnswer(value: UInt32(board.wire.readByte()))
    case 0x10: expectRestart()
    case 0x11: BoardAnswer(value: resetCause.rawValue)
    case 0x12: watch(patience: UInt64(request.argument))
    case 0x13: watch(patience: patience)
    case 0x14: watch(patience: 0)
    case 0x20: radio(isOn: request.argument != 0)
    case 0x21: join(true)
    case 0x22: join(false)
    case 0x23: BoardAnswer(value: isJoined && hasWiFi ? 3 : 0)
    case 0x24: BoardAnswer(value: UInt32(bitPattern: -55 - Int32(board.milliseconds / 7000 % 9)))
    default: BoardAnswer(status: .unknownOperation)
    }
  }

  // MARK: Buses

  private func transfer(_ request: BoardRequest) -> BoardAnswer {
    guard request.unit == 0 else { return BoardAnswer(status: .addressNotAcknowledged) }
    var read = [UInt8](repeating: 0, count: Int(request.argument >> 16))
    do throws(I2CError) {
      var span = read.mutableSpan
      try board.bus.transaction(UInt8(request.argument & 0x7F), write: request.body.span, read: &span)
      return BoardAnswer(value: UInt32(request.body.count), body: read)
    } catch {
      switch error {
      case .addressNotAcknowledged: return BoardAnswer(status: .addressNotAcknowledged)
      // Of nothing written nothing can be refused: a chip that loses its supply at a probe was not there.
      case .dataNotAcknowledged:
        return BoardAnswer(status: request.body.isEmpty ? .addressNotAcknowledged : .dataNotAcknowledged)
      case .timeout: return BoardAnswer(status: .timeout)
      case .stuck: return BoardAnswer(status: .stuck)
      }
    }
  }

  private func resetWire() -> BoardAnswer {
    do throws(OneWireError) {
      try board.wire.reset()
      return BoardAnswer()
    } catch {
      return BoardAnswer(status: error == .shorted ? .shorted : .noPresence)
    }
  }

  private func onWire(_ body: (SimulatedOneWireBus) -> Void) -> BoardAnswer {
    body(board.wire)
    return BoardAnswer()
  }

  // MARK: Pins

  private func level(of pin: UInt8) -> Bool {
    switch pin {
    case Wiring.straps: straps >> pin & 1 == 1
    case Wiring.motion: levels[Wiring.motionLoop] ?? board.motion.isHigh()
    case Wiring.door: levels[Wiring.doorLoop] ?? board.door.isHigh()
    case Wiring.led: board.light.isHigh()
    case Wiring.wire where board.wire.isShorted:
      // The firmware finds the line low by this look, before the pulse that a reset would be.
      (try? board.wire.reset()) != nil
    default: levels[pin] ?? pulledUp.contains(pin)
    }
  }

  private func drive(_ pin: UInt8, high: Bool) -> BoardAnswer {
    if pin == Wiring.led { board.light.set(high: high) }
    if Wiring.stepFans.contains(pin) { board.stepFan(Int(pin - Wiring.stepFans.lowerBound)).set(high: high) }
    if pin == Wiring.scl { clock(rises: high && levels[pin] == false) }
    levels[pin] = high
    return BoardAnswer()
  }

  /// Nine clocks by hand free the bus.
  private func clock(rises: Bool) {
    if rises { clocks += 1 }
    guard clocks == 9 else { return }
    clocks = 0
    board.bus.recover()
  }

  private func setMode(_ pin: UInt8, pull: UInt8) -> BoardAnswer {
    if pull == 1 { pulledUp.insert(pin) } else { pulledUp.remove(pin) }
    if pin == Wiring.scl { clocks = 0 }
    levels[pin] = nil
    return BoardAnswer()
  }

  private func convert(_ input: UInt8, isAskedFor: Bool) -> BoardAnswer {
    guard input == Wiring.temperatureInput else { return BoardAnswer() }
    // An RP2040 always has it; only the lockstep asks whether the scenario took it away.
    let status = board.adc.isPresent ? BoardAnswer.Status.done : .notThere
    return BoardAnswer(status: status, value: isAskedFor ? UInt32(board.adc.read()) : 0)
  }

  private func setDuty(_ pin: UInt8, _ duty: UInt32) -> BoardAnswer {
    duties[pin] = duty
    // Percent that the firmware rounded down to 65,535ths.
    if pin == Wiring.fan { board.fan.set(dutyPercent: UInt8((min(duty, 65_535) * 100 + 65_534) / 65_535)) }
    return BoardAnswer()
  }

  // MARK: The chip

  private func expectRestart() -> BoardAnswer {
    restart(.watchdog)
    return BoardAnswer()
  }

  private func watch(patience: UInt64) -> BoardAnswer {
    self.patience = patience
    bitesAt = patience > 0 ? board.milliseconds + patience : nil
    return BoardAnswer()
  }

  private func radio(isOn: Bool) -> BoardAnswer {
    isRadioOn = isOn
    if !isOn { isJoined = false }
    return BoardAnswer()
  }

  private func join(_ joins: Bool) -> BoardAnswer {
    isJoined = joins && isRadioOn
    return BoardAnswer()
  }
}
