import GatewayCore
import Profiles
import Testing

@testable import Ingest

@Suite struct FormerRowTests {
  private let columns: [(name: String, value: String?)] = [
    ("id", "17"), ("time", "2022-05-01 12:00:00.25+02"), ("device_id", "Garage02"), ("event_type", "motion"),
    ("temperature", "72.5"), ("humidity", "45.12"), ("pressure", "29.92"), ("motion", "HIGH"), ("switch", nil),
    ("fan_pwm", "12"), ("version", "0.9"),
  ]

  @Test func rowIsConvertedHoweverOldAndKeepsWhatHasNoColumn() throws {
    let row = try Profiles.former(columns, received: noon)
    #expect(row.device == "Garage02")
    #expect(row.timestamp == 1_651_399_200_250_000)
    #expect(row.temperatureCentiCelsius == 2250)
    #expect(row.humidityCentiPercent == 4512)
    #expect(row.pressurePascals == 101_321)
    #expect(row.motion == true)
    #expect(row.switchClosed == nil)
    #expect(row.version == "0.9")
    #expect(row.extra == #"{"id":"17","fan_pwm":"12"}"#)
    #expect(row.boot == -1)
  }

  @Test func sameRowIsTheSameReadingInEachRun() throws {
    let first = try Profiles.former(columns, received: noon)
    #expect(try Profiles.former(columns, received: noon + 1_000_000).seq == first.seq)
    var other = columns
    other[4].value = "72.6"
    #expect(try Profiles.former(other, received: noon).seq != first.seq)
  }

  @Test func booleansOfLaterTablesAreLevels() throws {
    var other = columns
    other[7].value = "t"
    other[8].value = "f"
    let row = try Profiles.former(other, received: noon)
    #expect(row.motion == true)
    #expect(row.switchClosed == false)
  }

  @Test(arguments: [
    ("device_id", "missing-field: device_id"), ("time", "missing-field: time: absent, or no moment from 1970 on"),
  ])
  func rowThatCannotBeAReadingIsRefusedByItsColumn(_ column: String, _ expected: String) {
    var other = columns
    for index in other.indices where other[index].name == column { other[index].value = nil }
    do throws(Refusal) {
      _ = try Profiles.former(other, received: noon)
      Issue.record("taken")
    } catch { #expect(error.description == expected) }
  }
}
