/// The fleet's configuration document: what every device gets, and what one device gets.
///
/// Members the fleet does not know are kept and handed on: devices may know more than the gateway does.
public struct FleetDocument: Sendable {
  /// Why a document is not a fleet's configuration.
  public struct ShapeError: Error, Equatable {
    /// What is wrong, with its place.
    public var detail: String
  }

  /// The ids of `device_list`, in its order.
  public let devices: [String]
  private let defaults: [String: JSONValue]
  private let entries: [String: [JSONValue.Member]]

  /// Reads a document.
  ///
  /// - Throws: where it has not the shape of one; values are not looked at (that is `ConfigCheck`).
  public init(_ document: JSONValue) throws(ShapeError) {
    guard document.members != nil else { throw ShapeError(detail: "the document is \(document.kind), not an object") }
    var defaults: [String: JSONValue] = [:]
    // The later wins: what holds for the system over what holds for devices in general.
    for section in ConfigSchema.sharedSections {
      guard let value = document[section] else { continue }
      guard let members = value.members else {
        throw ShapeError(detail: "\(section) is \(value.kind), not an object")
      }
      for member in members { defaults[member.key] = member.value }
    }
    self.defaults = defaults
    (devices, entries) = try Self.devices(document["device_list"] ?? .array([]))
  }

  private static func devices(
    _ list: JSONValue
  ) throws(ShapeError) -> (ids: [String], entries: [String: [JSONValue.Member]]) {
    guard case .array(let entries) = list else { throw ShapeError(detail: "device_list is \(list.kind), not an array") }
    var ids: [String] = []
    var devices: [String: [JSONValue.Member]] = [:]
    for (index, entry) in entries.enumerated() {
      guard let members = entry.members else {
        throw ShapeError(detail: "device_list[\(index)] is \(entry.kind), not an object")
      }
      guard case .string(let id)? = entry["device_id"] else {
        throw ShapeError(detail: "device_list[\(index)] lacks a device_id in double quotes")
      }
      if let fault = DeviceID.fault(of: id) { throw ShapeError(detail: "device_list[\(index)]: device_id \(fault)") }
      if devices.updateValue(members, forKey: id) != nil {
        throw ShapeError(detail: "device_list[\(index)] names \(id) a second time")
      }
      ids.append(id)
    }
    return (ids, devices)
  }

  /// Whether the device is in the list.
  public func knows(_ id: String) -> Bool { entries[id] != nil }

  /// The configuration of one device: its own entry over the system's over the devices' in general, member by member
  /// at the top level only, and always its `device_id`. A device that is not in the list gets the defaults.
  public func merged(for id: String) -> JSONValue {
    var merged = defaults
    for member in entries[id] ?? [] { merged[member.key] = member.value }
    merged["device_id"] = .string(id)
    return .object(merged.map { JSONValue.Member(key: $0.key, value: $0.value) })
  }
}

/// What a device may be called.
public enum DeviceID {
  /// Bytes.
  public static let lengthLimit = 32

  /// What is wrong with an id, or `nil`.
  public static func fault(of id: String) -> String? {
    if id.isEmpty { return "is empty" }
    if id.utf8.count > lengthLimit { return "has \(id.utf8.count) bytes; at most \(lengthLimit) are allowed" }
    let allowed = id.utf8.allSatisfy(isAllowed)
    return allowed ? nil : "holds a character outside A-Z a-z 0-9 _ -"
  }

  /// Whether a byte may stand in an id.
  public static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
