import StatusLED
import Testing

@Suite struct LEDStateTests {
  /// Sixteen slots as `#` and `.`.
  func art(_ state: LEDState, from start: UInt32 = 0) -> String {
    String((0..<16).map { slot in state.isOn(at: start &+ slot * 125) ? "#" : "." })
  }

  @Test func patternsAreThese() {
    #expect(
      LEDState.allCases.map { art($0) } == [
        "#.#.#.#.#.#.#.#.",  // identify
        "#...............",  // disabled
        "################",  // booting
        "##..##..##..##..",  // joining Wi-Fi
        "#.#.....#.#.....",  // fetching the configuration
        "########........",  // offline
        "#.#.#...........",  // sensor fault
        "###############.",  // online
      ])
  }

  @Test func patternsDiffer() {
    #expect(Set(LEDState.allCases.map(\.pattern)).count == LEDState.allCases.count)
  }

  @Test func aSlotLastsExactly125Milliseconds() {
    #expect(LEDState.identify.isOn(at: 124))
    #expect(!LEDState.identify.isOn(at: 125))
    #expect(!LEDState.identify.isOn(at: 249))
    #expect(LEDState.identify.isOn(at: 250))
  }

  @Test func patternRepeatsEveryTwoSeconds() {
    for state in LEDState.allCases { #expect(art(state, from: 2000 * 1_000_003) == art(state)) }
  }

  @Test func highestConditionShows() {
    var conditions = LEDConditions()
    #expect(conditions.state == .online)
    conditions.sensorFault = true
    #expect(conditions.state == .sensorFault)
    conditions.offline = true
    #expect(conditions.state == .offline)
    conditions.fetchingConfiguration = true
    #expect(conditions.state == .fetchingConfiguration)
    conditions.joiningWiFi = true
    #expect(conditions.state == .joiningWiFi)
    conditions.booting = true
    #expect(conditions.state == .booting)
    conditions.disabled = true
    #expect(conditions.state == .disabled)
    conditions.identify = true
    #expect(conditions.state == .identify)
  }
}
