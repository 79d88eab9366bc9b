import GatewayCore
import Hummingbird
import NIOCore
import ServiceLifecycle

/// The fleet to one page as server-sent events: first everything, then what changed.
///
/// A page gets at most one event in `pause`, whatever the fleet does, and a slow one gets fewer: the next event is
/// made when the one before is written, out of everything that changed meanwhile. Nothing queues up.
struct EventStream: Sendable {
  /// Between two events.
  static let pause = Duration.milliseconds(250)
  /// How often to look whether a number of the summary changed, which nobody tells.
  static let look = Duration.seconds(1)
  /// How long a connection is left without a word; proxies cut one after 30 to 60 seconds.
  static let keepAlive = Duration.seconds(15)

  let fleet: Fleet
  let message: @Sendable (_ known: UInt64) -> (revision: UInt64, message: FleetMessage)

  /// Writes until the page goes away or the gateway stops.
  func write(to writer: inout any ResponseBodyWriter, clock: some Clock<Duration>) async throws {
    let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let updates = fleet.updates()
    let told = Task { for await _ in updates { signal.yield() } }
    let looked = Task {
      while true {
        try await clock.sleep(for: Self.look)
        signal.yield()
      }
    }
    defer {
      told.cancel()
      looked.cancel()
    }

    var (known, last) = message(0)
    try await writer.write(try Self.event("snapshot", last))
    var written = clock.now
    try await clock.sleep(for: Self.pause)
    for await _ in signals.cancelOnGracefulShutdown() {
      let (revision, next) = message(known)
      known = revision
      if !next.devices.isEmpty || next.summary != last.summary {
        try await writer.write(try Self.event("update", next))
      } else if written.duration(to: clock.now) >= Self.keepAlive {
        try await writer.write(ByteBuffer(string: ": still here\n\n"))
      } else {
        continue
      }
      last = next
      written = clock.now
      try await clock.sleep(for: Self.pause)
    }
  }

  /// JSON has no line end outside strings and escapes it inside, so that an event is one `data` line.
  private static func event(_ name: String, _ message: FleetMessage) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
    buffer.writeBytes(try Answers.encode(message))
    buffer.writeString("\n\n")
    return buffer
  }
}
