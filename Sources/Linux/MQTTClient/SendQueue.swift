/// Bytes that wait for the socket.
struct SendQueue {
  private var bytes: [UInt8] = []
  private var start = 0

  /// A queue that held more for a moment gives the memory back.
  private static let keptCapacity = 65_536

  var isEmpty: Bool { start == bytes.count }

  mutating func append(_ packet: [UInt8]) { bytes += packet }

  /// An acknowledgement: the same in both versions where there is nothing to say but "taken" (MQTT 5.0, 3.4.2.1).
  mutating func appendPuback(_ number: UInt16) {
    bytes.append(0x40)
    bytes.append(2)
    bytes.append(UInt8(number >> 8))
    bytes.append(UInt8(truncatingIfNeeded: number))
  }

  /// Hands over everything that waits; what `body` says it took is gone.
  mutating func send<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    // Rethrown by hand: the standard library's own closure throws anything.
    var failure: Failure?
    let taken = bytes.withUnsafeBytes { all -> Int in
      do throws(Failure) { return try body(UnsafeRawBufferPointer(rebasing: all[start...])) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    start += taken
    guard isEmpty else { return }
    start = 0
    if bytes.capacity > Self.keptCapacity { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
  }
}
