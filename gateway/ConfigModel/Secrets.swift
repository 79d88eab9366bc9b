extension JSONValue {
  /// What stands where a secret is not shown.
  public static let hiddenSecret = JSONValue.string("•••")

  /// The fleet's document for whoever asks without saying who he is: what the devices share, and no secret that stands in
  /// the entry of one device.
  ///
  /// The shared ones stay: the former fleet's firmware fetches this document only, and needs the broker's password of it.
  public var withoutSecretsOfDevices: JSONValue {
    guard let entries = self["device_list"]?.elements else { return self }
    var copy = self
    _ = copy.set(
      ConfigPath([.key("device_list")]), to: .array(entries.map { Self.changingSecrets(in: $0, []) { _ in nil } }))
    return copy
  }

  /// The fleet's document, or a part of it that begins at `path`, for people: each secret that is not empty is hidden.
  public func withSecretsHidden(at path: ConfigPath = ConfigPath()) -> JSONValue {
    var names: [String] = []
    for step in path.steps.drop(while: { !Self.isSection($0) }).dropFirst() {
      if case .key(let key) = step { names.append(key) }
    }
    if !path.steps.isEmpty { return Self.changingSecrets(in: self, names, Self.hide) }
    guard let members else { return self }
    return .object(
      members.map { member in
        if member.key == "device_list", let entries = member.value.elements {
          return Member(
            key: member.key, value: .array(entries.map { Self.changingSecrets(in: $0, [], Self.hide) }))
        }
        return Member(key: member.key, value: Self.changingSecrets(in: member.value, [], Self.hide))
      })
  }

  private static func isSection(_ step: ConfigPath.Step) -> Bool {
    guard case .key(let key) = step else { return false }
    return key == "device_list" || ConfigSchema.sharedSections.contains(key)
  }

  private static func hide(_ value: JSONValue) -> JSONValue? { value == .string("") ? value : hiddenSecret }

  private static func changingSecrets(
    in value: JSONValue, _ names: [String], _ change: (JSONValue) -> JSONValue?
  ) -> JSONValue {
    if ConfigSchema.field(names)?.isSecret == true { return change(value) ?? .null }
    guard let members = value.members else { return value }
    return .object(
      members.compactMap { member in
        let inner = names + [member.key]
        guard ConfigSchema.field(inner)?.isSecret == true else {
          return Member(key: member.key, value: changingSecrets(in: member.value, inner, change))
        }
        return change(member.value).map { Member(key: member.key, value: $0) }
      })
  }
}
