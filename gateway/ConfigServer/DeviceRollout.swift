import ConfigModel

/// What a device's status message says of its configuration (protocol/configuration.md, "On trial").
public struct DeviceReport: Sendable, Equatable {
  /// `config_state`; `nil`: the device says nothing of it, as the former fleet does not.
  public var state: String?
  /// The tag of what runs.
  public var running: String
  /// The tag of what was refused, and the reason.
  public var refused: String?
  /// `config_reason`.
  public var reason: String?
  /// The keys whose values were refused.
  public var refusedKeys: [String]
  /// How many more.
  public var refusedMore: Int
  /// Whether the device is connected.
  public var isOnline: Bool

  /// Reads a status message; `nil` where it is none. Text that is longer than any of ours is cut.
  public init?(status payload: [UInt8]) {
    guard payload.count <= 4096, let value = try? JSONValue(parsing: payload), let word = value["state"]?.text else {
      return nil
    }
    func text(_ key: String) -> String? { value[key]?.text.map { String($0.prefix(128)) } }
    isOnline = word == "online"
    state = text("config_state")
    running = text("config") ?? ""
    refused = text("config_refused")
    reason = text("config_reason")
    refusedKeys = (value["refused"]?.elements ?? []).prefix(32).compactMap { $0.text.map { String($0.prefix(128)) } }
    if case .number(let digits)? = value["refused_more"] { refusedMore = Int(digits) ?? 0 } else { refusedMore = 0 }
  }
}

/// How far a device is with the configuration it is to have.
public enum DeviceRollout: Sendable, Equatable {
  /// It has not come for it yet.
  case wanted
  /// It was given it, and says nothing of it yet.
  case fetched
  /// It runs it, on trial: it has not reached the gateway under it yet.
  case onTrial
  /// It runs it; of these keys it refused the values and kept its own.
  case running(refusedKeys: [String], more: Int)
  /// It could not take it.
  case refused(reason: String)
  /// It ran it, did not reach the gateway, and went back to the last good one.
  case returned(reason: String)

  /// - Parameters:
  ///   - wanted: the tag of what it is to have.
  ///   - fetched: the tag of what it was given last.
  ///   - report: what it said last.
  public init(wanted: String, fetched: String?, report: DeviceReport?) {
    let state = report?.state
    if let report, report.running == wanted {
      self = state == "trial" ? .onTrial : .running(refusedKeys: report.refusedKeys, more: report.refusedMore)
    } else if let report, report.refused == wanted {
      let reason = report.reason ?? "unknown"
      self = state == "refused" ? .refused(reason: reason) : .returned(reason: reason)
    } else if fetched == wanted {
      // While the last good one is compared with it, the status names that.
      self = state == "comparing" ? .onTrial : .fetched
    } else {
      self = .wanted
    }
  }

  /// One word.
  public var word: String {
    switch self {
    case .wanted: "wanted"
    case .fetched: "fetched"
    case .onTrial: "on trial"
    case .running: "running"
    case .refused: "refused"
    case .returned: "returned"
    }
  }

  /// Why, in the device's words, where there is something to say.
  public var detail: String? {
    switch self {
    case .wanted, .fetched, .onTrial: nil
    case .running(let keys, let more):
      keys.isEmpty
        ? nil : "values refused: \(keys.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : "")
    case .refused(let reason), .returned(let reason): reason
    }
  }

  /// Whether the device does not have all that it is to have.
  public var isDrift: Bool { self != .running(refusedKeys: [], more: 0) }
}
