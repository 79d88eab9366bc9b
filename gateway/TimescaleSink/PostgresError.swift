/// What the database, or the way to it, said.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// The five characters of the SQLSTATE (PostgreSQL documentation, appendix A), or `nil` where the fault lies on the
  /// way: no name, no route, refused, cut, or no answer in time.
  public var sqlState: String?
  /// The database's words, or libpq's; never a password.
  public var message: String
  /// What was being done, as the end of «while …».
  public var doing: String
  /// Whether the connection is gone: only a new one helps.
  public var isConnectionLost: Bool

  /// A fault with its cause.
  public init(sqlState: String?, message: String, doing: String, isConnectionLost: Bool) {
    self.sqlState = sqlState
    self.message = message
    self.doing = doing
    self.isConnectionLost = isConnectionLost
  }

  /// `doing: message (SQLSTATE …)`.
  public var description: String {
    "\(doing): \(message)" + (sqlState.map { " (SQLSTATE \($0))" } ?? "")
  }

  /// The first two characters of the SQLSTATE: the class of the fault.
  var sqlClass: String? { sqlState.map { String($0.prefix(2)) } }
}

extension PostgresError {
  /// Whether the database refuses the data for what it is, so that the same data will always be refused.
  ///
  /// Class 22 is data exceptions, 23 constraints, P0001 a trigger that raises, 54000 a value too large for an index.
  /// 22P03 and 22P04 speak of COPY's own format, and so of a column whose type is not what was migrated; no row is at
  /// fault for that.
  var refusesData: Bool {
    switch sqlState {
    case "22P03", "22P04": false
    case "54000", "P0001": true
    default: sqlClass == "22" || sqlClass == "23"
    }
  }

  /// Whether the place where a row belongs does not take it: a chunk that is frozen, or compressed by another edition (0A000), a limit
  /// on what may be decompressed for it (53400), an object in the wrong state (55000). TimescaleDB 2.19 also tells of a frozen chunk as
  /// an internal error.
  ///
  /// Such a row would hold up everything behind it for ever; but the same states also tell of faults that have
  /// nothing to do with the row, so only a row of an old chunk is let go for them.
  var refusesPlace: Bool {
    switch sqlState {
    case "0A000", "53400", "55000": true
    case "XX000": message.contains("frozen chunk")
    default: false
    }
  }

  /// Whether a unique key is already taken.
  var isUniqueViolation: Bool { sqlState == "23505" }
}

// MARK: - libpq's texts

/// Splits `… FATAL:  28P01: password authentication failed …\nLOCATION:  …` into the state and the words.
///
/// The word before the state is translated by the server, so the state is found by its shape; with several hosts tried,
/// the last one counts.
func splitVerboseError(_ text: String) -> (sqlState: String?, message: String) {
  var lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
  var state: String?
  for (index, line) in lines.enumerated() {
    let fields = line.split(separator: ":", omittingEmptySubsequences: false)
    for (position, field) in fields.enumerated().dropFirst() where position < fields.count - 1 {
      let candidate = field.drop { $0 == " " }
      let isState = candidate.utf8.count == 5 && candidate.utf8.allSatisfy { 48...57 ~= $0 || 65...90 ~= $0 }
      guard isState, candidate.utf8.contains(where: { 48...57 ~= $0 }), field.hasPrefix("  ") else { continue }
      state = String(candidate)
      lines[index] = Substring((fields[..<position] + fields[(position + 1)...]).joined(separator: ":"))
    }
  }
  return (state, lines.joined(separator: "; "))
}

/// libpq quotes what it could not read, and that may be a password: everything between the quotes goes.
func withoutQuoted(_ text: String) -> String {
  guard let first = text.firstIndex(of: "\""), let last = text.lastIndex(of: "\""), first < last else { return text }
  return text[...first] + "…" + text[last...]
}
