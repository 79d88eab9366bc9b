import Telemetry

/// A configuration on trial: it is kept only once the gateway was reached under it, and fails only against its predecessor.
///
///         arrive              reached
///     kept ─────► trial ─────────────► kept (the new one)
///                  │ ▲
///        time is up│ │time is up: the old one does not reach it either, so the network is at fault
///                  ▼ │
///              comparing ────────────► returned (the old one; the new one is refused)
///                           reached
///
/// Time counts only while Wi-Fi is joined.
struct ConfigurationTrial: Sendable {
  /// How long either configuration has to reach the gateway, in ms of joined Wi-Fi.
  static var patienceMilliseconds: UInt32 { 300_000 }

  /// What the status message calls it.
  enum State: UInt8, Equatable, Sendable {
    /// The one that runs is the last good one.
    case running
    /// A new one runs and has not reached the gateway yet.
    case trial
    /// The last good one runs again, to see whether the network or the new one is at fault.
    case comparing
    /// The new one was refused because only the last good one reaches the gateway.
    case returned
    /// The new one was refused as it stands: it is not JSON.
    case refused

    /// The name in the status message.
    var name: StaticString {
      switch self {
      case .running: "running"
      case .trial: "trial"
      case .comparing: "comparing"
      case .returned: "returned"
      case .refused: "refused"
      }
    }
  }

  private(set) var state = State.running
  /// The configuration under which the gateway was last reached.
  private(set) var lastGood: TaggedConfiguration
  /// Whether there is a newer one that is neither kept nor refused.
  private(set) var hasCandidate = false
  /// That one. No optional: of two hundred bytes in place that is a kilobyte of code on a small chip.
  private var newer: TaggedConfiguration
  /// Of the configuration that was refused last; not tried again, by later lives neither.
  private(set) var refusedTag = InlineBytes<64>()
  /// A reading of this boot from here on proves, by its acknowledgement, that the gateway is reached.
  private(set) var provedBySeq: UInt32 = 0
  private var elapsedMilliseconds: UInt32 = 0

  init(lastGood: TaggedConfiguration) {
    self.lastGood = lastGood
    newer = lastGood
  }

  /// The newer one, while it is neither kept nor refused.
  var candidate: TaggedConfiguration? { hasCandidate ? newer : nil }

  /// Whether `tag` is the candidate's.
  func isCandidate(_ tag: InlineBytes<64>) -> Bool { hasCandidate && newer.tag == tag }

  /// Whether it is open which of two configurations will be kept.
  var isOpen: Bool { state == .trial || state == .comparing }

  /// Writes the one that is to run. Mutating, so that nothing is copied for it but that.
  mutating func writeActive(_ configuration: inout NodeConfiguration, _ tag: inout InlineBytes<64>) {
    if state == .trial, hasCandidate {
      configuration = newer.configuration
      tag = newer.tag
    } else {
      configuration = lastGood.configuration
      tag = lastGood.tag
    }
  }

  mutating func begin(_ new: TaggedConfiguration, nextSeq: UInt32) {
    newer = new
    hasCandidate = true
    run(.trial, nextSeq)
  }

  mutating func refuse(_ tag: InlineBytes<64>) {
    refusedTag = tag
    if !isOpen { state = .refused }
  }

  /// What is to be remembered of the refused one; `nil` when none was.
  var refused: RefusedConfiguration? {
    if refusedTag.isEmpty { return nil }
    return RefusedConfiguration(
      tag: refusedTag, reason: state == .returned ? .gatewayNotReached : state == .refused ? .notJSON : .past)
  }

  /// What an earlier life remembered.
  mutating func restore(_ refused: RefusedConfiguration) {
    refusedTag = refused.tag
    switch refused.reason {
    case .past: break
    case .gatewayNotReached: state = .returned
    case .notJSON: state = .refused
    }
  }

  /// The newest document is the one that is kept.
  mutating func settle() {
    hasCandidate = false
    state = .running
  }

  /// - Returns: `true` when the other configuration is to run from now on.
  mutating func advance(milliseconds: UInt32, nextSeq: UInt32) -> Bool {
    guard isOpen else { return false }
    let (sum, overflows) = elapsedMilliseconds.addingReportingOverflow(milliseconds)
    elapsedMilliseconds = overflows ? .max : sum
    guard elapsedMilliseconds >= Self.patienceMilliseconds else { return false }
    run(state == .trial ? .comparing : .trial, nextSeq)
    return true
  }

  /// The gateway was reached under the configuration that runs.
  ///
  /// - Returns: `true` when that decided something.
  mutating func gatewayReached() -> Bool {
    guard isOpen, hasCandidate else { return false }
    if state == .trial {
      lastGood = newer
      state = .running
    } else {
      refusedTag = newer.tag
      state = .returned
    }
    hasCandidate = false
    return true
  }

  private mutating func run(_ state: State, _ nextSeq: UInt32) {
    self.state = state
    elapsedMilliseconds = 0
    provedBySeq = nextSeq
  }
}
