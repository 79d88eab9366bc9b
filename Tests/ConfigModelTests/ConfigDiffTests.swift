import ConfigModel
import Testing

@Suite struct ConfigDiffTests {
  private func diff(_ old: String, _ new: String) throws -> [String] {
    ConfigDiff.changes(from: try JSONValue(parsing: Array(old.utf8)), to: try JSONValue(parsing: Array(new.utf8)))
      .map(\.description)
  }

  @Test func eachChangedPlaceIsOneLine() throws {
    #expect(
      try diff(
        #"{"device_list":[{"device_id":"A","enabled":1},{"device_id":"B"}],"x":{"y":1,"z":[1]}}"#,
        #"{"device_list":[{"device_id":"C"},{"device_id":"A","enabled":0}],"x":{"z":[1,2],"y":1}}"#)
        == [
          #"device_list[C]: - -> {"device_id":"C"}"#, "device_list[A].enabled: 1 -> 0",
          #"device_list[B]: {"device_id":"B"} -> -"#, "x.z: [1] -> [1,2]",
        ])
  }

  @Test func orderIsNoChange() throws {
    #expect(
      try diff(
        #"{"device_list":[{"device_id":"A"},{"device_id":"B"}],"x":1,"y":2}"#,
        #"{"y":2,"x":1,"device_list":[{"device_id":"B"},{"device_id":"A"}]}"#) == [])
  }

  @Test func secretsAreNotShown() throws {
    let lines = try diff(
      #"{"system_global_config":{"mqtt_config":{"password":"old-secret"}},"device_list":[]}"#,
      #"{"system_global_config":{"mqtt_config":{"password":"new-secret"}},"device_list":[{"device_id":"A","api_config":{"api_key":"key-secret"}}]}"#
    )
    #expect(
      lines == [
        #"system_global_config.mqtt_config.password: "•••" -> "•••""#,
        #"device_list[A]: - -> {"device_id":"A","api_config":{"api_key":"•••"}}"#,
      ])
  }

  @Test func aSecretOfOneDeviceIsInNobodyElsesDocument() throws {
    let document = try JSONValue(
      parsing: Array(
        #"{"device_list":[{"device_id":"A","mqtt_config":{"user":"a","password":"s"}}],"system_global_config":{"mqtt_config":{"password":"shared"}}}"#
          .utf8))
    #expect(
      document.withoutSecretsOfDevices.compact
        == #"{"device_list":[{"device_id":"A","mqtt_config":{"user":"a"}}],"system_global_config":{"mqtt_config":{"password":"shared"}}}"#
    )
    #expect(
      document.withSecretsHidden().compact
        == #"{"device_list":[{"device_id":"A","mqtt_config":{"user":"a","password":"•••"}}],"system_global_config":{"mqtt_config":{"password":"•••"}}}"#
    )
  }
}
