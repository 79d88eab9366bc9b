import ChipModels
import Display
import HAL
import Node
import Telemetry
import Testing

/// The display on I²C 1, the sensors on I²C 0, as part of the fleet is wired.
@Suite struct DisplayBusTests {
  /// Another type than the sensors' bus, as another controller may be.
  private struct OtherBus: I2CBus {
    let bus: SimulatedI2CBus

    func transaction(
      _ address: UInt8, write: borrowing Span<UInt8>, read: inout MutableSpan<UInt8>
    ) throws(I2CError) {
      try bus.transaction(address, write: write, read: &read)
    }

    func recover() { bus.recover() }
  }

  private final class TwoBuses: Wiring {
    let clock = VirtualClock()
    let sensor = BME280Model()
    let panel = SSD1306Model()
    let bus: SimulatedI2CBus
    let displayBus: OtherBus
    let motion: SimulatedPin
    let door: SimulatedPin
    let light: SimulatedPin

    init() {
      bus = SimulatedI2CBus(clock: clock)
      displayBus = OtherBus(bus: SimulatedI2CBus(clock: clock))
      motion = SimulatedPin(clock: clock)
      door = SimulatedPin(clock: clock)
      light = SimulatedPin(clock: clock)
      bus.attach(sensor)
      displayBus.bus.attach(panel)
      for bus in [bus, displayBus.bus] { bus.isTracing = true }
    }
  }

  private func device(on board: TwoBuses) -> Device<TwoBuses, 16> {
    let identity = NodeIdentity(device: DeviceID(straps: 6), firmware: InlineBytes("1.0.0"), boot: 1)
    return Device(node: Node(identity: identity), board: board)
  }

  private func live(_ device: inout Device<TwoBuses, 16>, on board: TwoBuses, milliseconds: UInt64) {
    let end = board.clock.microseconds + milliseconds * 1000
    while board.clock.microseconds < end {
      board.clock.advance(milliseconds: 10)
      let actions = device.step(now: board.clock.milliseconds, link: Link(isJoined: true, rssi: -60, isConnected: true))
      if actions.fetchConfiguration { device.node.configurationIsUnchanged() }
    }
  }

  @Test func eachBusHearsItsOwnChipsOnly() {
    let board = TwoBuses()
    var device = device(on: board)
    live(&device, on: board, milliseconds: 5000)
    #expect(device.node.measurement.quality == .ok)
    #expect(board.panel.art.contains("#"))
    #expect(!board.bus.trace.contains { $0.hasPrefix("W 3C") || $0.hasPrefix("P 3C") })
    #expect(!board.displayBus.bus.trace.contains { !$0.hasPrefix("W 3C") && !$0.hasPrefix("P 3") })
    #expect(board.panel.complaints == [])
  }

  @Test func theDisplayTellsOfASensorsBusThatHangs() {
    let board = TwoBuses()
    var device = device(on: board)
    live(&device, on: board, milliseconds: 5000)
    let before = board.panel.art
    board.bus.faultPlan = { _ in .stuck }
    live(&device, on: board, milliseconds: 20_000)
    #expect(device.node.measurement.quality != .ok)
    #expect(board.panel.art != before)
  }

  @Test func theSensorDoesNotCareForADisplaysBusThatHangs() {
    let board = TwoBuses()
    var device = device(on: board)
    board.displayBus.bus.faultPlan = { _ in .stuck }
    live(&device, on: board, milliseconds: 5000)
    #expect(device.node.measurement.quality == .ok)
    #expect(!board.panel.art.contains("#"))
    board.displayBus.bus.faultPlan = { _ in nil }
    board.displayBus.bus.heal()
    live(&device, on: board, milliseconds: 2 * UInt64(SSD1306<OtherBus>.retryMilliseconds))
    #expect(board.panel.art.contains("#"))
  }
}
