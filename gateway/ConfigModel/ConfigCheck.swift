/// Checks a fleet's document against `ConfigSchema`.
///
/// ```swift
/// let report = ConfigCheck.check(document)
/// guard report.isGood else { throw … report.faults … }   // "device_list[0].payload_version: 3 is not right; it must be …"
/// ```
///
/// Every fault is found, not only the first. What nobody knows is kept, and warned about.
public enum ConfigCheck {
  /// Everything that is to be said against a document.
  public static func check(_ document: JSONValue) -> ConfigReport {
    var report = ConfigReport()
    guard let members = document.members else {
      report.fault(ConfigPath(), "the document is \(document.kind); it must be an object")
      return report
    }
    for member in members {
      let path = ConfigPath([.key(member.key)])
      switch member.key {
      case "device_list": checkDevices(member.value, path, &report)
      case "device_global_config", "system_global_config":
        checkObject(member.value, path, [], isEntry: false, &report)
      case "iot_server_config":
        // The former service's own; nobody here reads it.
        if member.value.members == nil { report.fault(path, "it is \(member.value.kind); it must be an object") }
      default:
        let near = Likeness.nearest(
          to: member.key, in: ["device_list", "device_global_config", "system_global_config", "iot_server_config"])
        report.warn(path, "nobody knows this section; it is kept" + suggestion(near))
      }
    }
    if report.isGood, let fleet = try? FleetDocument(document) { checkMerged(fleet, &report) }
    return report
  }

  private static func suggestion(_ name: String?) -> String { name.map { ". Is \($0) meant?" } ?? "" }

  private static func checkDevices(_ list: JSONValue, _ path: ConfigPath, _ report: inout ConfigReport) {
    guard let entries = list.elements else {
      return report.fault(path, "it is \(list.kind); it must be a list of devices")
    }
    var first: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      let path = path.appending(index)
      guard entry.members != nil else {
        report.fault(path, "it is \(entry.kind); a device is an object with a device_id")
        continue
      }
      switch entry["device_id"] {
      case .string(let id)?:
        if let fault = DeviceID.fault(of: id) {
          report.fault(path.appending("device_id"), "it \(fault)")
        } else if let earlier = first[id] {
          report.fault(
            path.appending("device_id"), "\(id) is there a second time; the first is device_list[\(earlier)]")
        } else {
          first[id] = index
        }
      case let other?:
        report.fault(path.appending("device_id"), "it is \(other.kind); it must be the device's name in quotes")
      case nil: report.fault(path, "the device_id is missing")
      }
      checkObject(entry, path, [], isEntry: true, &report)
    }
  }

  private static func checkObject(
    _ value: JSONValue, _ path: ConfigPath, _ names: [String], isEntry: Bool, _ report: inout ConfigReport
  ) {
    guard let members = value.members else {
      return report.fault(path, "it is \(value.kind); it must be an object")
    }
    for member in members {
      let path = path.appending(member.key)
      let names = names + [member.key]
      if let field = ConfigSchema.field(names) {
        // The id has been looked at with its list.
        if names == ["device_id"], isEntry { continue }
        if field.isOfOneDevice, !isEntry {
          report.warn(path, "this belongs into the entry of one device; here it would hold for all")
        }
        if let fault = field.fault(of: member.value) { report.fault(path, fault) }
      } else if ConfigSchema.groups.contains(names) {
        checkObject(member.value, path, names, isEntry: isEntry, &report)
      } else {
        report.warn(path, "nobody knows this key; it is kept and handed on" + suggestion(nearest(names)))
      }
    }
  }

  private static func nearest(_ names: [String]) -> String? {
    let siblings = ConfigSchema.fields.map(\.path) + ConfigSchema.groups
    return Likeness.nearest(
      to: names[names.count - 1],
      in: siblings.filter { $0.count == names.count && $0.dropLast() == names.dropLast() }.compactMap(\.last).sorted())
  }

  // MARK: What only the merged document shows

  private static func checkMerged(_ fleet: FleetDocument, _ report: inout ConfigReport) {
    // What a device gets that is not in the list; the same is then not said again of each device.
    var shared = ConfigReport()
    checkOne(fleet.merged(for: unlisted), ConfigPath([.key("device_global_config")]), &shared)
    report.add(shared, except: [])
    let said = Set(shared.findings.map(\.message))
    for (index, id) in fleet.devices.enumerated() {
      var own = ConfigReport()
      checkOne(fleet.merged(for: id), ConfigPath([.key("device_list"), .index(index)]), &own)
      report.add(own, except: said)
    }
  }

  /// As long as an id may be.
  private static let unlisted = String(repeating: "x", count: DeviceID.lengthLimit)

  private static func checkOne(_ merged: JSONValue, _ path: ConfigPath, _ report: inout ConfigReport) {
    let size = merged.canonical.utf8.count
    if size > ConfigSchema.deviceDocumentLimit {
      report.fault(
        path,
        "merged for this device the document has \(size) bytes; the firmware takes \(ConfigSchema.deviceDocumentLimit)")
    }
    for (group, low, high) in [
      ("fan_pwm_controller_config", "temp_min", "temp_max"), ("fan_step_controller_config", "temp_min", "temp_max"),
      ("fan_pwm_controller_config", "fan_min_duty", "fan_max_duty"),
    ] {
      guard let lower = number(merged[group]?[low]), let upper = number(merged[group]?[high]), lower > upper else {
        continue
      }
      report.warn(path, "\(group).\(low) is above \(high): the fan would only be off or on")
    }
    checkPins(merged, path, &report)
  }

  private static func checkPins(_ merged: JSONValue, _ path: ConfigPath, _ report: inout ConfigReport) {
    var users: [String: String] = [:]
    func use(_ pin: JSONValue?, _ name: String, _ report: inout ConfigReport) {
      guard case .number(let pin)? = pin else { return }
      if let other = users[pin] {
        report.warn(path, "GPIO \(pin) is named twice: \(other) and \(name)")
      } else {
        users[pin] = name
      }
    }
    let sensors = merged["i2c_temp_sensor_pins"], display = merged["i2c_display_pins"]
    for field in ConfigSchema.fields where field.topic == .wiring {
      // A display on the sensors' bus shares both pins.
      if field.path[0] == "i2c_display_pins", display == sensors { continue }
      use(merged[ConfigPath(field.path.map { .key($0) })], field.name, &report)
    }
    let pwm = merged["fan_pwm_controller_config"], steps = merged["fan_step_controller_config"]
    if isOn(pwm?["enabled"]) { use(pwm?["pwm_pin"], "fan_pwm_controller_config.pwm_pin", &report) }
    if isOn(steps?["enabled"]) {
      for pin in steps?["pins"]?.elements ?? [] { use(pin, "fan_step_controller_config.pins", &report) }
    }
  }

  private static func isOn(_ value: JSONValue?) -> Bool { value == .bool(true) || value == .number("1") }

  private static func number(_ value: JSONValue?) -> Double? {
    guard case .number(let digits)? = value else { return nil }
    return Double(digits)
  }
}

/// Which known name somebody may have meant.
enum Likeness {
  /// The name with the fewest changes of one letter, at most a third of them; `nil` where none is near.
  static func nearest(to word: String, in names: [String]) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let best = names.map { (name: $0, distance: distance($0, word)) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= max(1, word.utf8.count / 3) else { return nil }
    return best.name
  }

  /// Levenshtein's distance over bytes.
  private static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8), right = Array(right.utf8)
    var row = Array(0...right.count)
    for (i, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let next = min(row[j + 1] + 1, row[j] + 1, diagonal + (byte == other ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[right.count]
  }
}
