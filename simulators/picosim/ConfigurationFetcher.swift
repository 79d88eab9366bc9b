import Foundation
import HTTPClient
import Synchronization

/// Fetches configurations on a thread of its own, so that no board waits for a server that is slow or down.
final class ConfigurationFetcher: Sendable {
  struct Answer: Sendable {
    var board: Int
    var outcome: Outcome
  }

  enum Outcome: Sendable {
    case arrived(document: [UInt8], tag: String)
    case unchanged
    case failed(String)
  }

  private struct Request {
    var board: Int
    var url: String
    var tag: String?
  }

  private struct State {
    var requests: [Request] = []
    var answers: [Answer] = []
    var isStopped = false
  }

  private let base: String
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  /// A fetcher from the config server at `base`, such as `http://127.0.0.1:5000`.
  init(base: String) {
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    let thread = Thread { [self] in work() }
    thread.name = "configuration"
    thread.start()
  }

  /// Asks for a board's configuration; the answer comes by `answers`.
  func fetch(board: Int, device: String, tag: String) {
    let request = Request(board: board, url: "\(base)/v1/devices/\(device)/config", tag: tag.isEmpty ? nil : tag)
    state.withLock { $0.requests.append(request) }
    wake.signal()
  }

  /// The answers that came since the last call.
  func answers() -> [Answer] {
    state.withLock { state in
      defer { state.answers = [] }
      return state.answers
    }
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    wake.signal()
  }

  private func work() {
    while true {
      wake.wait()
      let (request, isStopped) = state.withLock { state in
        (state.requests.isEmpty ? nil : state.requests.removeFirst(), state.isStopped)
      }
      if isStopped { return }
      guard let request else { continue }
      let answer = Answer(board: request.board, outcome: get(request))
      state.withLock { $0.answers.append(answer) }
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
