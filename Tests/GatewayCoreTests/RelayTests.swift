import Testing

@testable import GatewayCore

@Suite struct RelayTests {
  private let relay = Relay(
    via: ["attic", "site-7"], journal: "0f", entry: 1820, received: 1_795_474_529_123_456,
    timestamp: 1_795_474_529_000_000, timeSource: .derived)

  @Test func relayedReadingIsWrittenAsTheProtocolHasIt() {
    let text = #"{"relay":1,"via":"attic,site-7","journal":"0f","entry":1820,"received":1795474529123456,"# + "\n"
    let rest = #""timestamp":1795474529000000,"time_source":"derived","payload":{"v":2}}"#
    #expect(relay.wrapping(Array(#"{"v":2}"#.utf8)) == Array((text.dropLast() + rest).utf8))
  }

  @Test func payloadComesOutByteForByteWhateverItIs() throws {
    let payloads: [[UInt8]] = [
      Array(#"MQTT event: {"temperature":72.5}"#.utf8), [], [0, 0xFF, 0x7D, 0x7D],
      Array(#"{"payload":{"payload":1}}"#.utf8),
    ]
    for payload in payloads {
      let opened = try #require(try Relay.opened(relay.wrapping(payload)))
      #expect(opened.relay == relay)
      #expect(opened.payload == payload)
    }
  }

  @Test func translatedMessageKeepsItsIdentity() throws {
    var translated = relay
    translated.translated = Int64.max
    let opened = try #require(try Relay.opened(translated.wrapping([0x7B, 0x7D])))
    #expect(opened.relay == translated)
    #expect(opened.payload == [0x7B, 0x7D])
  }

  @Test func whatADeviceSendsIsNoRelayedReading() throws {
    for text in ["", "{}", #"{"relay":2,"via":"a"}"#, #" {"relay":1,"via":"a"}"#, #"{"v":2,"relay":1}"#] {
      #expect(try Relay.opened(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func everyBrokenRelayIsRefusedWithThePlace() throws {
    let whole = relay.wrapping(Array(#"{"v":2}"#.utf8))
    let opening = #"{"relay":1,"via":""#.utf8.count
    // Cut anywhere it is refused, never taken for something shorter; the payload's own brace is the first that could end it.
    let end = whole.count - 1
    for count in opening..<end {
      if whole[count - 1] == UInt8(ascii: "}") { continue }
      #expect(throws: RelayError.self, "cut at \(count)") { try Relay.opened(Array(whole.prefix(count))) }
    }
    let broken: [(String, String)] = [
      ("entry\":1820", "entry\":-1"), ("entry\":1820", "entry\":9234567890123456789"), ("derived", "guessed"),
      ("attic", "at tic"), ("attic,", ","), ("\"received\"", "\"recieved\""),
    ]
    let text = String(decoding: whole, as: UTF8.self)
    for (old, new) in broken {
      let changed = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
      #expect(changed != text)
      #expect(throws: RelayError.self, "\(new)") { try Relay.opened(Array(changed.utf8)) }
    }
  }

  @Test func acknowledgementIsReadAsItIsWritten() {
    let acknowledgement = RelayAcknowledgement(journal: "0f", entries: [1801...1820, 1822...1822])
    #expect(
      String(decoding: acknowledgement.bytes, as: UTF8.self) == #"{"journal":"0f","entries":[[1801,1820],[1822,1822]]}"#
    )
    #expect(RelayAcknowledgement(acknowledgement.bytes) == acknowledgement)
  }

  @Test(arguments: [
    "", "{}", #"{"journal":"0f","entries":[]}"#, #"{"journal":"0f","entries":[[2,1]]}"#,
    #"{"journal":"0f","entries":[[1]]}"#,
    #"{"journal":"0f","entries":[[1,x]]}"#, #"{"boot":17,"seqs":[[1,2]],"time":1}"#,
    #"{"journal":"0f","entries":[[1,2]"#,
  ])
  func whatIsNoAcknowledgementConfirmsNothing(text: String) {
    #expect(RelayAcknowledgement(Array(text.utf8)) == nil)
  }
}
