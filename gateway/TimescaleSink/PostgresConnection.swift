import CPostgres

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One connection to PostgreSQL, with a deadline on every wait.
///
/// The only file that touches libpq. libpq itself would wait for ever on a server that is stopped but whose kernel
/// still acknowledges packets, so the socket is non-blocking and every wait is a `poll` with a deadline; after a
/// missed one the connection is closed.
///
/// ```swift
/// let connection = try PostgresConnection("postgresql://iotuser@127.0.0.1/iotdb")
/// let rows = try connection.rows("SELECT device_id FROM sensor_data WHERE boot = $1", ["17"], doing: "asking")
/// ```
///
/// Not for sharing between threads.
public final class PostgresConnection {
  /// How long to wait, and under which name to appear.
  public struct Options: Sendable {
    /// Seen in `pg_stat_activity`; the URI's own `application_name` wins.
    public var applicationName = "martlet"
    /// Until the server has accepted the credentials, in milliseconds.
    public var connectTimeoutMilliseconds = 10_000
    /// Until the answer to one statement, in milliseconds; `nil` waits as long as the connection lives.
    public var answerTimeoutMilliseconds: Int? = 60_000
    /// Until unacknowledged data means a dead peer, in milliseconds (`tcp_user_timeout`).
    public var tcpUserTimeoutMilliseconds = 30_000

    /// The defaults.
    public init() {}
  }

  /// Where it goes, without the password: `postgresql://user@host:port/database`.
  public let address: String
  /// How long to wait for the answer to one statement, in milliseconds; `nil` waits as long as the connection lives.
  public var answerTimeoutMilliseconds: Int?
  private var handle: OpaquePointer?
  private let warnings = Warnings()

  /// Connects.
  ///
  /// - Parameters:
  ///   - target: a URI (`postgresql://…`) or keywords (`host=… dbname=…`); what is missing comes from libpq's
  ///     environment variables, password file and service file.
  ///   - options: waits and name.
  /// - Throws: `PostgresError`, with the server's SQLSTATE where a server answered.
  public init(_ target: String, _ options: Options = Options()) throws(PostgresError) {
    let parameters = try Self.parse(target)
    address = Self.address(of: parameters)
    answerTimeoutMilliseconds = options.answerTimeoutMilliseconds

    // A later keyword wins over an earlier one: first our defaults, then the target, then what may not differ.
    let seconds = "\(max(2, options.connectTimeoutMilliseconds / 1000))"
    let settings: [(String, String)] = [
      ("fallback_application_name", options.applicationName), ("connect_timeout", seconds),
      ("keepalives", "1"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "\(options.tcpUserTimeoutMilliseconds)"), ("dbname", target), ("client_encoding", "UTF8"),
    ]
    handle = withCStrings(settings.map(\.0)) { keywords in
      withCStrings(settings.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
    }
    let doing = "connecting to \(address)"
    guard let handle else {
      throw PostgresError(sqlState: nil, message: "out of memory", doing: doing, isConnectionLost: true)
    }
    do throws(PostgresError) {
      try finishConnecting(handle, by: Deadline(options.connectTimeoutMilliseconds), doing)
      PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
      PQsetNoticeReceiver(handle, keepWarning, Unmanaged.passUnretained(warnings).toOpaque())
      if PQsetnonblocking(handle, 1) != 0 { throw lost(handle, doing) }
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Whether the last statement left a connection that can be used.
  public var isOpen: Bool { handle.map { PQstatus($0) == CONNECTION_OK } ?? false }

  /// The database's warnings since the last call, oldest first, at most 100.
  public func takeWarnings() -> [String] {
    defer { warnings.lines.removeAll() }
    return warnings.lines
  }

  /// Lets go of the server; a running transaction is rolled back there.
  public func close() {
    if let handle { PQfinish(handle) }
    handle = nil
  }

  /// Runs one or more statements without parameters and drops their rows.
  ///
  /// - Returns: how many rows the last statement touched.
  @discardableResult
  public func execute(_ sql: String, doing: String) throws(PostgresError) -> Int {
    let handle = try live(doing)
    guard PQsendQuery(handle, sql) == 1 else { throw lost(handle, doing) }
    var touched = 0
    try drain(handle, doing) { touched = affectedRows($0) }
    return touched
  }

  /// Runs one statement with text parameters, `$1` onwards.
  ///
  /// - Returns: the rows as text; SQL's null is `nil`.
  public func rows(_ sql: String, _ parameters: [String?] = [], doing: String) throws(PostgresError) -> [[String?]] {
    let handle = try live(doing)
    let sent = withOptionalCStrings(parameters) {
      PQsendQueryParams(handle, sql, Int32(parameters.count), nil, $0, nil, nil, 0)
    }
    guard sent == 1 else { throw lost(handle, doing) }
    var found: [[String?]] = []
    try drain(handle, doing) { result in
      for row in 0..<PQntuples(result) {
        found.append(
          (0..<PQnfields(result)).map { column in
            PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
          })
      }
    }
    return found
  }

  /// Sends `bytes` to `COPY … FROM STDIN`.
  ///
  /// - Returns: how many rows the database took.
  public func copyIn(_ sql: String, _ bytes: UnsafeRawBufferPointer, doing: String) throws(PostgresError) -> Int {
    let handle = try live(doing)
    guard PQsendQuery(handle, sql) == 1 else { throw lost(handle, doing) }
    let deadline = Deadline(answerTimeoutMilliseconds)
    let first = try nextResult(handle, by: deadline, doing)
    guard PQresultStatus(first) == PGRES_COPY_IN else {
      var refusal = first == nil ? lost(handle, doing) : failure(first, doing)
      PQclear(first)
      // What follows the first error adds nothing to it.
      _ = try? drain(handle, by: deadline, doing) { _ in }
      refusal.isConnectionLost = !isOpen
      throw refusal
    }
    PQclear(first)

    // In pieces, so that libpq's own buffer stays small when the server is slower than we are.
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(65_536))
      try put(handle, by: deadline, doing) {
        PQputCopyData(handle, piece.assumingMemoryBound(to: CChar.self).baseAddress, Int32(piece.count))
      }
      rest = rest.dropFirst(piece.count)
    }
    try put(handle, by: deadline, doing) { PQputCopyEnd(handle, nil) }
    var taken = 0
    try drain(handle, by: deadline, doing) { taken = affectedRows($0) }
    return taken
  }
}

// MARK: - Waiting

extension PostgresConnection {
  private func finishConnecting(_ handle: OpaquePointer, by deadline: Deadline, _ doing: String) throws(PostgresError) {
    // Only the verbose form of a refusal at start-up carries its SQLSTATE; libpq has no other way to ask for it.
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    guard PQstatus(handle) != CONNECTION_BAD else { throw lost(handle, doing) }
    var step = PGRES_POLLING_WRITING
    while step != PGRES_POLLING_OK {
      guard step != PGRES_POLLING_FAILED else { throw lost(handle, doing) }
      let events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT
      guard wait(handle, for: events, by: deadline) else {
        throw PostgresError(
          sqlState: nil, message: "no answer within \(deadline.span)", doing: doing, isConnectionLost: true)
      }
      step = PQconnectPoll(handle)
    }
  }

  /// Waits for the socket; `false` when the deadline has passed. An error on the socket is left for libpq to tell.
  private func wait(_ handle: OpaquePointer, for events: Int32, by deadline: Deadline) -> Bool {
    var watched = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
    while true {
      let ready = poll(&watched, 1, deadline.remainingMilliseconds)
      if ready > 0 { return true }
      if ready < 0 && errno != EINTR { return true }
      if ready == 0 && deadline.hasPassed { return false }
    }
  }

  /// The next result, or `nil` when the statement is finished.
  private func nextResult(
    _ handle: OpaquePointer, by deadline: Deadline, _ doing: String
  ) throws(PostgresError) -> OpaquePointer? {
    var unsent = PQflush(handle)
    while unsent == 1 || PQisBusy(handle) == 1 {
      try turn(handle, wanting: unsent == 1 ? POLLIN | POLLOUT : POLLIN, by: deadline, doing)
      unsent = PQflush(handle)
    }
    return PQgetResult(handle)
  }

  /// Repeats a call of COPY until libpq has room for it.
  private func put(
    _ handle: OpaquePointer, by deadline: Deadline, _ doing: String, _ call: () -> Int32
  ) throws(PostgresError) {
    while true {
      let taken = call()
      if taken == 1 {
        // Keeps what libpq holds back to about one piece.
        while PQflush(handle) == 1 { try turn(handle, wanting: POLLIN | POLLOUT, by: deadline, doing) }
        return
      }
      guard taken == 0 else {
        let error = lost(handle, doing)
        close()
        throw error
      }
      try turn(handle, wanting: POLLIN | POLLOUT, by: deadline, doing)
    }
  }

  /// One wait, and what it brought. Reading while writing matters: a server that cannot send its notices stops taking
  /// our data.
  private func turn(
    _ handle: OpaquePointer, wanting events: Int32, by deadline: Deadline, _ doing: String
  ) throws(PostgresError) {
    guard wait(handle, for: events, by: deadline) else {
      close()
      throw PostgresError(
        sqlState: nil, message: "no answer within \(deadline.span)", doing: doing, isConnectionLost: true)
    }
    // A failure is reported by PQgetResult together with what the server said before it went.
    _ = PQconsumeInput(handle)
  }

  /// Takes every result of the running statement; throws the first error among them.
  private func drain(
    _ handle: OpaquePointer, by deadline: Deadline? = nil, _ doing: String, _ each: (OpaquePointer) -> Void
  ) throws(PostgresError) {
    let deadline = deadline ?? Deadline(answerTimeoutMilliseconds)
    var failed: PostgresError?
    while let result = try nextResult(handle, by: deadline, doing) {
      defer { PQclear(result) }  // libpq results outlive their connection
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: each(result)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        // libpq would hand out this result again and again.
        close()
        throw PostgresError(
          sqlState: nil, message: "COPY begun where no data was meant to flow", doing: doing, isConnectionLost: true)
      default: failed = failed ?? failure(result, doing)
      }
    }
    if var failed {
      failed.isConnectionLost = PQstatus(handle) != CONNECTION_OK
      throw failed
    }
    guard PQstatus(handle) == CONNECTION_OK else { throw lost(handle, doing) }
  }
}

// MARK: - Errors

extension PostgresConnection {
  private func live(_ doing: String) throws(PostgresError) -> OpaquePointer {
    guard let handle, PQstatus(handle) == CONNECTION_OK else {
      throw PostgresError(sqlState: nil, message: "the connection is closed", doing: doing, isConnectionLost: true)
    }
    return handle
  }

  private func failure(_ result: OpaquePointer?, _ doing: String) -> PostgresError {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
    }
    // PG_DIAG_SQLSTATE 'C', PG_DIAG_MESSAGE_PRIMARY 'M', PG_DIAG_MESSAGE_DETAIL 'D', PG_DIAG_CONTEXT 'W'
    var message = field("M") ?? String(cString: PQresultErrorMessage(result)).trimmedLines
    if let detail = field("D") { message += ": \(detail)" }
    return PostgresError(sqlState: field("C"), message: message, doing: doing, isConnectionLost: false)
  }

  /// The connection's own error: libpq's words, or a refusal at start-up with the SQLSTATE inside its text.
  private func lost(_ handle: OpaquePointer, _ doing: String) -> PostgresError {
    let text = String(cString: PQerrorMessage(handle)).trimmedLines
    let (state, message) = splitVerboseError(text)
    return PostgresError(sqlState: state, message: message, doing: doing, isConnectionLost: true)
  }

  private func affectedRows(_ result: OpaquePointer) -> Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }
}

// MARK: - The target

extension PostgresConnection {
  /// The target without its password, for logs: `postgresql://user@host:port/database`.
  ///
  /// A target that cannot be read is not repeated at all, since nobody knows where its password stands.
  public static func redacted(_ target: String) -> String {
    guard let parameters = try? parse(target) else { return "an unreadable database address" }
    return address(of: parameters)
  }

  private static func parse(_ target: String) throws(PostgresError) -> [String: String] {
    // Keywords without any "=", such as a bare name, are libpq's dbname.
    guard target.contains("=") || target.hasPrefix("postgresql://") || target.hasPrefix("postgres://") else {
      return ["dbname": target]
    }
    var words: UnsafeMutablePointer<CChar>?
    guard let list = PQconninfoParse(target, &words) else {
      let said = words.map { String(cString: $0).trimmedLines } ?? "out of memory"
      PQfreemem(words)
      throw PostgresError(
        sqlState: nil, message: withoutQuoted(said), doing: "reading the database's address", isConnectionLost: true)
    }
    defer { PQconninfoFree(list) }
    var parameters: [String: String] = [:]
    var option = list
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    // A password with a raw @, /, ? or : spills into these, and they are shown.
    let spilled = parameters["host", default: ""].contains("@") || parameters["dbname", default: ""].contains("@")
    let digits = parameters["port", default: ""].utf8.allSatisfy { 48...57 ~= $0 || $0 == UInt8(ascii: ",") }
    guard !spilled && digits else {
      throw PostgresError(
        sqlState: nil, message: "host, port or name is not one: write @ / ? : of a password as %40 %2F %3F %3A",
        doing: "reading the database's address", isConnectionLost: true)
    }
    return parameters
  }

  private static func address(of parameters: [String: String]) -> String {
    let user = parameters["user"].map { "\($0)@" } ?? ""
    let host = parameters["host"] ?? parameters["hostaddr"] ?? ""
    let port = parameters["port"].map { ":\($0)" } ?? ""
    return "postgresql://\(user)\(host)\(port)/\(parameters["dbname"] ?? "")"
  }
}

// MARK: - C

/// What the database says without being asked, kept for whoever asks.
private final class Warnings {
  var lines: [String] = []
}

/// libpq's notice receiver: keeps warnings, drops notices.
private func keepWarning(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context, let result else { return }
  let warnings = Unmanaged<Warnings>.fromOpaque(context).takeUnretainedValue()
  // PG_DIAG_SEVERITY_NONLOCALIZED 'V'
  guard let severity = PQresultErrorField(result, 0x56), String(cString: severity) == "WARNING",
    let message = PQresultErrorField(result, 0x4D), warnings.lines.count < 100
  else { return }
  warnings.lines.append(String(cString: message))
}

/// Calls `body` with a null-terminated list of C strings.
private func withCStrings<R>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
  withOptionalCStrings(strings.map(Optional.some), body)
}

/// Calls `body` with a list of C strings, a null pointer for each `nil`, and a null at the end.
private func withOptionalCStrings<R>(
  _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
  let copies = strings.map { $0.map { UnsafePointer(strdup($0)!) } } + [nil]
  defer { for case .some(let copy) in copies { free(UnsafeMutablePointer(mutating: copy)) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}

extension String {
  /// Without white space at either end.
  fileprivate var trimmedLines: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text.drop { $0.isWhitespace })
  }
}
