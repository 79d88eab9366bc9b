import Testing

@testable import MQTTClient

struct PublishWindowTests {
  private func sent(_ window: inout PublishWindow) -> [[UInt8]] {
    var packets: [[UInt8]] = []
    while let packet = window.takeDue() { packets.append(packet) }
    return packets
  }

  @Test func noMoreThanTheWindowIsUnderWayAndEachAnswerLetsTheNextGo() {
    var window = PublishWindow()
    window.begin(window: 2, sessionPresent: false)
    for number: UInt16 in 1...4 { window.add([0x32, UInt8(number)], number: number) }
    #expect(sent(&window) == [[0x32, 1], [0x32, 2]])
    let isKnown = window.acknowledge(2)
    #expect(isKnown)
    #expect(sent(&window) == [[0x32, 3]])
    // Not under way yet, twice, never.
    for number: UInt16 in [4, 2, 9] {
      let isKnown = window.acknowledge(number)
      #expect(!isKnown)
    }
  }

  /// MQTT 5.0, 4.4 and 3.3.1.1: DUP is for what the broker may have.
  @Test func afterAReconnectAllGoesAgainAndOnlyWhatMayHaveArrivedIsMarked() {
    var window = PublishWindow()
    window.begin(window: 2, sessionPresent: false)
    for number: UInt16 in 1...3 { window.add([0x32, UInt8(number)], number: number) }
    _ = sent(&window)
    window.begin(window: 9, sessionPresent: true)
    #expect(sent(&window) == [[0x3A, 1], [0x3A, 2], [0x32, 3]])
    window.begin(window: 9, sessionPresent: false)
    #expect(sent(&window) == [[0x32, 1], [0x32, 2], [0x32, 3]])
  }

  @Test func numberIsNeverThatOfAMessageUnderWay() {
    var window = PublishWindow()
    window.add([0x32], number: 3)
    let numbers = (0..<65_536).map { _ in window.nextNumber() }
    #expect(!numbers.contains(3) && !numbers.contains(0))
    #expect(numbers[..<4] == [1, 2, 4, 5])
    #expect(numbers.suffix(2) == [1, 2])
  }
}

struct LifeSignsTests {
  private func steps(_ signs: inout LifeSigns, _ seconds: ClosedRange<Int64>) -> [Int64: LifeSigns.Step] {
    var found: [Int64: LifeSigns.Step] = [:]
    for second in seconds {
      let step = signs.step(at: second * 1000, isConnected: true)
      if step != .nothing { found[second] = step }
    }
    return found
  }

  @Test func silentBrokerIsAskedAfterOneKeepAliveAndGivenUpAfterTwo() {
    var signs = LifeSigns(keepAliveSeconds: 10, at: 0)
    #expect(steps(&signs, 1...19) == [10: .ping])
    #expect(steps(&signs, 20...20) == [20: .giveUp])
  }

  /// A broker that is busy sending answers late: it is alive.
  @Test func anyPacketIsASignOfLife() {
    var signs = LifeSigns(keepAliveSeconds: 10, at: 0)
    #expect(steps(&signs, 1...15) == [10: .ping])
    signs.heard()
    #expect(steps(&signs, 16...25) == [16: .ping])
  }

  /// The broker hears nothing of a client that only reads, nor the client of a broker that it only writes to.
  @Test func oneDirectionIsNotEnough() {
    for isSending in [true, false] {
      var signs = LifeSigns(keepAliveSeconds: 10, at: 0)
      var pings = 0
      for second: Int64 in 1...10 {
        if isSending { signs.sent() } else { signs.heard() }
        if signs.step(at: second * 1000, isConnected: true) == .ping { pings += 1 }
      }
      #expect(pings == 1)
    }
  }

  @Test func brokerThatNeverAcceptsIsGivenUpAndWithoutKeepAliveNobodyIs() {
    var signs = LifeSigns(keepAliveSeconds: 10, at: 0)
    #expect(signs.step(at: 9_999, isConnected: false) == .nothing)
    #expect(signs.step(at: 10_000, isConnected: false) == .giveUp)
    var patient = LifeSigns(keepAliveSeconds: 0, at: 0)
    #expect(patient.step(at: 1_000_000, isConnected: true) == .nothing)
  }
}
