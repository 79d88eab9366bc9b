import CEpoll
import Glibc

/// A request that was read whole.
struct PageRequest: Equatable {
  var method: String
  var path: String
  var body: [UInt8] = []
}

/// What is answered.
enum PageAnswer {
  /// A file, with its type.
  case file(String, [UInt8])
  /// A stream of events that begins with this one.
  case events(first: String)
  /// It was done; nothing is said.
  case done
  /// It is not done, with a status and the reason.
  case refusal(Int, String)
}

/// A web server for one page on this machine alone, in the boards' own loop: one thread, no waiting, a bound on everything.
///
/// It is no general server. The simulation is single-threaded by design, and its sockets are in one epoll; a page that one
/// person looks at fits in there with less than Hummingbird would need to be told how to get at it.
final class PageServer {
  /// The most connections at once; a browser has six.
  static let maximumConnections = 32

  /// The port it listens on.
  let port: UInt16
  private let listener: Int32
  private let epoll: Epoll
  private let answer: (PageRequest) -> PageAnswer
  private var connections: [Int32: PageConnection] = [:]
  /// Owners below this one are connections.
  private static let listenerOwner = -2

  /// Listens on 127.0.0.1.
  ///
  /// - Parameter port: 0 takes a free one.
  /// - Throws: what the system says, with what to do.
  init(port: UInt16, epoll: Epoll, answer: @escaping (PageRequest) -> PageAnswer) throws(SystemError) {
    self.epoll = epoll
    self.answer = answer
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard listener >= 0 else { throw SystemError("make a socket", errno) }
    self.listener = listener
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    guard result else { throw SystemError("listen on 127.0.0.1:\(port) (--page-port chooses another)", errno) }
    self.port = UInt16(bigEndian: address.sin_port)
    epoll.add(listener, owner: Self.listenerOwner)
  }

  deinit {
    for descriptor in connections.keys { close(descriptor) }
    close(listener)
  }

  /// A descriptor of this server is ready.
  func ready(owner: Int) {
    if owner == Self.listenerOwner { return accept() }
    let descriptor = Int32(Self.listenerOwner - owner)
    guard let connection = connections[descriptor] else { return }
    connection.flush()
    for request in connection.receive() { connection.send(answer(Self.checked(request, port: port))) }
    settle(descriptor, connection)
  }

  /// Sends an event to every page that is open.
  func broadcast(_ event: String) {
    for (descriptor, connection) in connections where connection.isStream {
      connection.send(event: event)
      settle(descriptor, connection)
    }
  }

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      guard connections.count < Self.maximumConnections else {
        close(descriptor)
        continue
      }
      connections[descriptor] = PageConnection(descriptor)
      epoll.add(descriptor, owner: Self.listenerOwner - Int(descriptor))
    }
  }

  private func settle(_ descriptor: Int32, _ connection: PageConnection) {
    if connection.isOver {
      connections[descriptor] = nil
      close(descriptor)
    } else {
      epoll.change(descriptor, owner: Self.listenerOwner - Int(descriptor), writable: connection.wantsWrite)
    }
  }

  /// A page of another site must not reach the bench by a name that leads here, nor by a form: the host must be this one,
  /// and so must the origin, where the browser tells it.
  private static func checked(_ received: ReceivedRequest, port: UInt16) -> PageRequest {
    let hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
    let isHome =
      hosts.contains(received.host) && (received.origin.map { hosts.map { "http://\($0)" }.contains($0) } ?? true)
    return isHome ? received.request : PageRequest(method: "OTHER", path: "another site's request")
  }
}
