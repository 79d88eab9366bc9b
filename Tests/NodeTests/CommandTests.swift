import Display
import Foundation
import Node
import StatusLED
import Telemetry
import Testing

@Suite struct CommandTests {
  func stage() -> Stage {
    let stage = Stage()
    stage.advance(2000)
    return stage
  }

  @Test func identifyShowsForThirtySecondsWhichBoardThisIs() {
    let stage = stage()
    #expect(stage.command(#"{"id":"a1","cmd":"identify"}"#))
    #expect(stage.answers() == [#"{"id":"a1","cmd":"identify","ok":true}"#])
    stage.advance(29_990)
    #expect(stage.actions.led == .identify)
    #expect(stage.screen().kind == .identify)
    stage.advance(10)
    #expect(stage.actions.led == .online)
  }

  @Test func readMeasuresNowAndNamesTheReading() {
    let stage = stage()
    stage.measurement.temperatureCentiCelsius = 3000
    stage.command(#"{"cmd":"read","id":"r"}"#)
    #expect(stage.answers().isEmpty)
    stage.advance(20)
    #expect(stage.answers() == [#"{"id":"r","cmd":"read","ok":true,"boot":17,"seq":2}"#])
    #expect(stage.published.count == 2)
    #expect(stage.published[1].contains(#""seq":2"#) && stage.published[1].contains(#""temperature":30.00"#))
  }

  @Test func aReadIsAnsweredAlsoWhenTheSensorNeverAnswers() {
    let stage = stage()
    stage.sensorDelay = nil
    stage.command(#"{"cmd":"read","id":"r"}"#)
    stage.advance(10_100)
    #expect(stage.answers().count == 1)
    #expect(stage.published.last!.contains(#""temperature":null"#))
    #expect(stage.published.last!.contains(#""quality":"stuck""#))
  }

  @Test func aDisabledDeviceRefusesToRead() throws {
    let stage = stage()
    try stage.configure(#"{"enabled":0}"#)
    stage.command(#"{"cmd":"read","id":"r"}"#)
    #expect(stage.answers() == [#"{"id":"r","cmd":"read","ok":false,"error":"disabled"}"#])
  }

  @Test func restartIsAnsweredFirst() {
    let stage = stage()
    stage.command(#"{"id":"x","cmd":"restart"}"#)
    #expect(!stage.step().restart)
    #expect(stage.answers() == [#"{"id":"x","cmd":"restart","ok":true}"#])
    #expect(stage.step().restart)
    #expect(!stage.step().restart)
  }

  @Test func configFetchesAtOnce() {
    let stage = stage()
    let fetches = stage.fetches
    stage.command(#"{"id":"c","cmd":"config"}"#)
    stage.step()
    #expect(stage.fetches == fetches + 1)
    #expect(stage.answers() == [#"{"id":"c","cmd":"config","ok":true}"#])
  }

  @Test func screenIsFourPartsOfTheFrameInBase64() throws {
    let stage = stage()
    stage.command(#"{"id":"0123456789abcdef0123456789abcdef","cmd":"screen"}"#)
    let answers = stage.answers()
    #expect(answers.count == 4)
    var frame = Data()
    for (part, answer) in answers.enumerated() {
      #expect(answer.utf8.count <= 512)
      let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
      #expect(object["part"] as? Int == part + 1)
      #expect(object["parts"] as? Int == 4)
      frame += try #require(Data(base64Encoded: object["data"] as? String ?? "?"))
    }
    #expect(frame == Data([1] + [UInt8](repeating: 0, count: 1023)))
  }

  @Test func everyPixelOfAFullScreenComesThroughBase64() throws {
    let stage = stage()
    stage.command(#"{"id":"a","cmd":"screen"}"#)
    // Every value of a byte, in an order that mixes neighbours' bits.
    var expected: [UInt8] = []
    for index in 0..<1024 { expected.append(UInt8(truncatingIfNeeded: index &* 167 &+ index >> 8)) }
    var canvas = Canvas()
    for (index, byte) in expected.enumerated() {
      for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 { canvas.pixel(x: index % 128, y: index / 128 * 8 + bit) }
    }
    var frame = Data()
    var answer = InlineBytes<512>()
    while stage.node.takeCommandAnswer(&canvas, into: &answer) {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(text(answer).utf8)) as? [String: Any])
      frame += try #require(Data(base64Encoded: object["data"] as? String ?? "?"))
    }
    #expect(frame == Data(expected))
  }

  @Test func aCommandDeliveredTwiceIsAnsweredOnceAndCarriedOutOnce() {
    let stage = stage()
    #expect(stage.command(#"{"id":"a","cmd":"identify"}"#))
    #expect(stage.answers().count == 1)
    stage.advance(40_000)
    #expect(!stage.command(#"{"id":"a","cmd":"identify"}"#))
    #expect(stage.answers().isEmpty)
    stage.step()
    #expect(stage.actions.led == .online)
  }

  @Test func anUnknownCommandIsAnsweredWithAnError() {
    let stage = stage()
    stage.command(#"{"id":"u\"1","cmd":"dance"}"#)
    #expect(stage.answers() == [#"{"id":"u\"1","ok":false,"error":"unknown-command"}"#])
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"id":"a"}"#, #"{"cmd":"read"}"#, #"{"id":7,"cmd":"read"}"#, #"{"id":"","cmd":"read"}"#,
    #"{"id":"123456789012345678901234567890123","cmd":"read"}"#, #"{"id":"a","cmd":"read"} x"#,
  ])
  func whatIsNoCommandIsNotAnswered(text: String) {
    let stage = stage()
    #expect(!stage.command(text))
    stage.step()
    #expect(stage.answers().isEmpty)
    #expect(stage.logs().last!.contains("not a command"))
  }

  @Test func twoMayWaitAndAThirdMaySayItAgainLater() {
    let stage = stage()
    stage.sensorDelay = nil
    for id in ["1", "2"] { #expect(stage.command(#"{"id":"\#(id)","cmd":"read"}"#)) }
    #expect(!stage.command(#"{"id":"3","cmd":"identify"}"#))
    stage.sensorDelay = 10
    stage.advance(20)
    #expect(stage.answers().count == 2)
    #expect(stage.command(#"{"id":"3","cmd":"identify"}"#))
  }

  @Test func anAnswerWaitsForTheConnection() {
    let stage = stage()
    stage.command(#"{"id":"a","cmd":"identify"}"#)
    stage.link.isConnected = false
    stage.step()
    #expect(stage.answers().isEmpty)
    stage.link.isConnected = true
    stage.step()
    #expect(stage.answers().count == 1)
  }
}
