import Foundation
import Glibc

/// A real broker on a free port of 127.0.0.1, with its own folder, for one test.
public final class Mosquitto {
  /// Where Debian puts it.
  public static let program = "/usr/sbin/mosquitto"
  /// Whether it is there.
  public static let isInstalled = access(program, X_OK) == 0

  /// Where it listens.
  public let port: UInt16
  private let folder: URL
  private let process: pid_t

  /// Starts the broker, and returns when it listens.
  ///
  /// - Parameter settings: further lines of its configuration.
  public init(settings: String = "") throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martlet-mosquitto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Asked of the kernel and given back: the broker takes it a moment later.
    port = FakeBroker().port
    let configuration = folder.appending(path: "mosquitto.conf")
    try """
    listener \(port) 127.0.0.1
    \(settings.contains("allow_anonymous") ? "" : "allow_anonymous true")
    persistence false
    max_queued_messages 0
    max_inflight_messages 1000
    set_tcp_nodelay true
    log_dest none
    \(settings)
    """.write(to: configuration, atomically: true, encoding: .utf8)
    // Not Foundation's Process: its terminate() sends SIGTERM, see `stop`.
    var child: pid_t = 0
    let words = [Self.program, "-c", configuration.path(percentEncoded: false)]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { arguments.forEach { free($0) } }
    let code = posix_spawn(&child, Self.program, nil, nil, &arguments, environ)
    guard code == 0 else { throw DoesNotListen() }
    process = child
    try waitUntilItListens()
  }

  /// Ends the broker at once. Call it in a `defer`, which also keeps the broker for as long as the test runs.
  public func stop() {
    // The test runner's threads block SIGTERM and a child inherits that.
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    try? FileManager.default.removeItem(at: folder)
  }

  /// It did not come up within ten seconds.
  public struct DoesNotListen: Error {}

  /// Tries to connect for up to ten seconds, yielding in between: a port that is not open yet tells nobody when it is.
  private func waitUntilItListens() throws {
    let end = Date().addingTimeInterval(10)
    while Date() < end {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      address.sin_port = port.bigEndian
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let code = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
      }
      if code == 0 { return }
      _ = poll(nil, 0, 5)
    }
    throw DoesNotListen()
  }
}
