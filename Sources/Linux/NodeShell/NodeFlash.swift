import Node
import Telemetry

/// What a device keeps over a power cut and a restart: configurations, flight record, readings. In memory, and where there
/// is a folder, also in its files. The count of starts is kept apart (`FlashFolder.nextBoot`).
public struct NodeFlash {
  /// After how long without an acknowledgement readings are kept although the broker is connected, ms.
  public static let patienceMilliseconds: UInt64 = 30_000

  /// The last good configuration, as `TaggedConfiguration.encode` writes it.
  public private(set) var lastGood: [UInt8] = []
  /// The configuration on trial.
  public private(set) var candidate: [UInt8] = []
  /// What was refused last.
  public private(set) var refused: [UInt8] = []
  /// The flight record of the life under way or of the last one.
  public private(set) var flight: [UInt8] = []
  /// The readings.
  public var outbox = SpilledReadings()
  /// Why the folder's files may not be as they should, or `nil`.
  public private(set) var fault: FlashFolder.Fault?

  private let folder: FlashFolder?
  /// What the counters were when readings were last written.
  private var spilled = (made: UInt32.max, sent: 0)
  /// When a reading was acknowledged last, or none waited, in the device's ms.
  private var settledAt: UInt64 = 0
  private var acknowledged = 0

  /// An empty one, or what the folder's files hold.
  public init(folder: FlashFolder? = nil) {
    self.folder = folder
    guard let folder else { return }
    lastGood = folder.read(.lastGood)
    candidate = folder.read(.candidate)
    refused = folder.read(.refused)
    flight = folder.read(.flight)
    outbox = SpilledReadings(bytes: folder.read(.outbox))
  }

  /// Keeps what the node says is to be kept of its configurations.
  public mutating func keepConfiguration<let capacity: Int>(_ node: borrowing Node<capacity>) {
    lastGood = Self.record(node.lastGoodConfiguration)
    candidate = node.candidateConfiguration.map(Self.record) ?? []
    var record = InlineBytes<72>()
    node.refusedConfiguration?.encode(into: &record)
    refused = record.array
    write((.lastGood, lastGood), (.candidate, candidate), (.refused, refused))
  }

  /// Keeps the flight record as it is now.
  public mutating func keepFlightRecord<let capacity: Int>(_ node: borrowing Node<capacity>) {
    var record = InlineBytes<95>()
    node.flight.encode(into: &record)
    flight = record.array
    write((.flight, flight))
  }

  /// Keeps every reading now: the device is about to start again.
  public mutating func keepReadings<let capacity: Int>(_ node: borrowing Node<capacity>) {
    outbox.keep(node.outbox)
    writeOutbox()
  }

  /// Keeps readings while the gateway is out of reach, and wipes them when none of them waits any more.
  ///
  /// - Parameters:
  ///   - isConnected: whether the broker is.
  ///   - sent: payloads handed over so far.
  ///   - acknowledged: readings acknowledged so far.
  ///   - milliseconds: since the device's start.
  public mutating func spill<let capacity: Int>(
    _ node: borrowing Node<capacity>, isConnected: Bool, sent: Int, acknowledged: Int, at milliseconds: UInt64
  ) {
    if acknowledged != self.acknowledged { (self.acknowledged, settledAt) = (acknowledged, milliseconds) }
    guard !node.outbox.isEmpty else {
      settledAt = milliseconds
      if !outbox.isEmpty {
        outbox.erase()
        writeOutbox()
      }
      return
    }
    guard !isConnected || milliseconds >= settledAt + Self.patienceMilliseconds, spilled != (node.made, sent) else {
      return
    }
    spilled = (node.made, sent)
    outbox.keep(node.outbox)
    writeOutbox()
  }

  /// Another life of the device begins, at `milliseconds`.
  public mutating func begin(at milliseconds: UInt64) {
    spilled = (.max, 0)
    settledAt = milliseconds
  }

  /// Gives a node that has not been stepped yet what an earlier life left. The flight record is for its `init`.
  public func restore<let capacity: Int>(_ node: inout Node<capacity>) {
    node.restore(
      lastGood: TaggedConfiguration(record: lastGood.span), candidate: TaggedConfiguration(record: candidate.span),
      refused: RefusedConfiguration(record: refused.span))
    outbox.restore(&node)
  }

  private mutating func writeOutbox() {
    write((.outbox, outbox.bytes))
  }

  private mutating func write(_ contents: (file: FlashFolder.File, bytes: [UInt8])...) {
    guard let folder else { return }
    do throws(FlashFolder.Fault) {
      for content in contents { try folder.write(content.file, content.bytes) }
      fault = nil
    } catch { fault = error }
  }

  private static func record(_ configuration: TaggedConfiguration) -> [UInt8] {
    var record = InlineBytes<192>()
    configuration.encode(into: &record)
    return record.array
  }
}
