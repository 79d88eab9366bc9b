import Glibc
import Synchronization

/// One thread of the operating system, for work that blocks: polling a socket, waiting for an fsync, COPY.
///
/// Swift's tasks share a few threads that must never block; the gateway's loops therefore run beside them.
public final class DedicatedThread: Sendable {
  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }

    /// Glibc's module lacks `pthread_setname_np`; the kernel takes the name through this file too.
    func showName() {
      let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      if file < 0 { return }
      let text = Array(name.utf8.prefix(15))
      _ = write(file, text, text.count)
      close(file)
    }
  }

  private let thread: Mutex<pthread_t?>

  /// Starts the thread.
  ///
  /// - Parameter name: at most 15 bytes are shown by `top -H` and debuggers.
  public init(name: String, _ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(name: name, body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        body.showName()
        body.run()
        return nil
      }, argument.toOpaque())
    // Out of threads or memory at start: nothing sensible can go on.
    precondition(code == 0, "cannot start the thread \(name): \(String(cString: strerror(code)))")
    self.thread = Mutex(thread)
  }

  /// Waits until the body has returned. Blocks: not for a task's thread.
  public func join() {
    thread.withLock {
      guard let thread = $0 else { return }
      pthread_join(thread, nil)
      $0 = nil
    }
  }

  deinit {
    thread.withLock { if let thread = $0 { pthread_detach(thread) } }
  }
}
