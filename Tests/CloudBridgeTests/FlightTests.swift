import Testing

@testable import CloudBridge

@Suite struct FlightTests {
  @Test func theBrokersWordConfirmsEachMessageOnce() {
    var flight = Flight(confirmation: .broker)
    flight.sent(message: 1, index: 0, entry: 10)
    flight.sent(message: 2, index: 1, entry: 11)
    flight.acknowledged([10...11])
    #expect(flight.unconfirmed == 2)
    flight.published(1)
    flight.published(1)
    #expect(flight.confirmed == 1)
    #expect(flight.unconfirmed == 1)
  }

  @Test func theBrokersWordIsNotTheGateways() {
    var flight = Flight(confirmation: .gateway)
    flight.sent(message: 1, index: 0, entry: 10)
    flight.sent(message: 2, index: 1, entry: 11)
    flight.published(1)
    flight.published(2)
    #expect(flight.unconfirmed == 2)
    #expect(flight.progress == 0)
    flight.acknowledged([8...10])
    #expect(flight.unconfirmed == 1)
    flight.acknowledged([1...9, 11...11])
    #expect(flight.unconfirmed == 0)
    #expect(flight.confirmed == 2)
  }

  @Test func refusedMessageIsNamedAndNotWaitedFor() {
    for confirmation in BridgeOptions.Confirmation.allCases {
      var flight = Flight(confirmation: confirmation)
      flight.sent(message: 1, index: 7, entry: 10)
      flight.refused(1, reason: 0x87)
      #expect(flight.unconfirmed == 0)
      #expect(flight.confirmed == 0)
      #expect(flight.refusals.map(\.index) == [7])
      #expect(flight.refusals.map(\.reason) == [0x87])
    }
  }
}

@Suite struct BandwidthTests {
  @Test func inTheLongRunNoMoreThanTheCapGoes() {
    var bandwidth = Bandwidth(bytesPerSecond: 1000)
    var now = 0.0
    var sent = 0
    while now < 100 {
      let wait = bandwidth.wait(for: 300, atSeconds: now)
      if wait > 0 {
        now += wait
        continue
      }
      bandwidth.spend(300)
      sent += 300
    }
    // A second's worth at once, then the cap.
    #expect(sent >= 99_000 && sent <= 101_300)
  }

  @Test func messageBeyondASecondsWorthIsPaidForAfterwards() {
    var bandwidth = Bandwidth(bytesPerSecond: 100)
    #expect(bandwidth.wait(for: 1000, atSeconds: 0) == 0)
    bandwidth.spend(1000)
    #expect(bandwidth.wait(for: 10, atSeconds: 0) > 9)
    #expect(bandwidth.wait(for: 10, atSeconds: 9.1) == 0)
  }
}
