import GatewayCore

extension SinkError {
  /// What a fault of the database means for the sink, with the remedy.
  ///
  /// The classes are those of PostgreSQL's documentation, appendix A. A fault that no rule knows counts as `busy`: the
  /// batch stays in the journal and is tried again, which loses nothing.
  init(_ error: PostgresError, at address: String) {
    let (code, remedy) = Self.judge(error)
    self.init(code, "\(error) at \(address): \(remedy)")
  }

  private static func judge(_ error: PostgresError) -> (Code, String) {
    switch error.sqlState {
    case nil:
      return (.unreachable, "is it running, and are host and port right? It is tried again")
    case "3D000", "57P04":
      return (.schema, "create the database, then run `martlet migrate`")
    case "42P01", "42703", "42P10", "42804", "3F000", "22P03", "22P04":
      return (.schema, "run `martlet migrate`")
    case "42501":
      return (.refusedCredentials, "grant this role the right, or use the one that owns the tables")
    case "57014", "55P03":
      return (.busy, "it took longer than the statement timeout; it is tried again")
    case "57P01", "57P02", "57P03", "57P05":
      return (.unreachable, "it is stopping or starting; it is tried again")
    case "53100":
      return (.busy, "make room on the database's disk; it is tried again")
    case "53200":
      return (.busy, "the database is out of memory; it is tried again")
    case "0A000", "53400", "55000":
      return (.busy, "a chunk of today does not take rows: is it frozen, or compressed too early? It is tried again")
    case "40P01":
      return (.busy, "another transaction was in the way; it is tried again")
    case "53300":
      return (.busy, "raise max_connections or stop other clients; it is tried again")
    case "25006":
      return (.busy, "it is read-only, a standby perhaps: use the primary's address; it is tried again")
    case "XX000" where error.refusesPlace:
      return (.busy, "a chunk of today is frozen: unfreeze it; it is tried again")
    default: break
    }
    switch error.sqlClass {
    case "28": return (.refusedCredentials, "check user and password")
    case "08": return (.unreachable, "it is tried again")
    default:
      return error.isConnectionLost ? (.unreachable, "it is tried again") : (.busy, "it is tried again")
    }
  }
}
