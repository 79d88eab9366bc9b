import ChipModels
import Foundation
import Testing
import VirtualBoard

@testable import picosim

@Suite struct ScenarioFileTests {
  @Test func everyActionCanBeSaid() throws {
    let scenario = try Scenario(
      yaml: """
        name: all
        visits: 30s
        chips: [bme280, tmp117]
        repeat: 1h
        events:
          - {at: 500ms, temperature: {to: 35, during: 2m}}
          - {at: 1, humidity: 80}
          - {at: 2s, pressure: 990.5}
          - {at: 3s, pressure: weather}
          - {at: 4s, visit: 5s}
          - {at: 5s, door: open}
          - {at: 6s, unplug: bme280}
          - {at: 7s, plug: bme280}
          - {at: 8s, wifi: off}
          - {at: 9s, on: [Attic06, Sim17], power_cut: 1.5s}
          - {at: 10s, brown_out: ssd1306}
          - {at: 11s, bus: {fault: flip, chip: sht31, byte: 4, bit: 2, times: 3}}
          - {at: 12s, bus: {fault: hold_sda}}
        """)
    #expect(scenario.name == "all")
    #expect(scenario.visitPeriodMilliseconds == 30_000)
    #expect(scenario.parts == [.bme280, .tmp117])
    #expect(scenario.repeatMilliseconds == 3_600_000)
    #expect(scenario.events.map(\.at) == [500] + (1...12).map { $0 * 1000 })
    #expect(
      scenario.events.map(\.action) == [
        .air(.temperature, to: 35, during: 120_000), .air(.humidity, to: 80, during: 0),
        .air(.pressure, to: 99_050, during: 0), .weather(.pressure), .visit(milliseconds: 5000), .door(isOpen: true),
        .unplug(.bme280), .plugIn(.bme280), .wifi(isOn: false), .powerCut(milliseconds: 1500), .brownOut(.ssd1306),
        .bus(.flipRead(byte: 4, bit: 2), .sht31, times: 3), .bus(.holdSDA, nil, times: 1),
      ])
    #expect(scenario.events[9].devices == ["Attic06", "Sim17"])
  }

  @Test(arguments: [
    ("[1, 2]", 1, "a scenario is keys and values"),
    ("name: x\nevent: []", 2, "event: no such key; known are name, visits"),
    ("events: 5", 1, "events: a list of events, each with `at:`, not `5`"),
    ("events:\n  - unplug: bme280", 2, "at: missing"),
    ("events:\n  - at: 5s", 2, "an event needs one of temperature"),
    ("events:\n  - at: 5s\n    wifi: on\n    door: open", 2, "one action for each event, not wifi and door"),
    ("events:\n  - at: soon\n    wifi: on", 2, "at: a time such as 500ms, 90s, 5m, 12h or 7d, not `soon`"),
    ("events:\n  - at: 5s\n    wifi: maybe", 3, "wifi: on or off, not `maybe`"),
    (
      "events:\n  - at: 5s\n    unplug: bme281", 3,
      "unplug: a chip: bme280, sht31, tmp117, ssd1306, ds18b20, on-chip, not `bme281`"
    ),
    ("events:\n  - at: 5s\n    humidity: 101", 3, "humidity: a number from 0 to 100 %RH, not `101`"),
    ("events:\n  - at: 5s\n    bus: {chip: bme280}", 3, "bus: `fault:` is missing"),
    ("events:\n  - at: 5s\n    bus:\n      fault: bad", 4, "fault: nack or nack_data"),
    ("repeat: 5s\nevents:\n  - at: 5s\n    wifi: on", 1, "repeat: a time after the last event, not `5s`"),
    ("a: [", 2, "not YAML"),
  ])
  func aFaultIsNamedWithLineAndKey(yaml: String, line: Int, reason: String) {
    #expect {
      _ = try Scenario(yaml: yaml)
    } throws: { error in
      guard let error = error as? ScenarioError else { return false }
      #expect(error.line == line && error.reason.hasPrefix(reason), "\(error)")
      return true
    }
  }

  @Test func theExamplesAreRight() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../simulators/scenarios")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "yaml" }
    #expect(!files.isEmpty)
    for file in files { #expect(try !Scenario(yaml: String(contentsOf: file, encoding: .utf8)).events.isEmpty) }
  }
}
