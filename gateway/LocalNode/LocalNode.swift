import GatewayCore
import Glibc
import Logging
import NodeShell
import Synchronization
import VirtualBoard

/// A device inside the gateway's process: the portable code of a Pico W, on this machine's pins or on a virtual board, on a
/// thread of its own.
///
/// It speaks to the broker as any device does, so that its readings go the same way, are acknowledged by the same rule, and
/// are there for everybody who listens to the broker. The gateway does not treat it otherwise.
///
/// ```swift
/// let node = try LocalNode(options, logger: logger)
/// node.start()
/// …
/// node.stop()      // what is not acknowledged stays in the state folder and is sent after the next start
/// ```
public final class LocalNode: Sendable {
  private let options: LocalNodeOptions
  private let folder: FlashFolder
  private let logger: Logger
  private let isStopping = Atomic(false)
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  ///
  /// - Throws: `FlashFolder.Fault` where the state folder cannot be made.
  public init(_ options: LocalNodeOptions, logger: Logger) throws(FlashFolder.Fault) {
    self.options = options
    self.logger = logger
    folder = try FlashFolder(options.stateFolder)
  }

  /// Starts the thread; once.
  public func start() {
    thread.withLock { $0 = DedicatedThread(name: "local node") { [self] in work() } }
  }

  /// Keeps what is not acknowledged, says good-bye, and waits for the end. Blocks for 20 ms.
  public func stop() {
    isStopping.store(true, ordering: .relaxed)
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  private func work() {
    switch options.wiring {
    case .virtual(let seed):
      let board = VirtualBoard(seed: seed, startMilliseconds: Self.millisecondsOfDay)
      LocalNodeLoop(board, options, folder, logger) { board.advance(toMilliseconds: $0) }.run(until: isStopping)
    case .linux(let board):
      LocalNodeLoop(board, options, folder, logger) { _ in }.run(until: isStopping)
    }
  }

  /// The virtual world's noon is ours.
  private static var millisecondsOfDay: UInt64 {
    UInt64(GatewayClock.system.wallMicroseconds() / 1000 % 86_400_000)
  }
}
