import CCurl

/// Fetches small documents over HTTP, one at a time, keeping connections open between calls. Blocks; one thread.
///
///     let client = try HTTPClient(timeoutMilliseconds: 2000)
///     let response = try client.get("http://127.0.0.1:5000/ping")
public final class HTTPClient {
  private let handle: UnsafeMutableRawPointer
  private let receiver = Receiver()

  /// The longest body that is taken, in bytes; a longer one is an error.
  public static let maximumBodyBytes = 1 << 20

  /// A client that gives up after `timeoutMilliseconds`, for connecting and receiving together.
  public init(timeoutMilliseconds: Int) throws(HTTPError) {
    guard Self.isReady, let handle = curl_easy_init() else {
      throw HTTPError(url: "", detail: "libcurl could not be initialised")
    }
    self.handle = handle
    let context = Unmanaged.passUnretained(receiver).toOpaque()
    _ = martlet_curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
    // Without this libcurl raises SIGALRM in name look-ups, which a program with threads must not have.
    _ = martlet_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    _ = martlet_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    _ = martlet_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    _ = martlet_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Receiver.from(context).body(bytes, size * count)
    }
    _ = martlet_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    _ = martlet_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Receiver.from(context).header(bytes, size * count)
    }
  }

  deinit {
    curl_easy_cleanup(handle)
  }

  /// Fetches `url`.
  ///
  /// - Parameter ifNoneMatch: the `ETag` already held; the answer is 304 without a body when it still holds.
  /// - Returns: the answer, whatever its status.
  /// - Throws: when there is no answer: name not found, refused, timed out, too long.
  public func get(_ url: String, ifNoneMatch tag: String? = nil) throws(HTTPError) -> HTTPResponse {
    receiver.reset()
    var headers: UnsafeMutablePointer<curl_slist>?
    if let tag { headers = curl_slist_append(headers, "If-None-Match: \(tag)") }
    defer { curl_slist_free_all(headers) }
    _ = martlet_curl_set_text(handle, CURLOPT_URL, url)
    _ = martlet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
    let code = curl_easy_perform(handle)
    guard code == CURLE_OK else {
      let reason =
        receiver.isTooLong ? "longer than \(Self.maximumBodyBytes) bytes" : String(cString: curl_easy_strerror(code))
      throw HTTPError(url: url, detail: reason)
    }
    var status = 0
    _ = martlet_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return HTTPResponse(status: status, entityTag: receiver.entityTag, body: receiver.bytes)
  }

  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// The answer to a request.
public struct HTTPResponse: Sendable, Equatable {
  /// 200, 304, 404, …
  public var status: Int
  /// The `ETag` header as it came, quotes included.
  public var entityTag: String?
  /// The bytes.
  public var body: [UInt8]
}

/// Why there is no answer.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
  /// What was fetched.
  public var url: String
  /// The cause in libcurl's words.
  public var detail: String

  /// The fault in one line.
  public var description: String { "GET \(url): \(detail)" }
}

/// Collects what libcurl hands over.
private final class Receiver {
  var bytes: [UInt8] = []
  var entityTag: String?
  var isTooLong = false

  static func from(_ context: UnsafeMutableRawPointer?) -> Receiver {
    Unmanaged<Receiver>.fromOpaque(context!).takeUnretainedValue()
  }

  func reset() {
    bytes.removeAll(keepingCapacity: true)
    entityTag = nil
    isTooLong = false
  }

  func body(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard bytes.count + count <= HTTPClient.maximumBodyBytes else {
      isTooLong = true
      return 0
    }
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    return count
  }

  func header(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    let line = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    let parts = line.split(separator: ":", maxSplits: 1)
    if parts.count == 2, parts[0].lowercased() == "etag" {
      entityTag = String(parts[1].drop { $0 == " " }.prefix { !$0.isNewline })
    }
    return count
  }
}
