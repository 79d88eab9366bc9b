import Glibc
import KernelBench

/// `chipd SOCKET`: a bus of chip models, to which a virtual machine's kernel talks as to an I²C adapter (vhost-user,
/// virtio-i2c). It serves one machine, and ends when that one does.
@main
struct ChipDaemon {
  static func main() {
    guard CommandLine.arguments.count == 2 else { fail("usage: chipd SOCKET") }
    do {
      let connection = try VhostUserConnection.accept(at: CommandLine.arguments[1])
      var server = VhostUserServer(connection: connection, device: VirtioI2C(bus: BenchChip.board()))
      try server.run()
    } catch {
      fail("chipd: \(error)")
    }
  }

  static func fail(_ words: String) -> Never {
    let line = Array((words + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(1)
  }
}
