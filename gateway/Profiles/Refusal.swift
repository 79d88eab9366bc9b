/// Why a message makes no row: a short stable code, and for a person the place and what would be right.
public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// `not-json`, `wrong-type`, `out-of-range`, `no-reading`, `bad-device-id`, `duplicate-field`, `too-long`, `invalid-utf8`.
  public var reason: String
  /// What exactly: the JSON pointer or the byte, what is there, what is taken.
  public var detail: String

  /// A refusal.
  public init(_ reason: String, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }

  /// Both in one line.
  public var description: String { "\(reason): \(detail)" }
}

/// What is wrong with a profile's text, and where.
public struct ProfileError: Error, Sendable, CustomStringConvertible {
  /// `FILE:LINE:COLUMN: what is wrong; what would be right`.
  public var description: String

  init(_ description: String) {
    self.description = description
  }
}
