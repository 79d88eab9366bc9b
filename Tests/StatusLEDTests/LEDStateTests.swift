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

  /// Each condition by itself, in the order of the cases; `.online` is the one without any.
  static let conditions: [(LEDState, any WritableKeyPath<LEDConditions, Bool> & Sendable)] = [
    (.identify, \.identify), (.disabled, \.disabled), (.booting, \.booting), (.joiningWiFi, \.joiningWiFi),
    (.fetchingConfiguration, \.fetchingConfiguration), (.offline, \.offline), (.sensorFault, \.sensorFault),
  ]

  @Test func ofEveryPairTheFirstShowsAndEachShowsByItself() {
    #expect(Self.conditions.map(\.0) + [.online] == LEDState.allCases)
    for (first, one) in Self.conditions.enumerated() {
      for (second, other) in Self.conditions.enumerated() {
        var conditions = LEDConditions()
        conditions[keyPath: one.1] = true
        conditions[keyPath: other.1] = true
        #expect(conditions.state == (first <= second ? one.0 : other.0))
      }
    }
  }

  @Test func everySetOfConditionsShowsItsFirst() {
    for set in 0..<1 << Self.conditions.count {
      var conditions = LEDConditions()
      for (place, condition) in Self.conditions.enumerated() {
        conditions[keyPath: condition.1] = set >> place & 1 == 1
      }
      #expect(conditions.state.rawValue == UInt8(set.trailingZeroBitCount < 7 ? set.trailingZeroBitCount : 7))
    }
  }
}
