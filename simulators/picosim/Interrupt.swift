import Foundation
import Synchronization

/// Whether the person asked to stop (Ctrl-C) or the system did (SIGTERM).
enum Interrupt {
  private static let isRaised = Atomic(false)

  /// From now on both signals only set the mark.
  static func catchSignals() {
    for number in [SIGINT, SIGTERM] { signal(number) { _ in Interrupt.isRaised.store(true, ordering: .relaxed) } }
    // A broker that goes away in the middle of a write is an error of that write, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
  }

  static var isRequested: Bool { isRaised.load(ordering: .relaxed) }
}
