import GatewayCore
import Testing

@testable import HomeAssistant

@Suite struct DiscoveryLedgerTests {
  private func row(_ device: String = "Attic06", _ profile: Profile = .martletVersion2) -> Row {
    var row = Row(device: device, boot: 1, seq: 1, timestamp: 0, timeSource: .device, received: 0)
    row.profile = profile
    row.temperatureCentiCelsius = 2253
    row.version = "1.0.0"
    return row
  }

  @Test func newSensorIsAnnouncedOnceWithUnitClassAndAvailability() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    #expect(
      ledger.observe([row(), row()]) == [
        DiscoveryMessage(
          topic: "homeassistant/sensor/martlet_Attic06/temperature/config",
          payload:
            #"{"name":"Temperature","unique_id":"martlet_Attic06_temperature","state_topic":"iots6/Attic06","value_template":"{{ value_json.temperature }}","device_class":"temperature","unit_of_measurement":"°C","state_class":"measurement","suggested_display_precision":1,"availability":[{"topic":"iots6/Attic06/status","value_template":"{{ value_json.state }}"}],"device":{"identifiers":["martlet_Attic06"],"name":"Attic06","manufacturer":"Martlet","model":"Pico W","sw_version":"1.0.0"},"origin":{"name":"Martlet","sw_version":""}}"#
        )
      ])
    #expect(ledger.observe([row()]) == [])
  }

  @Test func sensorIsAnnouncedWhenItsFirstValueComesAndStays() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    _ = ledger.observe([row()])
    var both = row()
    both.motion = false
    #expect(ledger.observe([both]).map(\.topic) == ["homeassistant/binary_sensor/martlet_Attic06/motion/config"])
    #expect(ledger.all.count == 2)
    var null = row()
    null.temperatureCentiCelsius = nil
    #expect(ledger.observe([null]) == [])
    #expect(ledger.all.count == 2)
  }

  @Test func formerFleetIsAnnouncedInItsOwnUnitsAndExpires() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    var former = row("Garage 02", .iots6Version1)
    former.pressurePascals = 101_325
    let messages = ledger.observe([former])
    #expect(
      messages.map(\.topic) == [
        "homeassistant/sensor/martlet_Garage_2002/temperature/config",
        "homeassistant/sensor/martlet_Garage_2002/pressure/config",
      ])
    #expect(messages[0].payload.contains(#""unit_of_measurement":"°F""#))
    #expect(messages[0].payload.contains(#""expire_after":900"#))
    #expect(messages[0].payload.contains(#""state_topic":"iots6/Garage 02""#))
    #expect(messages[1].payload.contains(#""unit_of_measurement":"inHg""#))
  }

  @Test func otherFleetsAreLeftToTheirOwnAnnouncements() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    #expect(ledger.observe([row("lamp", .translated)]) == [])
    #expect(ledger.count == 0)
  }

  @Test func newFirmwareIsToldAnew() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    _ = ledger.observe([row()])
    var newer = row()
    newer.version = "1.1.0"
    #expect(ledger.observe([newer]).count == 1)
    #expect(ledger.all[0].payload.contains(#""sw_version":"1.1.0""#))
    var silent = row()
    silent.version = nil
    #expect(ledger.observe([silent]) == [])
  }

  @Test func removedDeviceIsClearedAndOnlyAFurtherReadingBringsItBack() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    _ = ledger.observe([row()])
    let cleared = ledger.remove("Attic06")
    #expect(cleared.count == DiscoveryEntity.allCases.count)
    #expect(cleared.allSatisfy { $0.payload.isEmpty })
    #expect(cleared[0].topic == "homeassistant/sensor/martlet_Attic06/temperature/config")
    #expect(ledger.all == [])
    #expect(ledger.observe([row()]).count == 1)
  }

  @Test func whatSomebodyElseClearedIsNotToldAgain() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    _ = ledger.observe([row(), row("Garage02")])
    ledger.cleared(topic: "homeassistant/sensor/martlet_Attic06/temperature/config")
    ledger.cleared(topic: "homeassistant/sensor/elsewhere/temperature/config")
    #expect(ledger.all.map(\.topic) == ["homeassistant/sensor/martlet_Garage02/temperature/config"])
    #expect(ledger.count == 1)
  }

  @Test func fleetThatInventsNamesIsBounded() {
    var ledger = DiscoveryLedger(DiscoveryOptions())
    for number in 0..<DiscoveryLedger.deviceLimit + 5 { _ = ledger.observe([row("x\(number)")]) }
    #expect(ledger.count == DiscoveryLedger.deviceLimit)
    #expect(ledger.leftOut == 5)
  }
}
