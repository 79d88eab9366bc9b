import HTTPTypes
public import Hummingbird
public import Ingest
import NIOCore
import Telemetry

/// Readings over HTTP, for devices that cannot do MQTT, in the form the existing fleet has.
///
/// | request | answer |
/// |---|---|
/// | `POST /v1/readings`, a payload of version 1 or 2, or an array of at most 1,000 | 202 once everything is durable |
/// | with a reading that cannot be taken | 400 and the reason where none could be, else 202 naming them |
/// | without the right `X-API-Key` | 401 |
/// | a body over 1 MiB | 413 |
/// | while too much waits | 429, `Retry-After` |
/// | while the store takes nothing | 503, `Retry-After` |
///
/// ```console
/// $ curl -H 'X-API-Key: …' -d '{"device_id":"Attic06","temperature":72.5,"timestamp":"2026-11-24T08:00:00Z"}' http://gateway:8081/v1/readings
/// {"accepted":1,"duplicates":0,"refused":[]}
/// ```
///
/// The answer comes after the commit: a device that gets 202 may forget the reading.
public struct HTTPIntake: Sendable {
  /// The largest body, in bytes.
  public static let bodyLimit = 1 << 20
  /// The most readings of one request.
  public static let readingLimit = 1000

  private let key: [UInt8]
  private let take: @Sendable ([[UInt8]]) async -> ReadingIntake.Outcome

  /// An intake.
  ///
  /// - Parameters:
  ///   - key: what `X-API-Key` must be, not empty.
  ///   - take: makes payloads durable.
  public init(key: String, take: @escaping @Sendable ([[UInt8]]) async -> ReadingIntake.Outcome) {
    precondition(!key.isEmpty, "an intake has a key")
    self.key = Array(key.utf8)
    self.take = take
  }

  /// Adds the route.
  public func addRoutes<Context: RequestContext>(to router: Router<Context>) {
    router.post("/v1/readings") { request, _ in try await answer(request) }
  }

  private func answer(_ request: Request) async throws -> Response {
    guard let name = HTTPField.Name("X-API-Key"), Self.isEqual(Array((request.headers[name] ?? "").utf8), key) else {
      return Self.failure(.unauthorized, "no-key", "X-API-Key is missing or wrong")
    }
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: Self.bodyLimit)
    } catch is NIOTooManyBytesError {
      return Self.failure(.contentTooLarge, "too-large", "a body has at most \(Self.bodyLimit) bytes")
    }
    let payloads: [[UInt8]]
    switch Self.payloads(Array(body.readableBytesView)) {
    case .success(let found): payloads = found
    case .failure(let fault): return Self.failure(fault.status, fault.reason, fault.detail)
    }
    switch await take(payloads) {
    case .kept(let fates): return Self.answer(fates)
    case .busy: return Self.later(.tooManyRequests, "busy", "too many readings wait")
    case .unavailable: return Self.later(.serviceUnavailable, "unavailable", "the journal does not take readings now")
    }
  }

  // MARK: The body

  private struct Fault: Error {
    var status = HTTPResponse.Status.badRequest
    var reason: String
    var detail: String
  }

  /// One payload, or those of an array, each as it is written.
  private static func payloads(_ body: [UInt8]) -> Result<[[UInt8]], Fault> {
    guard let first = body.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
      return .failure(Fault(reason: "not-json", detail: "the body is empty"))
    }
    guard first == UInt8(ascii: "[") else { return .success([body]) }
    var cursor = JSONCursor()
    var found: [[UInt8]] = []
    do throws(JSONError) {
      _ = try cursor.next(in: body.span)
      while true {
        var look = cursor
        if try look.next(in: body.span) == .arrayEnd {
          // What follows the array is a fault.
          _ = try look.next(in: body.span)
          break
        }
        // A comma before the value belongs to the cursor's step, not to the slice.
        let slice = try cursor.skipValue(in: body.span)
        let text = body[slice.start..<slice.end].drop {
          $0 == UInt8(ascii: ",") || $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09
        }
        found.append(Array(text))
        guard found.count <= readingLimit else {
          return .failure(
            Fault(
              status: .contentTooLarge, reason: "too-many", detail: "a request has at most \(readingLimit) readings"))
        }
      }
    } catch {
      return .failure(Fault(reason: "not-json", detail: "\(error.code) at byte \(error.offset)"))
    }
    return found.isEmpty
      ? .failure(Fault(reason: "missing-field", detail: "the array holds no reading")) : .success(found)
  }

  // MARK: The answer

  private static func answer(_ fates: [ReadingIntake.Fate]) -> Response {
    var accepted = 0
    var duplicates = 0
    var refused: [String] = []
    for (index, fate) in fates.enumerated() {
      switch fate {
      case .new: accepted += 1
      case .duplicate:
        accepted += 1
        duplicates += 1
      case .refused(let reason, let detail):
        refused.append(#"{"index":\#(index),"reason":"\#(reason)","detail":\#(quoted(detail))}"#)
      case .postponed:
        refused.append(
          #"{"index":\#(index),"reason":"no-clock","detail":"this gateway's clock is not set; send it again"}"#)
      }
    }
    if accepted == 0, fates.contains(.postponed) {
      return later(.serviceUnavailable, "no-clock", "this gateway's clock is not set")
    }
    return json(
      accepted == 0 ? .badRequest : .accepted,
      #"{"accepted":\#(accepted),"duplicates":\#(duplicates),"refused":[\#(refused.joined(separator: ","))]}"#)
  }

  private static func failure(_ status: HTTPResponse.Status, _ reason: String, _ detail: String) -> Response {
    json(status, #"{"error":{"reason":"\#(reason)","message":\#(quoted(detail))}}"#)
  }

  private static func later(_ status: HTTPResponse.Status, _ reason: String, _ detail: String) -> Response {
    var response = failure(status, reason, detail)
    response.headers[.retryAfter] = "5"
    return response
  }

  private static func json(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\0"..<" ": " "
        default: String(scalar)
        }
      }.joined() + "\""
  }

  /// In a time that does not tell how much of the key was right.
  private static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    var difference = one.count ^ other.count
    for index in other.indices { difference |= Int(other[index] ^ (index < one.count ? one[index] : 0)) }
    return difference == 0
  }
}
