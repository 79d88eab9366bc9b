import ConfigModel
import GRDB

extension ConfigStore {
  /// Notes devices that asked and are not in the list.
  public func note(_ devices: [NewDevice]) throws(ConfigStoreError) {
    if devices.isEmpty { return }
    try writing { db in
      for device in devices {
        try db.execute(
          sql: """
            INSERT INTO new_device (id, first, last, address) VALUES (?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET last = excluded.last, address = excluded.address
            """,
          arguments: [device.id, device.first, device.last, device.address])
      }
      try db.execute(
        sql: "DELETE FROM new_device WHERE id IN (SELECT id FROM new_device ORDER BY last DESC LIMIT -1 OFFSET ?)",
        arguments: [Self.newDeviceLimit])
    }
  }

  /// The devices that wait, who asked last first.
  public func newDevices() throws(ConfigStoreError) -> [NewDevice] {
    try reading { db in
      try Row.fetchAll(db, sql: "SELECT id, first, last, address FROM new_device ORDER BY last DESC, id").map {
        NewDevice(id: $0[0], first: $0[1], last: $0[2], address: $0[3])
      }
    }
  }

  /// Takes devices into the list, each with its id as its name, as one new version.
  ///
  /// - Throws: `.noSuchPlace` where one is in the list already or its name is none, and as `save`.
  public func adopt(_ ids: [String], author: String, note: String, at time: Int64) throws(ConfigStoreError)
    -> ConfigSaved
  {
    try change(author: author, note: note, at: time, expecting: nil) { newest in
      var document = newest?.document ?? .object([])
      let known = Set((try? FleetDocument(document))?.devices ?? [])
      for id in ids {
        if let fault = DeviceID.fault(of: id) { throw ConfigStoreError(.noSuchPlace, "the device id \(fault)") }
        guard !known.contains(id) else { throw ConfigStoreError(.noSuchPlace, "\(id) is in the list already") }
        let place = ConfigPath([.key("device_list"), .device(id)])
        let entries = [("name", JSONValue.string(id)), ("enabled", .number("1"))]
        guard entries.allSatisfy({ document.set(place.appending($0.0), to: $0.1) }) else {
          throw ConfigStoreError(.noSuchPlace, "device_list is no list of devices")
        }
      }
      return document
    }
  }

  /// Forgets a device that waits; asked again, it waits again.
  ///
  /// - Throws: `.noSuchPlace` where none of that name waits.
  public func dismiss(_ id: String) throws(ConfigStoreError) {
    try writing { db in
      try db.execute(sql: "DELETE FROM new_device WHERE id = ?", arguments: [id])
      if db.changesCount == 0 { throw ConfigStoreError(.noSuchPlace, "no device \(id) waits for its adoption") }
    }
  }
}
