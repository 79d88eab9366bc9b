public import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
import Synchronization

/// Asks a router without a socket, so that a test reads as a dialogue.
///
/// ```swift
/// let client = RouterClient(router)
/// let answer = try await client.get("/ping")
/// #expect(answer.text == "pong")
/// ```
///
/// It stands where HummingbirdTesting could: that one would build an HTTP client, HTTP/2 and a TLS library for this.
public struct RouterClient: Sendable {
  private let responder: RouterResponder<DirectContext>

  /// A client of what the router has now.
  public init(_ router: Router<DirectContext>) {
    responder = router.buildResponder()
  }

  /// Gets a path.
  public func get(_ path: String, headers: HTTPFields = [:]) async throws -> Answer {
    try await ask(.get, path, headers)
  }

  /// Gets only the head of a path.
  public func head(_ path: String, headers: HTTPFields = [:]) async throws -> Answer {
    try await ask(.head, path, headers)
  }

  /// Posts nothing to a path.
  public func post(_ path: String) async throws -> Answer {
    try await ask(.post, path, [:])
  }

  /// Posts a body to a path.
  public func post(_ path: String, body: [UInt8], headers: HTTPFields = [:]) async throws -> Answer {
    try await ask(.post, path, headers, body)
  }

  /// Gets a path whose answer comes bit by bit, and calls `onPart` with each; the answer ends when that throws.
  public func stream(_ path: String, onPart: @escaping @Sendable (String) async throws -> Void) async throws {
    let response = try await respond(.get, path, [:])
    try await response.body.write(StreamWriter(onPart: onPart))
  }

  private func ask(
    _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ body: [UInt8] = []
  ) async throws -> Answer {
    let response = try await respond(method, path, headers, body)
    let collected = Collected()
    try await response.body.write(CollectingWriter(collected: collected))
    return Answer(status: response.status, headers: response.headers, bytes: collected.bytes.withLock { $0 })
  }

  private func respond(
    _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields, _ body: [UInt8] = []
  ) async throws -> Response {
    let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: headers)
    let context = DirectContext(
      source: DirectContext.Source(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    return try await responder.respond(
      to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))), context: context)
  }
}

/// What a router answered.
public struct Answer: Sendable {
  /// The status.
  public var status: HTTPResponse.Status
  /// The header fields.
  public var headers: HTTPFields
  /// The body.
  public var bytes: [UInt8]
  /// The body as text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The context of a request that came through no channel.
public struct DirectContext: RequestContext {
  /// Where such a context comes from.
  public struct Source: RequestContextSource {
    /// The request's logger.
    public var logger: Logger
  }

  /// What Hummingbird keeps of a request.
  public var coreContext: CoreRequestContextStorage

  /// A context of a source.
  public init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
  }
}

private final class Collected: Sendable {
  let bytes = Mutex<[UInt8]>([])
}

private struct CollectingWriter: ResponseBodyWriter {
  let collected: Collected

  func write(_ buffer: ByteBuffer) async throws {
    collected.bytes.withLock { $0 += Array(buffer.readableBytesView) }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

private struct StreamWriter: ResponseBodyWriter {
  let onPart: @Sendable (String) async throws -> Void

  func write(_ buffer: ByteBuffer) async throws {
    try await onPart(String(buffer: buffer))
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
