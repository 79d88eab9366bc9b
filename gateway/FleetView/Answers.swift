import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The shapes of answers.
enum Answers {
  /// A value as JSON, names in snake case as on the wire, keys sorted.
  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    var buffer = ByteBuffer()
    buffer.writeBytes(try encode(value))
    return fresh(buffer, "application/json", status: status)
  }

  static func text(_ text: String, _ contentType: String) -> Response {
    fresh(ByteBuffer(string: text), contentType, status: .ok)
  }

  /// A file of the page. It may be kept, but must be asked for again: a new gateway brings a new page.
  static func file(_ bytes: [UInt8], _ contentType: String) -> Response {
    var response = fresh(ByteBuffer(bytes: bytes), contentType, status: .ok)
    response.headers[.cacheControl] = "no-cache"
    return response
  }

  private static func fresh(_ buffer: ByteBuffer, _ contentType: String, status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: buffer))
  }
}

/// Puts the security headers on every answer, and makes JSON of errors.
struct PageRules<Context: RequestContext>: RouterMiddleware {
  /// What goes wrong, as JSON.
  private struct Failure: Encodable {
    struct Words: Encodable {
      var message: String
    }

    var error: Words
  }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as HTTPError {
      let message = error.body ?? error.status.reasonPhrase
      response = try Answers.json(Failure(error: Failure.Words(message: message)), status: error.status)
      response.headers.append(contentsOf: error.headers)
      if request.method == .head { response = response.createHeadResponse() }
    }
    for header in Self.headers { response.headers[header.name] = header.value }
    return response
  }

  /// The page needs its own files, its own events, and nothing else; nobody may frame it.
  private static var headers: HTTPFields {
    var headers: HTTPFields = [
      .contentSecurityPolicy:
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
      .xContentTypeOptions: "nosniff",
    ]
    for (name, value) in [
      ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ] {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return headers
  }
}
