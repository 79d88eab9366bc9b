public import ConfigModel

/// One saved state of the fleet's configuration.
public struct ConfigVersion: Sendable, Equatable {
  /// Ascends from 1, without gaps unless the oldest were let go.
  public var number: Int64
  /// When it was saved, microseconds since 1970 UTC.
  public var saved: Int64
  /// Who saved it.
  public var author: String
  /// Why, in the author's words.
  public var note: String
  /// The whole document.
  public var document: JSONValue
}

/// A version without its document, for lists.
public struct ConfigVersionSummary: Sendable, Equatable {
  /// As in `ConfigVersion`.
  public var number: Int64
  /// As in `ConfigVersion`.
  public var saved: Int64
  /// As in `ConfigVersion`.
  public var author: String
  /// As in `ConfigVersion`.
  public var note: String
}

/// What a save did.
public struct ConfigSaved: Sendable, Equatable {
  /// The version that holds now.
  public var version: ConfigVersion
  /// Whether it is a new one; `false` where the document said what the newest said already.
  public var isNew: Bool
  /// What is to be said against it; no fault, perhaps warnings.
  public var report: ConfigReport
}

/// A device that asked for its configuration and is not in the list.
public struct NewDevice: Sendable, Equatable {
  /// Its id.
  public var id: String
  /// When it asked first, microseconds since 1970 UTC.
  public var first: Int64
  /// When it asked last.
  public var last: Int64
  /// From which address it asked last; empty where that is not known.
  public var address: String

  /// A device that asked.
  public init(id: String, first: Int64, last: Int64, address: String) {
    self.id = id
    self.first = first
    self.last = last
    self.address = address
  }
}
