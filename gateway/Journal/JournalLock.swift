import GatewayCore
import Glibc
import Synchronization

/// The right to write one journal, held by one process: SQLite itself would let two gateways write by turns.
///
/// An advisory lock (flock) on a file beside the journal. The kernel drops it with the process, however it ends, so a
/// killed gateway leaves nothing to clean up.
final class JournalLock: Sendable {
  private let held: Atomic<Int32>

  /// Takes the lock, or says who has it.
  init(path: String) throws(StoreError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      let cause = errno
      throw StoreError(
        cause == ENOSPC ? .diskFull : .io, "cannot make the lock file \(path): \(String(cString: strerror(cause)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let cause = errno
      var text = [UInt8](repeating: 0, count: 20)
      let count = pread(descriptor, &text, text.count, 0)
      Glibc.close(descriptor)
      let holder = count > 0 ? " (process \(String(decoding: text.prefix(count), as: UTF8.self)))" : ""
      throw StoreError(
        cause == EWOULDBLOCK ? .locked : .io,
        "cannot lock \(path): "
          + (cause == EWOULDBLOCK
            ? "another gateway holds this journal\(holder); stop it, or give this one its own file"
            : String(cString: strerror(cause))))
    }
    // For the message above only; nothing depends on it.
    let process = Array("\(getpid())".utf8)
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, process, process.count, 0)
    held = Atomic(descriptor)
  }

  /// Lets another process have the journal.
  func release() {
    let descriptor = held.exchange(-1, ordering: .acquiringAndReleasing)
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  deinit { release() }
}
