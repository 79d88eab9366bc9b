import Foundation
import GatewayCore
import Testing

@testable import TimescaleSink

@Test func refusalAtStartUpGivesItsStateAndItsWords() {
  let text = """
    connection to server at "127.0.0.1", port 5433 failed: FATAL:  28P01: password authentication failed for user "bob"
    LOCATION:  auth_failed, auth.c:326
    """
  let (state, message) = splitVerboseError(text)
  #expect(state == "28P01")
  #expect(
    message
      == #"connection to server at "127.0.0.1", port 5433 failed: FATAL: password authentication failed for user "bob""#
  )
}

@Test func networkFaultHasNoState() {
  let (state, message) = splitVerboseError(
    "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs it?")
  #expect(state == nil)
  #expect(message.contains("Connection refused"))
}

@Test(arguments: [
  "postgresql://bob:hunter2@db.example:5433/iot", "host=db.example port=5433 user=bob password=hunter2 dbname=iot",
])
func addressForLogsHasNoPassword(_ target: String) {
  #expect(PostgresConnection.redacted(target) == "postgresql://bob@db.example:5433/iot")
}

@Test(arguments: [
  "host=db password=hunter2 hunter2", "postgresql://bob:hunter2@[db/iot", "postgresql://bob:hunter2%zz@db/iot",
  "postgres://bob:hunter2@db:port:hunter2/iot", "host=db password='hunter2",
  "postgres://bob:p@hunter2@db/iot", "postgres://bob:12/hunter2@db/iot",
])
func unreadableAddressIsNotRepeated(_ target: String) throws {
  let error = #expect(throws: PostgresError.self) { _ = try PostgresConnection(target) }
  #expect(error.map { "\($0)".contains("hunter2") } == false, "\(error!)")
  #expect(!PostgresConnection.redacted(target).contains("hunter2"))
}

@Test(
  arguments: [
    ("28P01", SinkError.Code.refusedCredentials), ("28000", .refusedCredentials), ("42501", .refusedCredentials),
    ("3D000", .schema), ("42P01", .schema), ("42703", .schema), ("22P03", .schema),
    ("53100", .busy), ("53300", .busy), ("25006", .busy), ("40001", .busy), ("40P01", .busy), ("57014", .busy),
    ("XX000", .busy), ("57P01", .unreachable), ("57P03", .unreachable), ("08006", .unreachable), (nil, .unreachable),
  ] as [(String?, SinkError.Code)])
func eachStateMeansOneKindOfFault(_ state: String?, _ code: SinkError.Code) {
  let error = PostgresError(sqlState: state, message: "no", doing: "trying", isConnectionLost: false)
  #expect(SinkError(error, at: "postgresql://db/iot").code == code)
}

@Test(
  arguments: [
    ("22021", true), ("22P02", true), ("23514", true), ("54000", true), ("P0001", true), ("22P03", false),
    ("53100", false),
    (nil, false),
  ] as [(String?, Bool)])
func onlyWhatTheDataIsToBlameForIsRefused(_ state: String?, _ refused: Bool) {
  let error = PostgresError(sqlState: state, message: "no", doing: "trying", isConnectionLost: false)
  #expect(error.refusesData == refused)
}

@Test func everyMigrationFileIsCarriedUnderItsNumber() throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../gateway/TimescaleSink/sql").standardizedFileURL
  let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  let carried = Migration.all.map { String(format: "%04d_", $0.version) + $0.name + ".sql" }
  #expect(files == carried)
  for (file, migration) in zip(files, Migration.all) {
    #expect(try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8) == migration.sql)
  }
}
