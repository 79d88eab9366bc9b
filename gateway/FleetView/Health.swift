/// How the gateway stands, as `/healthz` and `/readyz` tell it.
public struct GatewayHealth: Sendable, Equatable {
  /// How one part stands.
  public enum State: String, Sendable, Equatable {
    /// It works.
    case ok
    /// It does not, and the gateway is not ready for it.
    case failed
    /// It does not, and the gateway does its work all the same.
    case waiting
    /// It is not asked for.
    case notConfigured = "not-configured"
  }

  /// One thing the gateway depends on.
  public struct Part: Sendable, Equatable {
    /// `broker`, `journal`, or a sink's name.
    public var name: String
    /// How it stands.
    public var state: State
    /// What is wrong and what to do, for a person; without secrets, since the page shows it.
    public var detail: String

    /// One part as it stands.
    public init(_ name: String, _ state: State, _ detail: String = "") {
      self.name = name
      self.state = state
      self.detail = detail
    }
  }

  /// How long ago the ingest loop came round last, milliseconds. It comes round about once a second even when idle.
  public var loopIdleMilliseconds: Int64
  /// The parts: at least `broker` and `journal`, and each sink.
  public var parts: [Part]

  /// From here on the loop counts as stuck: six times the slowest commit on a bad card, so that nothing restarts a
  /// gateway that only waits for its disk.
  public static let stuckMilliseconds: Int64 = 30_000

  /// Health at one moment.
  public init(loopIdleMilliseconds: Int64, parts: [Part]) {
    self.loopIdleMilliseconds = loopIdleMilliseconds
    self.parts = parts
  }

  /// Whether the process is alive: its loop comes round.
  public var isAlive: Bool { loopIdleMilliseconds < Self.stuckMilliseconds }
  /// Whether every part that is asked for works.
  public var isReady: Bool { isAlive && parts.allSatisfy { $0.state != .failed } }
}
