/// The profiles of a gateway, in the order they are asked.
public struct ProfileSet: Sendable {
  /// In order; the first one that takes a topic reads it.
  public private(set) var profiles: [PayloadProfile]

  /// These profiles.
  public init(_ profiles: [PayloadProfile] = []) {
    self.profiles = profiles
  }

  /// Whether there is none.
  public var isEmpty: Bool { profiles.isEmpty }

  /// Further profiles, asked after the others.
  ///
  /// - Throws: where a name comes twice.
  public mutating func add(_ profile: PayloadProfile) throws(ProfileError) {
    guard !profiles.contains(where: { $0.name == profile.name }) else {
      throw ProfileError("the profile '\(profile.name)' comes twice; give one of them another name")
    }
    profiles.append(profile)
  }

  /// What a topic is.
  public enum Match: Sendable {
    case profile(PayloadProfile)
    /// One that a profile knows to carry no readings.
    case ignored
  }

  /// What a topic is, or `nil` where no profile knows it.
  public func match(_ topic: String) -> Match? {
    for profile in profiles where profile.codec == nil {
      if profile.ignores(topic) { return .ignored }
      if profile.captures(in: topic) != nil { return .profile(profile) }
    }
    return nil
  }

  /// What to subscribe to, each once.
  public var filters: [String] {
    var filters: [String] = []
    for filter in profiles.filter({ $0.codec == nil }).flatMap({ $0.topics.map(\.filter) })
    where !filters.contains(filter) {
      filters.append(filter)
    }
    return filters
  }

  /// The shipped profiles.
  public static let builtIn: [PayloadProfile] = {
    let texts = [
      PackageResources.martlet_2_yaml, PackageResources.iots6_1_yaml, PackageResources.tasmota_yaml,
      PackageResources.esphome_yaml, PackageResources.zigbee2mqtt_yaml,
    ]
    return texts.map { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      do throws(ProfileError) { return try PayloadProfile(yaml: text, file: "built-in") } catch {
        preconditionFailure("a shipped profile is wrong: \(error)")
      }
    }
  }()

  /// The shipped profile of that name.
  public static func builtIn(named name: String) -> PayloadProfile? { builtIn.first { $0.name == name } }
}
