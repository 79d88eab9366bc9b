/// What changed between two documents, place by place.
///
/// ```swift
/// ConfigDiff.changes(from: old, to: new).map(\.description)
/// // ["device_list[Attic06].heartbeat_publish_period: 5000 -> 10000"]
/// ```
///
/// Devices are compared by their `device_id`, wherever they stand in the list; the order of devices and of members is no
/// change. Any other list is compared as a whole.
public enum ConfigDiff {
  /// One place that differs.
  public struct Change: Sendable, Equatable, CustomStringConvertible {
    /// Where.
    public var path: ConfigPath
    /// What was there; `nil`: nothing.
    public var old: JSONValue?
    /// What is there; `nil`: nothing.
    public var new: JSONValue?

    /// `path: old -> new`, secrets hidden.
    public var description: String {
      func shown(_ value: JSONValue?) -> String { value.map { $0.withSecretsHidden(at: path).compact } ?? "-" }
      return "\(path): \(shown(old)) -> \(shown(new))"
    }
  }

  /// The changes, in the order of the new document; what was removed comes last within its object.
  public static func changes(from old: JSONValue, to new: JSONValue) -> [Change] {
    var changes: [Change] = []
    compare(old, new, ConfigPath(), &changes)
    return changes
  }

  private static func compare(_ old: JSONValue, _ new: JSONValue, _ path: ConfigPath, _ changes: inout [Change]) {
    if old == new { return }
    if let before = old.members, let after = new.members {
      let known = Dictionary(before.map { ($0.key, $0.value) }) { first, _ in first }
      for member in after {
        let path = path.appending(member.key)
        if let value = known[member.key] {
          compare(value, member.value, path, &changes)
        } else {
          changes.append(Change(path: path, old: nil, new: member.value))
        }
      }
      let left = Set(after.map(\.key))
      for member in before where !left.contains(member.key) {
        changes.append(Change(path: path.appending(member.key), old: member.value, new: nil))
      }
      return
    }
    if path.steps == [.key("device_list")], let before = devices(old), let after = devices(new) {
      let known = Dictionary(before) { first, _ in first }
      for (id, entry) in after {
        let path = ConfigPath(path.steps + [.device(id)])
        if let value = known[id] {
          compare(value, entry, path, &changes)
        } else {
          changes.append(Change(path: path, old: nil, new: entry))
        }
      }
      let left = Set(after.map(\.0))
      for (id, entry) in before where !left.contains(id) {
        changes.append(Change(path: ConfigPath(path.steps + [.device(id)]), old: entry, new: nil))
      }
      return
    }
    changes.append(Change(path: path, old: old, new: new))
  }

  /// The entries by id, where each has one of its own.
  private static func devices(_ list: JSONValue) -> [(String, JSONValue)]? {
    guard let entries = list.elements else { return nil }
    var devices: [(String, JSONValue)] = []
    for entry in entries {
      guard let id = entry["device_id"]?.text else { return nil }
      devices.append((id, entry))
    }
    return Set(devices.map(\.0)).count == devices.count ? devices : nil
  }
}
