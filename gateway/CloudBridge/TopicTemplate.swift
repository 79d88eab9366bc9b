/// How a reading's topic on the far broker is made.
///
/// ```swift
/// let template = try TopicTemplate("site7/{base}/{device}")
/// template.topic(base: "iots6", device: "Attic06", gateway: "attic")   // site7/iots6/Attic06
/// ```
public struct TopicTemplate: Sendable, Equatable {
  /// The template as it was given.
  public let text: String

  /// A template that cannot be used, and why.
  public struct Fault: Error, CustomStringConvertible {
    /// What is wrong with it.
    public let description: String
  }

  /// The same topic as on the near side.
  public static let same = TopicTemplate(unchecked: "{base}/{device}")

  private init(unchecked text: String) { self.text = text }

  /// Checks a template: `{device}` once, as a whole level; `{base}` and `{gateway}` where wanted; no wildcards.
  public init(_ text: String) throws(Fault) {
    let levels = text.split(separator: "/", omittingEmptySubsequences: false)
    guard levels.count(where: { $0 == "{device}" }) == 1 else {
      throw Fault(description: "'\(text)' has to have {device} as one level, and once")
    }
    let bare = ["{device}", "{base}", "{gateway}"].reduce(text) { $0.split(separator: $1).joined(separator: "x") }
    guard !bare.contains(where: { "+#{}\0".contains($0) }), !text.hasPrefix("/"), !text.hasSuffix("/"),
      !text.hasPrefix("$"), text.utf8.count <= 256
    else {
      throw Fault(
        description: "'\(text)' is not a topic of at most 256 bytes with {device}, {base} and {gateway} and without "
          + "'+', '#', a '$' at the beginning or a '/' at an end")
    }
    self.text = text
  }

  /// Whether the far side finds the device where `<base>/<device>` has it: only then another gateway can listen there.
  public var endsWithDevice: Bool { text.hasSuffix("/{device}") }

  /// The topic of a device, or, in a device's place, of whatever `device` names.
  public func topic(base: String, device: String, gateway: String) -> String {
    // By levels, so that nothing in a device's own name is taken for a placeholder.
    text.split(separator: "/", omittingEmptySubsequences: false).map { level in
      level == "{device}"
        ? device
        : Self.replacing("{gateway}", by: gateway, in: Self.replacing("{base}", by: base, in: String(level)))
    }.joined(separator: "/")
  }

  private static func replacing(_ name: String, by value: String, in text: String) -> String {
    text.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
  }
}
