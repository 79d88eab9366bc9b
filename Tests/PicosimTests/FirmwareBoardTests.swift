import ChipModels
import Testing
import VirtualBoard

@testable import picosim

@Suite struct FirmwareBoardTests {
  let firmware = FirmwareBoard(VirtualBoard(seed: 4, visitPeriodMilliseconds: 0), straps: 6)

  private func ask(_ operation: UInt8, _ unit: UInt8 = 0, _ argument: UInt32 = 0, _ body: [UInt8] = []) -> BoardAnswer {
    firmware.answer(BoardRequest(operation: operation, unit: unit, argument: argument, body: body))
  }

  @Test func aRequestIsTakenWhenItIsWholeAndAnAnswerIsLittleEndian() throws {
    let bytes: [UInt8] = [0x01, 0, 2, 0, 0x76, 0, 1, 0, 0xD0, 0xAA, 0x99]
    for count in 0..<10 { #expect(BoardRequest.parse(bytes.prefix(count)) == nil) }
    let (request, used) = try #require(BoardRequest.parse(bytes[...]))
    #expect(request == BoardRequest(operation: 1, unit: 0, argument: 0x0001_0076, body: [0xD0, 0xAA]) && used == 10)
    let answer = BoardAnswer(status: .stuck, value: 0x0102_0304, body: [7])
    #expect(answer.bytes(unit: 9) == [4, 9, 1, 0, 4, 3, 2, 1, 7])
  }

  @Test func transactionsReachTheChipsAndTheirErrorsHaveTheirNumbers() {
    #expect(ask(0x01, 0, 0x0001_0076, [0xD0]) == BoardAnswer(value: 1, body: [0x60]))
    #expect(ask(0x01, 0, 0x50).status == .addressNotAcknowledged)
    #expect(ask(0x01, 1, 0x76).status == .addressNotAcknowledged)
    for (fault, status) in [
      (BusFault.nackData(byte: 0), BoardAnswer.Status.dataNotAcknowledged), (.timeout, .timeout), (.stuck, .stuck),
    ] {
      firmware.board.bus.failNext(fault)
      #expect(ask(0x01, 0, 0x76, [0xF4, 0]).status == status)
    }
  }

  @Test func nineClocksByHandFreeTheBus() {
    firmware.board.bus.failNext(.holdSDA)
    #expect(ask(0x01, 0, 0x76).status == .stuck)
    _ = ask(0x04, 5, 2)
    _ = ask(0x03, 5, 1)
    for clock in 0..<9 {
      #expect(firmware.board.bus.isHeld, "after \(clock) clocks")
      _ = ask(0x03, 5, 0)
      _ = ask(0x03, 5, 1)
    }
    #expect(!firmware.board.bus.isHeld)
    #expect(ask(0x01, 0, 0x76).status == .done)
  }

  @Test func pinsAreWhereTheFleetHasThem() {
    #expect((0...3).map { ask(0x02, UInt8($0)).value } == [0, 1, 1, 0])
    firmware.board.perform(.visit(milliseconds: 100))
    #expect(ask(0x02, 16).value == 1 && ask(0x02, 14).value == 0)
    _ = ask(0x03, 64, 1)
    #expect(firmware.board.light.isHigh())
    _ = ask(0x04, 20, 1 << 8)
    #expect(ask(0x02, 20).value == 1)
    _ = ask(0x03, 20, 0)
    #expect(ask(0x02, 20).value == 0)
  }

  @Test func theRadioJoinsOnlyWhenOnAndOnlyWhereThereIsWiFi() {
    _ = ask(0x21, 0, 0, Array("Home".utf8))
    #expect(ask(0x23).value != 3)
    _ = ask(0x20, 0, 1)
    _ = ask(0x21, 0, 0, Array("Home".utf8))
    #expect(ask(0x23).value == 3)
    #expect((-90...(-30)).contains(Int32(bitPattern: ask(0x24).value)))
    firmware.hasWiFi = false
    #expect(ask(0x23).value != 3)
  }

  @Test func theWatchdogBitesWhenItIsNotFedAndTheCauseIsTold() {
    #expect(ask(0x11).value == 1 && firmware.bitesAt == nil)
    _ = ask(0x12, 0, 8000)
    #expect(firmware.bitesAt == 8000)
    firmware.board.advance(toMilliseconds: 5000)
    _ = ask(0x13)
    #expect(firmware.bitesAt == 13_000)
    firmware.restart(.watchdog)
    #expect(ask(0x11).value == 3 && firmware.bitesAt == nil)
    _ = ask(0x12, 0, 8000)
    _ = ask(0x14)
    #expect(firmware.bitesAt == nil)
  }

  @Test func whatTheBoardDoesNotKnowItSays() {
    #expect(ask(0x7F).status == .unknownOperation)
    #expect(ask(0x07, 22).status == .noPresence)
    #expect((700...1000).contains(ask(0x05, 4).value))
  }
}
