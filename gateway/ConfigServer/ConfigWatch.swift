public import ConfigStore
import GatewayCore
import Glibc
public import Logging
import Synchronization

/// Looks for new configurations, and puts devices that nobody knows on the store's list. A thread of its own, because a
/// disk may let it wait.
public final class ConfigWatch: Sendable {
  /// Between two looks, µs: with the announcer's own tick a device is told well within a second.
  private static let tickMicroseconds: UInt32 = 200_000
  /// Strangers are written down every so many looks.
  private static let looksPerNote = 5
  /// Who adopts, in the history.
  static let author = "martlet"

  private let refresh: @Sendable () -> Void
  private let board: RolloutBoard
  private let store: ConfigStore?
  private let adopts: Bool
  private let logger: Logger
  private let isStopping = Atomic(false)
  private let thread = Mutex<DedicatedThread?>(nil)

  /// Makes ready.
  ///
  /// - Parameters:
  ///   - refresh: makes the source look for something new.
  ///   - store: where strangers are written down; `nil`: nowhere.
  ///   - adopts: whether a stranger is taken into the list at once.
  public init(
    refresh: @escaping @Sendable () -> Void, board: RolloutBoard, store: ConfigStore?, adopts: Bool, logger: Logger
  ) {
    self.refresh = refresh
    self.board = board
    self.store = store
    self.adopts = adopts
    self.logger = logger
  }

  /// Starts the thread; once.
  public func start() {
    thread.withLock {
      precondition($0 == nil, "a watch starts once")
      $0 = DedicatedThread(name: "config-watch") { [self] in
        var looks = 0
        while !isStopping.load(ordering: .acquiring) {
          looks += 1
          if looks % Self.looksPerNote == 0 { noteStrangers(at: GatewayClock.system.wallMicroseconds()) }
          refresh()
          _ = usleep(Self.tickMicroseconds)
        }
      }
    }
  }

  /// Returns when the thread has ended. Blocks.
  public func stop() {
    isStopping.store(true, ordering: .releasing)
    thread.withLock { $0 }?.join()
  }

  /// Writes down who came and is not in the list.
  func noteStrangers(at time: Int64) {
    guard let store else { return }
    let strangers = board.takeStrangers()
    if strangers.isEmpty { return }
    do throws(ConfigStoreError) {
      try store.note(
        strangers.map { NewDevice(id: $0.device, first: $0.first, last: $0.last, address: $0.address) })
      guard adopts else { return }
      let ids = strangers.prefix(100).map(\.device)
      let saved = try store.adopt(ids, author: Self.author, note: "adopted automatically", at: time)
      logger.info("adopted \(ids.joined(separator: ", ")) as configuration version \(saved.version.number)")
    } catch {
      logger.error("devices that asked for the first time could not be written down: \(error)")
    }
  }
}
