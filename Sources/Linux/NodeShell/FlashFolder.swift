import Glibc

/// A folder that stands for a device's flash: a small file for each thing kept, written so that a power cut leaves the old
/// content or the new one (a new file, synced, and renamed over the old).
public struct FlashFolder: Sendable {
  /// What is kept.
  public enum File: String, Sendable, CaseIterable {
    case boot, lastGood = "configuration", candidate, refused, flight, outbox
  }

  /// A file that cannot be written.
  public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which one.
    public let path: String
    /// What the system says.
    public let systemError: Int32

    /// For a person.
    public var description: String { "cannot write \(path): \(String(cString: strerror(systemError)))" }
  }

  /// Where.
  public let path: String

  /// A folder, made where it is missing; its parent must be there.
  ///
  /// - Throws: `Fault` where it cannot be made.
  public init(_ path: String) throws(Fault) {
    self.path = path
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Fault(path: path, systemError: errno) }
  }

  /// A file's content; empty where there is none that can be read.
  public func read(_ file: File) -> [UInt8] {
    let descriptor = open(name(file), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
      content += buffer[..<count]
    }
    return content
  }

  /// Replaces a file's content.
  public func write(_ file: File, _ content: [UInt8]) throws(Fault) {
    let path = name(file)
    let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Fault(path: path, systemError: errno) }
    var written = 0
    while written < content.count {
      let count = content[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || (count < 0 && errno == EINTR) else { break }
      written += max(count, 0)
    }
    let isWhole = written == content.count && fsync(descriptor) == 0
    let cause = errno
    close(descriptor)
    guard isWhole else { throw Fault(path: path, systemError: cause) }
    guard rename(path + ".new", path) == 0 else { throw Fault(path: path, systemError: errno) }
    let folder = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  /// Counts a start. Where that cannot be kept it is a random number with the top bit set, as on a board whose flash fails.
  public func nextBoot() -> UInt32 {
    let last = UInt32(String(decoding: read(.boot).filter { $0 != 0x0A }, as: UTF8.self)) ?? 0
    let boot = last &+ 1
    do throws(Fault) {
      try write(.boot, Array("\(boot)\n".utf8))
      return boot
    } catch {
      return UInt32.random(in: 0...UInt32.max) | 0x8000_0000
    }
  }

  private func name(_ file: File) -> String { "\(path)/\(file.rawValue)" }
}
