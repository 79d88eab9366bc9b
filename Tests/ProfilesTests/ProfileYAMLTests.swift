import Testing

@testable import Profiles

@Suite struct ProfileYAMLTests {
  private func fault(_ yaml: String) -> String? {
    do throws(ProfileError) {
      _ = try PayloadProfile(yaml: yaml, file: "p.yaml")
      return nil
    } catch { return error.description }
  }

  @Test func ownProfileMapsUnitsEventsTimeAndDevice() throws {
    let profile = try PayloadProfile(
      yaml: """
        profile: attic-weather
        topics: ["weather/{site}/{room}/now"]
        device: "{site}-{room}"
        time: {at: /when, zone: "+02:00"}
        columns:
          temperature: {at: /air/0/temp, unit: fahrenheit}
          pressure: {at: /air/0/p~1a, unit: mmHg}
          humidity: {at: /rh, unit: fraction}
          uptime_ms: {at: /up, unit: min}
          motion: {at: /pir, high: ["1"], low: ["0"]}
          version: /fw
        events:
          - {at: /pir, is: "1", event: motion}
        rest: drop
        """, file: "p.yaml")
    let reading = try profile.translate(
      Array(
        #"{"when":"2026-11-24T10:00:00","air":[{"temp":71.1,"p/a":760}],"rh":0.4512,"up":1.5,"pir":1,"fw":"2.1","more":1}"#
          .utf8), topic: "weather/north/attic/now")
    #expect(reading.timestamp == 1_795_507_200_000_000)
    #expect(
      String(decoding: reading.canonical, as: UTF8.self)
        == #"{"v":2,"device_id":"north-attic","boot":0,"seq":0,"event_type":"motion","temperature":21.72,"humidity":45.12,"pressure":1013.25,"uptime_ms":90000,"motion":"HIGH","version":"2.1","quality":"ok","profile":"attic-weather"}"#
    )
  }

  @Test(arguments: [
    ("", "p.yaml: empty; a profile begins with 'profile: NAME'"),
    ("profile: [", "p.yaml: no YAML: "),
    ("- a", "p.yaml:1:1: a profile is a mapping, 'key: value' on each line"),
    ("profile: a b\ntopics: [x]\n", "p.yaml:1:10: 'a b' is no name; it is 1 to 32 of a-z 0-9 _ -"),
    ("profile: a\n", "p.yaml:1:1: 'topics' is missing"),
    ("profile: a\ntopic: [x]\n", "p.yaml:2:1: 'topic' is no part of a profile"),
    ("profile: a\ntopics: [\"x/{d\"]\n", "p.yaml:2:10: '{d': a capture takes a whole level"),
    ("profile: a\ntopics: [\"x/{device}\"]\n", "p.yaml: no place is named"),
    (
      "profile: a\ntopics: [\"x/{device}\"]\ncolumns: {temperature: temp}\n",
      "p.yaml:3:24: 'temp': a JSON pointer is empty or begins with /"
    ),
    (
      "profile: a\ntopics: [\"x/{device}\"]\ncolumns: {temperature: {at: /t, unit: hPa}}\n",
      "p.yaml:3:39: 'hPa' is no unit of temperature; there are celsius, fahrenheit, kelvin"
    ),
    ("profile: a\ntopics: [x/y]\ncolumns: {temperature: /t}\n", "p.yaml: nothing captures {device} in the topic x/y"),
    (
      "profile: a\ntopics: [\"x/{device}\"]\ncolumns: {temperature: /~2}\n",
      "p.yaml:3:24: '~2': in a JSON pointer ~ is written ~0 and / is written ~1"
    ),
    (
      "profile: a\ntopics: [\"x/{device}\"]\ncolumns: {temperature: \"/{a}/t\", humidity: \"/{b}/h\"}\n",
      "p.yaml: a profile has one capture in its pointers"
    ),
    (
      "profile: a\ntopics: [\"x/{device}\"]\ntime: {at: /t, zone: CET}\ncolumns: {temperature: /t}\n",
      "p.yaml:3:22: 'CET': a zone is Z or an offset"
    ),
    ("profile: a\nprofile: b\ntopics: [\"x/{device}\"]\ncolumns: {temperature: /t}\n", "p.yaml"),
  ])
  func faultIsToldWithItsPlace(_ yaml: String, _ expected: String) {
    #expect(fault(yaml)?.hasPrefix(expected) == true, "\(fault(yaml) ?? "no fault")")
  }

  @Test func patternsCaptureWholeLevels() throws {
    #expect(try TopicPattern("tele/{device}/SENSOR").captures(in: "tele/a/SENSOR") == ["device": "a"])
    #expect(try TopicPattern("tele/{device}/SENSOR").captures(in: "tele/a/b/SENSOR") == nil)
    #expect(try TopicPattern("tele/{device}/SENSOR").captures(in: "tele//SENSOR") == nil)
    #expect(try TopicPattern("z/{d...}").captures(in: "z/a/b") == ["d": "a/b"])
    #expect(try TopicPattern("z/{d...}").captures(in: "z") == nil)
    #expect(try TopicPattern("z/{d...}/set/{x}").captures(in: "z/a/b/set/c") == ["d": "a/b", "x": "c"])
    #expect(try TopicPattern("z/{d...}/set").filter == "z/#")
    #expect(try TopicPattern("{d}/sensor/{o}/state").filter == "+/sensor/+/state")
  }

  @Test(arguments: [
    ("celsius", "21.7", 2170), ("celsius", "-0.005", -1), ("celsius", "0.004999999", 0), ("fahrenheit", "32", 0),
    ("fahrenheit", "-40", -4000), ("kelvin", "273.15", 0), ("inHg", "29.92", 101_321), ("mmHg", "760", 101_325),
    ("psi", "14.7", 101_353), ("kPa", "101.325", 101_325), ("bar", "1.01325", 101_325), ("d", "106", 9_158_400_000),
    ("ms", "9007199254740992", 9_007_199_254_740_992),
  ])
  func unitIsExactToTheLastDigit(_ unit: String, _ number: String, _ expected: Int64) throws {
    let document = try PayloadDocument(Array(number.utf8), isBareValue: true)
    guard case .number(let slice) = document.root.value else {
      Issue.record("no number")
      return
    }
    #expect(Unit.named(unit)?.convert(slice, in: document.bytes.span) == expected)
  }

  @Test(arguments: [
    ("*temperature*", "living_temperature_1", true), ("a*", "ba", false), ("*a", "ba", true), ("ab*ba", "aba", false),
    ("x", "x", true),
  ])
  func globMatchesAnyCharacters(_ glob: String, _ text: String, _ expected: Bool) {
    #expect(Glob(glob).matches(text) == expected)
  }
}
