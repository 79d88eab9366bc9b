import CEpoll
import Glibc

/// The kernel's list of descriptors to wait for, each with an owner's number.
final class Epoll {
  private let descriptor: Int32
  private var events = [epoll_event](repeating: epoll_event(), count: 512)

  /// - Throws: what the system says.
  init() throws(SystemError) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SystemError("wait for sockets", errno) }
  }

  deinit { close(descriptor) }

  /// Waits for a descriptor to become readable, and writable too if asked. The kernel forgets it when it is closed.
  func add(_ file: Int32, owner: Int, writable: Bool = false) {
    control(EPOLL_CTL_ADD, file, owner, writable)
  }

  /// Changes whether it waits for writability.
  func change(_ file: Int32, owner: Int, writable: Bool) {
    control(EPOLL_CTL_MOD, file, owner, writable)
  }

  /// Forgets a descriptor that is still open.
  func remove(_ file: Int32) {
    epoll_ctl(descriptor, EPOLL_CTL_DEL, file, nil)
  }

  /// Waits at most `milliseconds` and names the owners whose descriptors are ready.
  func wait(milliseconds: Int32, _ body: (_ owner: Int) -> Void) {
    let count = epoll_wait(descriptor, &events, Int32(events.count), milliseconds)
    // A signal ends the wait early: then there is nothing.
    for index in 0..<max(0, Int(count)) { body(Int(Int64(bitPattern: events[index].data.u64))) }
  }

  private func control(_ operation: Int32, _ file: Int32, _ owner: Int, _ writable: Bool) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (writable ? EPOLLOUT.rawValue : 0)
    event.data.u64 = UInt64(bitPattern: Int64(owner))
    epoll_ctl(descriptor, operation, file, &event)
  }
}

/// A call of the system that failed.
struct SystemError: Error, CustomStringConvertible {
  var description: String

  init(_ operation: String, _ number: Int32) {
    description = "cannot \(operation): \(String(cString: strerror(number)))"
  }
}
