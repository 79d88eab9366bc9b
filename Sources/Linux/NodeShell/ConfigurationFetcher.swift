import CEpoll
import Foundation
import Glibc
import HTTPClient
import Synchronization

/// Fetches configurations on threads of its own, so that no device waits for a server that is slow or down, and so many at
/// once that ten thousand simulated boards get theirs, but no more.
public final class ConfigurationFetcher: Sendable {
  /// What came of a fetch.
  public struct Answer: Sendable {
    /// Whose it is, by the number it was asked with.
    public var board: Int
    /// What came.
    public var outcome: Outcome
  }

  /// What a server may answer.
  public enum Outcome: Sendable {
    /// A document, and its entity tag.
    case arrived(document: [UInt8], tag: String)
    /// The device has it already.
    case unchanged
    /// None, and why.
    case failed(String)
  }

  private struct Request {
    var board: Int
    var url: String
    var tag: String?
  }

  private struct State {
    /// At most one a board, because a board asks again only after an answer.
    var requests: [Request] = []
    var head = 0
    var answers: [Answer] = []
    var isStopped = false

    /// The oldest request.
    mutating func next() -> Request? {
      guard head < requests.count else { return nil }
      defer {
        head += 1
        if head == requests.count { (requests, head) = ([], 0) }
      }
      return requests[head]
    }
  }

  /// The most fetches at once.
  public static let parallel = 4

  /// Readable when there are answers.
  public let fileDescriptor: Int32
  private let base: String
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  /// A fetcher from the config server at `base`, such as `http://127.0.0.1:5000`, for so many boards.
  public init(base: String, boards: Int) {
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    fileDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    precondition(fileDescriptor >= 0, "no descriptor left for the configuration's answers")
    for number in 0..<min(Self.parallel, boards) {
      let thread = Thread { [self] in work() }
      thread.name = "configuration \(number)"
      thread.start()
    }
  }

  deinit { close(fileDescriptor) }

  /// Asks for a board's configuration; the answer comes by `answers`.
  public func fetch(board: Int, device: String, tag: String) {
    let request = Request(board: board, url: "\(base)/v1/devices/\(device)/config", tag: tag.isEmpty ? nil : tag)
    state.withLock { $0.requests.append(request) }
    wake.signal()
  }

  /// The answers that came since the last call.
  public func answers() -> [Answer] {
    var count: UInt64 = 0
    read(fileDescriptor, &count, 8)
    return state.withLock { state in
      defer { state.answers = [] }
      return state.answers
    }
  }

  /// Ends the threads; fetches that have not begun are forgotten.
  public func stop() {
    state.withLock { $0.isStopped = true }
    for _ in 0..<Self.parallel { wake.signal() }
  }

  private func work() {
    while true {
      wake.wait()
      let request = state.withLock { $0.isStopped ? nil : $0.next() }
      guard let request else { return }
      let answer = Answer(board: request.board, outcome: get(request))
      state.withLock { $0.answers.append(answer) }
      var one: UInt64 = 1
      write(fileDescriptor, &one, 8)
    }
  }

  private func get(_ request: Request) -> Outcome {
    do throws(HTTPError) {
      // A client for each request: the server closes idle connections, and boards fetch once a minute at most.
      let response = try HTTPClient(timeoutMilliseconds: 2000).get(request.url, ifNoneMatch: request.tag)
      switch response.status {
      case 200: return .arrived(document: response.body, tag: response.entityTag ?? "")
      case 304: return .unchanged
      default: return .failed("GET \(request.url): status \(response.status)")
      }
    } catch {
      return .failed(error.description)
    }
  }
}
