import Node
import Telemetry
import Testing

@Suite struct LogTests {
  /// A fault of the sensor and its end, each a line.
  func flutter(_ stage: Stage, times: Int) throws {
    for _ in 0..<times {
      #expect(throws: JSONError.self) { try stage.configure("x", tag: "") }
    }
  }

  @Test func theFlightRecordIsToldOnceAndFirst() {
    let stage = Stage(cause: .powerOn)
    stage.isGatewayUp = false
    stage.link = Link(isJoined: true, rssi: -60, isConnected: false)
    stage.advance(1000)
    #expect(stage.logs().isEmpty)
    stage.advance(1000)
    stage.link.isConnected = true
    stage.step()
    #expect(
      stage.logs() == [
        #"{"boot":17,"version":"1.0.0","reset":"power-on","uptime_s":1,"links":[[0,"wifi",1],[1,"broker",1]],"error":null}"#
      ])
    #expect(stage.logs().isEmpty)
  }

  @Test func theLastLifesRecordSurvivesAndSaysWhatEndedIt() throws {
    let before = Stage(cause: .powerOn)
    before.advance(2000)
    #expect(throws: JSONError.self) { try before.configure("x") }
    before.step()
    #expect(before.flightStores == 1)
    before.link.isConnected = false
    before.advance(1000)
    var record = InlineBytes<95>()
    before.node.flight.encode(into: &record)
    #expect(record.count == FlightRecord.byteCount)
    let previous = record.withSpan { FlightRecord(record: $0) }
    #expect(previous == before.node.flight)

    let after = Stage(cause: .watchdog, previous: previous)
    after.step()
    #expect(
      after.logs().first
        == #"{"boot":17,"version":"1.0.0","reset":"power-on","uptime_s":2,"links":[[0,"wifi",1],[0,"broker",1],[0,"gateway",1],[2,"broker",0],[2,"gateway",0]],"error":"configuration is not JSON","ended_by":"watchdog"}"#
    )
  }

  @Test func onlyTheNewestEightComingsAndGoingsAreKept() {
    let stage = Stage()
    for second in 0..<40 {
      stage.link.isConnected = second % 2 == 0
      stage.advance(1000)
    }
    var message = InlineBytes<512>()
    stage.link.isConnected = true
    stage.step()
    let isTold = stage.node.takeLog(into: &message)
    #expect(isTold)
    #expect(text(message).split(separator: "[").count == 1 + 8)
  }

  func decoded(_ bytes: [UInt8]) -> FlightRecord? { FlightRecord(record: bytes.span) }

  @Test func aTornOrChangedFlightRecordIsNone() {
    var record = InlineBytes<95>()
    Stage().node.flight.encode(into: &record)
    let bytes = (0..<record.count).map { record[$0] }
    for length in 0..<bytes.count { #expect(decoded(Array(bytes.prefix(length))) == nil) }
    for bit in 0..<bytes.count * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(decoded(changed) == nil)
    }
  }

  @Test func theRecordIsKeptOnceAnHour() {
    let stage = Stage()
    stage.advance(7_200_010)
    #expect(stage.flightStores == 2)
  }

  @Test func linesWaitWithinTheirBoundAndTheRateIsLimited() throws {
    let stage = Stage()
    stage.advance(1000)
    _ = stage.logs()
    try flutter(stage, times: 8)
    // Six fit, two are counted; the sixth token is spent.
    var logs = stage.logs()
    #expect(logs.count == 6)
    #expect(logs[0].hasSuffix(#""message":"configuration is not JSON","value":0,"left_out":2}"#))
    try flutter(stage, times: 6)
    logs = stage.logs()
    #expect(logs.count == 4)
    stage.advance(6000)
    try flutter(stage, times: 3)
    logs = stage.logs()
    #expect(logs.count == 1)
    #expect(logs[0].contains(#""left_out":2"#))
    // However long it is quiet, a burst is ten.
    stage.advance(200_000)
    for _ in 0..<2 {
      try flutter(stage, times: 6)
      logs += stage.logs()
    }
    #expect(logs.count == 1 + 10)
  }

  @Test func levelsBelowTheConfiguredOneAreNotSaid() throws {
    let stage = Stage()
    stage.advance(1000)
    _ = stage.logs()
    stage.measurement = .missing(.nack, .bme280)
    stage.advance(6000)
    stage.measurement = .missing(.crc, .bme280)
    stage.advance(6000)
    let logs = stage.logs()
    #expect(logs.count == 2)
    #expect(logs[0].hasPrefix(#"{"level":"warning","uptime_ms":50"#))
    #expect(logs[0].hasSuffix(#""message":"sensor: nack"}"#))
    try stage.configure(#"{"remote_log_level":"error"}"#)
    stage.measurement = .missing(.range, .bme280)
    stage.advance(6000)
    #expect(stage.logs().isEmpty)
    try stage.configure(#"{"remote_log_level":"debug"}"#, tag: "2")
    stage.measurement = Stage().measurement
    stage.advance(6000)
    #expect(stage.logs().contains { $0.contains("sensor is back") })
    try stage.configure(#"{"remote_logger":{"http":{"enabled":1},"mqtt":{"enabled":0}}}"#, tag: "3")
    #expect(throws: JSONError.self) { try stage.configure("x", tag: "4") }
    #expect(stage.logs().isEmpty)
  }
}
