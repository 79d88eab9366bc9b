import ConfigModel
import ConfigStore
import Testing

@Suite struct NewDeviceTests {
  let folder: StoreFolder
  var store: ConfigStore { folder.store }

  init() throws {
    folder = try StoreFolder()
    try folder.save(#"{"device_list":[{"device_id":"A"}],"device_global_config":{}}"#)
  }

  @Test func aDeviceWaitsWithTheTimesItAsked() throws {
    try store.note([NewDevice(id: "B", first: 1, last: 1, address: "10.0.0.7")])
    try store.note([
      NewDevice(id: "B", first: 5, last: 5, address: "10.0.0.8"), NewDevice(id: "C", first: 3, last: 3, address: ""),
    ])
    #expect(
      try store.newDevices() == [
        NewDevice(id: "B", first: 1, last: 5, address: "10.0.0.8"), NewDevice(id: "C", first: 3, last: 3, address: ""),
      ])
  }

  @Test func anAdoptedDeviceIsInTheListAndWaitsNoMore() throws {
    try store.note([NewDevice(id: "B", first: 1, last: 1, address: "")])
    let saved = try store.adopt(["B"], author: "Ada", note: "", at: 2)
    #expect(
      saved.version.document["device_list"]?.compact
        == #"[{"device_id":"A"},{"device_id":"B","name":"B","enabled":1}]"#)
    #expect(try store.newDevices() == [])
    #expect(throws: ConfigStoreError.self) { try store.adopt(["B"], author: "Ada", note: "", at: 2) }
    #expect(throws: ConfigStoreError.self) { try store.adopt(["../x"], author: "Ada", note: "", at: 2) }
  }

  @Test func whoeverAsksUnderManyNamesFillsNothing() throws {
    try store.note((0..<1500).map { NewDevice(id: "X\($0)", first: Int64($0), last: Int64($0), address: "") })
    let waiting = try store.newDevices()
    #expect(waiting.count == ConfigStore.newDeviceLimit)
    #expect(waiting.first?.id == "X1499")
  }

  @Test func aDismissedDeviceIsForgotten() throws {
    try store.note([NewDevice(id: "B", first: 1, last: 1, address: "")])
    try store.dismiss("B")
    #expect(try store.newDevices() == [])
    #expect(throws: ConfigStoreError.self) { try store.dismiss("B") }
  }
}
