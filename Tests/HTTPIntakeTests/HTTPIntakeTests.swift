import GatewayCore
import HTTPTesting
import HTTPTypes
import Hummingbird
import Ingest
import Logging
import Synchronization
import Testing

@testable import HTTPIntake

/// A store in memory, with the journal's rule for duplicates, that can be full.
final class MemoryStore: Store {
  private let state = Mutex<(entries: [Entry], letters: [DeadLetter], isFull: Bool)>(([], [], false))

  var entries: [Entry] { state.withLock { $0.entries } }
  var letters: [DeadLetter] { state.withLock { $0.letters } }
  func fill() { state.withLock { $0.isFull = true } }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult {
    let result: CommitResult? = state.withLock { state in
      if state.isFull { return nil }
      let isNew = batch.entries.map { entry in
        let isNew = !state.entries.contains {
          $0.device == entry.device && $0.boot == entry.boot && $0.seq == entry.seq
        }
        if isNew { state.entries.append(entry) }
        return isNew
      }
      state.letters += batch.deadLetters
      return CommitResult(isNew: isNew, lastID: Int64(state.entries.count))
    }
    guard let result else { throw StoreError(.full, "no room") }
    return result
  }

  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] { [] }
  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
  func devices() throws(StoreError) -> [String] { [] }
  func advance(sink: String, to id: Int64) throws(StoreError) {}
  func bury(_ letters: [DeadLetter]) throws(StoreError) {}
  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }
  func statistics() throws(StoreError) -> StoreStatistics {
    StoreStatistics(entries: 0, lastID: 0, deadLetters: 0, bytes: 0, cursors: [:])
  }
}

@Suite(.timeLimit(.minutes(1))) struct HTTPIntakeTests {
  private let store = MemoryStore()

  /// Asks an intake on a store, and ends its thread.
  private func post(
    _ body: String, key: String? = "secret-key", path: String = "/v1/readings"
  ) async throws -> (status: Int, text: String) {
    let intake = ReadingIntake(
      store: store, committed: CommitSignal(), metrics: GatewayMetrics(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    intake.start()
    defer { intake.stop() }
    return try await ask(body, key, path) { await intake.take($0) }
  }

  private func ask(
    _ body: String, _ key: String?, _ path: String = "/v1/readings",
    take: @escaping @Sendable ([[UInt8]]) async -> ReadingIntake.Outcome
  ) async throws -> (status: Int, text: String) {
    let router = Router(context: DirectContext.self)
    HTTPIntake(key: "secret-key", take: take).addRoutes(to: router)
    var headers: HTTPFields = [:]
    if let key, let name = HTTPField.Name("X-API-Key") { headers[name] = key }
    let answer = try await RouterClient(router).post(path, body: Array(body.utf8), headers: headers)
    return (answer.status.code, answer.text)
  }

  private let former =
    #"{"device_id":"Garage02","temperature":"72.5","pressure":29.92,"timestamp":"2026-11-20T08:00:00Z"}"#
  private let own =
    #"{"v":2,"device_id":"Attic06","boot":17,"seq":1,"event_type":"heartbeat","temperature":22.53,"timestamp":"2026-11-20T08:00:00Z"}"#

  @Test func readingIsDurableWhenTheAnswerIs202() async throws {
    let answer = try await post(former)
    #expect(answer.status == 202)
    #expect(answer.text == #"{"accepted":1,"duplicates":0,"refused":[]}"# + "\n")
    #expect(store.entries.map(\.device) == ["Garage02"])
    #expect(store.entries.map { Profiles.row(from: $0).temperatureCentiCelsius } == [2250])
  }

  @Test func sameReadingAgainIsAcceptedAndKeptOnce() async throws {
    _ = try await post(own)
    let answer = try await post(own)
    #expect(answer.status == 202)
    #expect(answer.text == #"{"accepted":1,"duplicates":1,"refused":[]}"# + "\n")
    #expect(store.entries.count == 1)
  }

  @Test func arrayIsTakenWholeAndWhatIsWrongIsNamed() async throws {
    let answer = try await post("[\(own) , \(former),{\"device_id\":\"x/y\"}, 7 ]")
    #expect(answer.status == 202)
    #expect(answer.text.hasPrefix(#"{"accepted":2,"duplicates":0,"refused":[{"index":2,"reason":"identity-mismatch""#))
    #expect(answer.text.contains(#"{"index":3,"reason":"not-an-object""#))
    #expect(store.entries.map(\.device) == ["Attic06", "Garage02"])
    #expect(store.letters.map(\.reason) == ["identity-mismatch", "not-an-object"])
  }

  @Test(arguments: [
    ("", 400, "not-json"), ("hello", 400, "not-json"), ("[]", 400, "missing-field"), ("[1,", 400, "not-json"),
    ("[{}] x", 400, "not-json"), (#"{"v":2,"device_id":"A"}"#, 400, "missing-field"), ("{}", 400, ""),
  ])
  func bodyThatHoldsNoReadingIsRefusedByName(_ body: String, _ status: Int, _ reason: String) async throws {
    let answer = try await post(body)
    if body == "{}" {
      // Version 1 may lack everything, but here nothing says whose it is.
      #expect(answer.text.contains("missing-field") || answer.status == 202, "\(answer)")
      return
    }
    #expect(answer.status == status, "\(answer)")
    #expect(answer.text.contains(#""reason":"\#(reason)""#), "\(answer)")
    #expect(store.entries.isEmpty)
  }

  @Test(arguments: [nil, "", "secret-ke", "secret-key2", "Secret-key"])
  func wrongKeyIs401AndNothingIsRead(_ key: String?) async throws {
    let answer = try await post(former, key: key)
    #expect(answer.status == 401)
    #expect(store.entries.isEmpty)
  }

  @Test func tooLargeIs413() async throws {
    #expect(try await post(String(repeating: "x", count: HTTPIntake.bodyLimit + 1)).status == 413)
    let many = "[" + Array(repeating: "1", count: HTTPIntake.readingLimit + 1).joined(separator: ",") + "]"
    let answer = try await post(many)
    #expect(answer.status == 413)
    #expect(answer.text.contains("too-many"))
  }

  @Test func fullStoreIs503AndNothingIsKept() async throws {
    store.fill()
    #expect(try await post(former).status == 503)
    #expect(store.entries.isEmpty)
  }

  @Test func tooManyWaitingIs429() async throws {
    #expect(try await ask(former, "secret-key") { _ in .busy }.status == 429)
    // Nobody works it off: the thread was not started.
    let intake = ReadingIntake(
      store: store, committed: CommitSignal(), metrics: GatewayMetrics(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let tooMany = Array(repeating: Array(former.utf8), count: ReadingIntake.waitingLimit + 1)
    #expect(await intake.take(tooMany) == .busy)
  }
}
