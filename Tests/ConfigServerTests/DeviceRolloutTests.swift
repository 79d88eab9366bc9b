import ConfigModel
import Testing

@testable import ConfigServer

@Suite struct DeviceRolloutTests {
  private static let wanted = "\"new\""

  @Test(arguments: [
    // What the device was given, what it says, how far it is, and why.
    ("", "", "wanted", ""),
    ("\"old\"", "", "wanted", ""),
    ("\"new\"", "", "fetched", ""),
    ("\"new\"", #"{"state":"online","config":"\"old\"","config_state":"running"}"#, "fetched", ""),
    ("\"old\"", #"{"state":"online","config":"\"old\"","config_state":"running"}"#, "wanted", ""),
    ("\"new\"", #"{"state":"online","config":"\"new\"","config_state":"trial"}"#, "on trial", ""),
    ("\"new\"", #"{"state":"online","config":"\"old\"","config_state":"comparing"}"#, "on trial", ""),
    ("\"new\"", #"{"state":"online","config":"\"new\"","config_state":"running"}"#, "running", ""),
    (
      "\"new\"",
      #"{"state":"online","config":"\"new\"","config_state":"running","refused":["enabled","payload_version"],"refused_more":2}"#,
      "running", "values refused: enabled, payload_version and 2 more"
    ),
    (
      "\"new\"",
      #"{"state":"online","config":"\"old\"","config_state":"refused","config_refused":"\"new\"","config_reason":"not-json"}"#,
      "refused", "not-json"
    ),
    (
      "\"new\"",
      #"{"state":"online","config":"\"old\"","config_state":"returned","config_refused":"\"new\"","config_reason":"gateway-not-reached"}"#,
      "returned", "gateway-not-reached"
    ),
    // An older one was refused; of the wanted one nothing is known yet.
    (
      "",
      #"{"state":"online","config":"\"old\"","config_state":"returned","config_refused":"\"older\"","config_reason":"gateway-not-reached"}"#,
      "wanted", ""
    ),
    ("\"new\"", #"{"state":"online","boot":3,"version":"0.9"}"#, "fetched", ""),
  ])
  func theStateFollowsFromWhatWasGivenAndWhatTheDeviceSays(
    fetched: String, status: String, word: String, detail: String
  ) {
    let rollout = DeviceRollout(
      wanted: Self.wanted, fetched: fetched.isEmpty ? nil : fetched, report: DeviceReport(status: Array(status.utf8)))
    #expect(rollout.word == word)
    #expect(rollout.detail ?? "" == detail)
    #expect(rollout.isDrift == (word != "running" || !detail.isEmpty))
  }

  @Test func aLastWillTellsThatTheDeviceIsGoneAndNotWhatItRuns() throws {
    let board = RolloutBoard()
    let status = #"{"state":"online","config":"\"x\"","config_state":"running"}"#
    board.note(try #require(DeviceReport(status: Array(status.utf8))), of: "A", at: 1)
    board.note(try #require(DeviceReport(status: Array(#"{"state":"offline","boot":1}"#.utf8))), of: "A", at: 2)
    let fleet = ServedFleet(version: nil, bytes: [], fleet: try FleetDocument(.object([])))
    let entry = try #require(board.entries(of: fleet).first)
    #expect(entry.isOnline == false)
    #expect(entry.rollout == .wanted)
    let known = DeviceRollout(wanted: "\"x\"", fetched: nil, report: DeviceReport(status: Array(status.utf8)))
    #expect(known.word == "running")
  }

  @Test(arguments: ["", "{", "[]", #"{"boot":1}"#, #"{"state":7}"#, String(repeating: " ", count: 5000) + "{}"])
  func whatIsNoStatusIsPassedOver(text: String) {
    #expect(DeviceReport(status: Array(text.utf8)) == nil)
  }
}
