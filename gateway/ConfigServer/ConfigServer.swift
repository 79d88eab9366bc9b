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
/// | `/pico_iot_config.json` | the fleet's document; from a file byte for byte, from a store without the secrets of single devices |
/// | `/NAME.json` | any other document of that directory, byte for byte |
/// | `/v1/devices/ID/config` | what holds for one device; keys sorted, so that the same configuration has the same ETag |
/// | `/ping` | `pong` |
///
/// Every answer has a length and never comes in chunks: MicroPython's client speaks HTTP/1.0, sends no Host, and
/// understands no chunks. Who says that he takes gzip gets it where it is shorter, with a weak tag (RFC 9110 section
/// 8.8.1): the strong one belongs to the plain bytes.
public struct ConfigServer: Sendable {
  /// A device came for its configuration.
  public struct Visit: Sendable, Equatable {
    /// Its id, by its own word.
    public var device: String
    /// The tag of what it was given, or has already.
    public var etag: String
    /// Whether it is in the list.
    public var isListed: Bool
    /// From where; empty where that is not known.
    public var address: String
  }

  let source: any FleetSource
  private let visited: @Sendable (Visit) -> Void

  /// A server of one source.
  ///
  /// - Parameter visited: told of each device that comes, on the thread that answers: it must not wait.
  public init(source: any FleetSource, visited: @escaping @Sendable (Visit) -> Void = { _ in }) {
    self.source = source
    self.visited = visited
  }

  /// Adds the routes for GET and HEAD.
  public func addRoutes<Context: RequestContext>(to router: Router<Context>) {
    let source = source
    let visited = visited
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
        return Self.answer(document, to: request)
      } catch let error as ConfigurationError {
        // The directory is nobody's business; line and column are in the log as well.
        let place = error.line.map { " (line \($0), column \(error.column ?? 1))" } ?? ""
        throw HTTPError(.internalServerError, message: "\(name).json is broken: \(error.detail)\(place)")
      }
    }
    addReading(router, "/v1/devices/:id/config") { request, context in
      let id = context.parameters.get("id") ?? ""
      if let fault = DeviceID.fault(of: id) { throw HTTPError(.badRequest, message: "the device id \(fault)") }
      let fleet = source.current()
      let document = fleet.document(for: id)
      visited(
        Visit(
          device: id, etag: document.etag, isListed: fleet.fleet.knows(id),
          address: (context as? any RemoteAddressRequestContext)?.remoteAddress?.ipAddress ?? ""))
      return Self.answer(document, to: request)
    }
  }

  private func addReading<Context: RequestContext>(
    _ router: Router<Context>, _ path: RouterPath,
    use handler: @escaping @Sendable (Request, Context) async throws -> Response
  ) {
    router.get(path, use: handler)
    router.head(path) { request, context in try await handler(request, context).createHeadResponse() }
  }

  private static func answer(_ document: ServedDocument, to request: Request) -> Response {
    // no-cache: keep a copy, but ask each time; with the ETag that costs a few bytes.
    var headers: HTTPFields = [.eTag: document.etag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
    if let known = request.headers[.ifNoneMatch], EntityTag.matches(known, document.etag) {
      var response = Response(status: .notModified, headers: headers)
      response.headers[.contentLength] = nil
      return response
    }
    headers[.contentType] = "application/json"
    var body = document.body
    if let accepted = request.headers[.acceptEncoding], takesGzip(accepted), let compressed = document.gzip {
      headers[.contentEncoding] = "gzip"
      headers[.eTag] = "W/\(document.etag)"
      body = compressed
    }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
  }

  /// Whether an Accept-Encoding field names gzip, or everything, and not with a weight of 0 (RFC 9110 section 12.5.3).
  static func takesGzip(_ field: String) -> Bool {
    var any = false
    for part in field.lowercased().split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      guard let coding = pieces.first else { continue }
      let isWanted = !pieces.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { ("1"..."9").contains($0) } }
      if coding == "gzip" { return isWanted }
      if coding == "*" { any = isWanted }
    }
    return any
  }
}
