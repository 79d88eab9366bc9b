import ConfigModel
import HTTPTypes
public import Hummingbird

/// Hands devices their configuration over HTTP, as the fleet knows it and merged for one device.
///
/// ```swift
/// let source = try ConfigurationSource(file: path, logger: logger)
/// let router = Router()
/// ConfigServer(source: source).addRoutes(to: router)
/// ```
///
/// | path | answer |
/// |---|---|
/// | `/pico_iot_config.json` | the fleet's document, byte for byte |
/// | `/NAME.json` | any other document of that directory, byte for byte |
/// | `/v1/devices/ID/config` | what holds for one device; keys sorted, so that the same configuration has the same ETag |
/// | `/ping` | `pong` |
///
/// Every answer has a length and never comes in chunks: MicroPython's client speaks HTTP/1.0, sends no Host, and
/// understands no chunks.
public struct ConfigServer: Sendable {
  private let source: ConfigurationSource

  /// A server of one source.
  public init(source: ConfigurationSource) {
    self.source = source
  }

  /// Adds the routes for GET and HEAD.
  public func addRoutes<Context: RequestContext>(to router: Router<Context>) {
    let source = source
    addReading(router, "/ping") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: "pong")))
    }
    addReading(router, "/{name}.json") { request, context in
      let name = context.parameters.get("name") ?? ""
      do {
        guard let document = try source.document(named: name) else {
          throw HTTPError(.notFound, message: "there is no document of that name")
        }
        return Self.answer(document.bytes, etag: document.etag, to: request)
      } catch let error as ConfigurationError {
        // The directory is nobody's business; line and column are in the log as well.
        let place = error.line.map { " (line \($0), column \(error.column ?? 1))" } ?? ""
        throw HTTPError(.internalServerError, message: "\(name).json is broken: \(error.detail)\(place)")
      }
    }
    addReading(router, "/v1/devices/:id/config") { request, context in
      let id = context.parameters.get("id") ?? ""
      if let fault = DeviceID.fault(of: id) { throw HTTPError(.badRequest, message: "the device id \(fault)") }
      guard let fleet = source.fleet().fleet else { throw HTTPError(.internalServerError) }
      let bytes = Array(fleet.merged(for: id).canonical.utf8)
      return Self.answer(bytes, etag: EntityTag.strong(bytes), to: request)
    }
  }

  private func addReading<Context: RequestContext>(
    _ router: Router<Context>, _ path: RouterPath,
    use handler: @escaping @Sendable (Request, Context) async throws -> Response
  ) {
    router.get(path, use: handler)
    router.head(path) { request, context in try await handler(request, context).createHeadResponse() }
  }

  private static func answer(_ bytes: [UInt8], etag: String, to request: Request) -> Response {
    // no-cache: keep a copy, but ask each time; with the ETag that costs a few bytes.
    let headers: HTTPFields = [.eTag: etag, .cacheControl: "no-cache"]
    if let known = request.headers[.ifNoneMatch], EntityTag.matches(known, etag) {
      var response = Response(status: .notModified, headers: headers)
      response.headers[.contentLength] = nil
      return response
    }
    var response = Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    response.headers[.contentType] = "application/json"
    return response
  }
}
