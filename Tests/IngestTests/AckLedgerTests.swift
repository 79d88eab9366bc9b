import Testing

@testable import Ingest

@Suite struct AckLedgerTests {
  private func texts(_ ledger: AckLedger) -> [String] {
    ledger.messages(timeMilliseconds: 1_795_474_529_123).map {
      $0.device + " " + String(decoding: $0.payload, as: UTF8.self)
    }
  }

  @Test func rangesNameExactlyTheReadings() {
    var ledger = AckLedger()
    for seq in Array(1201...1230) + [1234, 1210] { ledger.note(device: "Attic06", boot: 17, seq: Int64(seq)) }
    #expect(texts(ledger) == [#"Attic06 {"boot":17,"seqs":[[1201,1230],[1234,1234]],"time":1795474529123}"#])
    #expect(ledger.messages(timeMilliseconds: 0).map(\.readings) == [31])
  }

  @Test func eachDeviceAndEachBootGetsItsOwnMessage() {
    var ledger = AckLedger()
    ledger.note(device: "Attic06", boot: 17, seq: 9)
    ledger.note(device: "Garage02", boot: 3, seq: 1)
    ledger.note(device: "Attic06", boot: 18, seq: 1)
    ledger.note(device: "Attic06", boot: 17, seq: 8)
    #expect(
      texts(ledger) == [
        #"Attic06 {"boot":17,"seqs":[[8,9]],"time":1795474529123}"#,
        #"Garage02 {"boot":3,"seqs":[[1,1]],"time":1795474529123}"#,
        #"Attic06 {"boot":18,"seqs":[[1,1]],"time":1795474529123}"#,
      ])
  }

  @Test func messagesStayWithinRangesAndBytes() {
    var small = AckLedger()
    for seq in 0..<200 { small.note(device: "a", boot: 1, seq: Int64(seq * 2)) }
    var large = AckLedger()
    for seq in 0..<200 { large.note(device: "a", boot: 4_294_967_295, seq: 4_294_967_295 - Int64(seq * 2)) }
    for ledger in [small, large] {
      let messages = ledger.messages(timeMilliseconds: 1_795_474_529_123)
      #expect(messages.count > 1)
      #expect(messages.map(\.readings).reduce(0, +) == 200)
      for message in messages {
        #expect(message.payload.count <= AckLedger.byteLimit)
        #expect(message.payload.count { $0 == UInt8(ascii: "[") } - 1 <= AckLedger.rangeLimit)
      }
    }
  }

  @Test func nothingNotedIsNothingSaid() {
    #expect(AckLedger().messages(timeMilliseconds: 1).isEmpty)
  }
}
