/// The rows of a query a page at a time, as they were at its start: neither side holds all of them.
///
/// ```swift
/// var pages = try PagedRows(connection, "SELECT … ORDER BY …")
/// while let page = try pages.next() { … }
/// ```
///
/// A cursor in a read-only transaction of its own; the connection is for nothing else until `finish`.
public struct PagedRows {
  /// How many rows a page has at most.
  public static let pageRows = 5000

  private let connection: PostgresConnection
  private let doing: String

  /// Begins.
  ///
  /// - Parameter sql: one SELECT; values in it have been through `literal`.
  public init(_ connection: PostgresConnection, _ sql: String, doing: String) throws(PostgresError) {
    self.connection = connection
    self.doing = doing
    try connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", doing: doing)
    try connection.execute("DECLARE martlet_pages NO SCROLL CURSOR FOR \(sql)", doing: doing)
  }

  /// Passes over rows.
  public func skip(_ count: Int64) throws(PostgresError) {
    if count > 0 { try connection.execute("MOVE FORWARD \(count) FROM martlet_pages", doing: doing) }
  }

  /// The next rows as text, or `nil` after the last.
  public func next() throws(PostgresError) -> [[String?]]? {
    let rows = try connection.rows("FETCH FORWARD \(Self.pageRows) FROM martlet_pages", doing: doing)
    return rows.isEmpty ? nil : rows
  }

  /// Ends the transaction.
  public func finish() throws(PostgresError) { try connection.execute("COMMIT", doing: doing) }

  /// A text as SQL writes it; `standard_conforming_strings` is on since PostgreSQL 9.1.
  public static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  /// A name, also `schema.table`, as SQL writes it.
  public static func name(_ text: String) -> String {
    text.split(separator: ".", omittingEmptySubsequences: false).map { part in
      "\"" + part.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }.joined(separator: ".")
  }
}
