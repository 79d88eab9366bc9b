import Foundation
import GatewayCore
import Logging
import Synchronization

@testable import TimescaleSink

/// A fresh database on the server that `scripts/test-with-database` started, gone when the test ends.
final class DatabaseFixture {
  static let server = ProcessInfo.processInfo.environment["MARTLET_TEST_DATABASE"]
  static let skip = "MARTLET_TEST_DATABASE is not set: run this through scripts/test-with-database"
  private static let counter = Atomic<Int>(0)

  let name: String
  let uri: String

  init(_ server: String? = nil) throws {
    let server = server ?? Self.server!
    name = "martlet_\(getpid())_\(Self.counter.add(1, ordering: .relaxed).newValue)"
    administration = server
    uri = Self.with(database: name, server)
    let connection = try PostgresConnection(server)
    try connection.execute("CREATE DATABASE \(name)", doing: "making a database")
  }

  private let administration: String

  deinit {
    let connection = try? PostgresConnection(administration)
    _ = try? connection?.execute("DROP DATABASE \(name) WITH (FORCE)", doing: "dropping a database")
  }

  /// The URI with another database.
  static func with(database: String, _ uri: String) -> String {
    uri[...uri.lastIndex(of: "/")!] + database
  }

  /// The URI with another user and password.
  static func with(user: String, password: String, _ uri: String) -> String {
    "postgresql://\(user):\(password)" + uri[uri.lastIndex(of: "@")!...]
  }

  func connect() throws -> PostgresConnection { try PostgresConnection(uri) }

  func migrated() throws -> DatabaseFixture {
    _ = try Migrator.migrate(try connect())
    return self
  }

  func sink(gateway: String = "attic", journal: String = "j1") -> TimescaleSink {
    TimescaleSink(settings(gateway: gateway, journal: journal), logger: Logger(label: "test"))
  }

  func settings(gateway: String = "attic", journal: String = "j1") -> TimescaleSink.Settings {
    TimescaleSink.Settings(database: uri, gateway: gateway, journal: journal)
  }

  /// The rows of a query, columns joined with `|`, null as `-`.
  func ask(_ sql: String) throws -> [String] {
    try connect().rows(sql, doing: "asking").map { row in row.map { $0 ?? "-" }.joined(separator: "|") }
  }
}

/// Waits until a query gives `true`; the server sleeps between two looks.
func waitFor(_ sql: String, at uri: String, seconds: Int = 20) throws {
  let connection = try PostgresConnection(uri)
  let end = ContinuousClock.now + .seconds(seconds)
  while try connection.rows(sql, doing: "waiting").first?[0] != "t" {
    guard ContinuousClock.now < end else { throw Expired(sql: sql) }
    try connection.execute("SELECT pg_sleep(0.01)", doing: "waiting")
  }
}

/// Something that happens beside the test, on a thread of its own: Swift's few are taken by tests that wait.
final class Aside<Value: Sendable>: Sendable {
  private let result: Mutex<Result<Value, any Error>?>
  private let thread: Mutex<DedicatedThread?>

  init(_ body: @escaping @Sendable () throws -> Value) {
    result = Mutex(nil)
    thread = Mutex(nil)
    thread.withLock {
      $0 = DedicatedThread(name: "aside") {
        let outcome = Result { try body() }
        self.result.withLock { $0 = outcome }
      }
    }
  }

  /// Waits for the end.
  func value() throws -> Value {
    thread.withLock { $0 }?.join()
    return try result.withLock { $0! }.get()
  }
}

struct Expired: Error { let sql: String }

/// `scripts/testbed` with the server of these tests.
enum Testbed {
  static let environment = ProcessInfo.processInfo.environment
  static let script = environment["MARTLET_TEST_TESTBED"]
  static let data = environment["MARTLET_TEST_DATABASE_DATA"]
  static let skip = "MARTLET_TEST_TESTBED is not set: run this through scripts/test-with-database"

  /// Runs one command; its standard output without the last line break.
  @discardableResult
  static func run(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: script!)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(status: process.terminationStatus) }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  struct Failed: Error { let status: Int32 }
}

extension TimescaleSink {
  /// Delivers, the cursor moving to one entry.
  func deliver(_ rows: [Row], upTo id: Int64) throws(SinkError) -> Delivery {
    try deliver(rows, to: SinkPosition(upTo: id))
  }
}

/// Rows one second apart from 2026-11-23 22:45:29 UTC on.
func rows(_ seqs: ClosedRange<Int64>, device: String = "Attic06", boot: Int64 = 17) -> [Row] {
  seqs.map { seq in
    let time = 1_795_473_929_000_000 + seq * 1_000_000
    var row = Row(
      device: device, boot: boot, seq: seq, timestamp: time, timeSource: .device, received: time + 250_000)
    row.event = "heartbeat"
    row.temperatureCentiCelsius = 2253
    row.humidityCentiPercent = 4512
    row.pressurePascals = 101_325
    row.motion = false
    row.switchClosed = true
    row.sensorType = "BME280"
    row.quality = "ok"
    row.wifiRSSI = -61
    row.uptimeMilliseconds = 3_600_123
    row.version = "1.0.0"
    return row
  }
}
