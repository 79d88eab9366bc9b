import ConfigModel
import NIOCore
import Synchronization

/// Bytes to hand out, with their tag; made once and given to many.
public final class ServedDocument: Sendable {
  /// The bytes.
  let body: ByteBuffer
  /// Their strong entity tag.
  public let etag: String
  /// The same compressed, once somebody asked; an inner `nil`: it is not worth it.
  private let compressed = Mutex<ByteBuffer??>(nil)

  /// Below this a header more costs what compression saves.
  private static let smallest = 512

  init(_ bytes: [UInt8]) {
    body = ByteBuffer(bytes: bytes)
    etag = EntityTag.strong(bytes)
  }

  /// The bytes as gzip, or `nil` where that is no shorter.
  var gzip: ByteBuffer? {
    compressed.withLock { kept in
      if let kept { return kept }
      var made: ByteBuffer?
      if body.readableBytes >= Self.smallest, let bytes = Gzip.compress(Array(body.readableBytesView)),
        bytes.count < body.readableBytes
      {
        made = ByteBuffer(bytes: bytes)
      }
      kept = .some(made)
      return made
    }
  }
}

/// One state of the fleet's configuration, ready to be handed out.
///
/// Documents of single devices are made when they are asked for and kept: those of all devices in the list, and those of
/// `strangerLimit` others, so that asking under many names costs no memory.
public final class ServedFleet: Sendable {
  static let strangerLimit = 1000

  /// The version in the store; `nil` for a file or a directory.
  public let version: Int64?
  /// What everybody gets.
  public let whole: ServedDocument
  /// What it means.
  public let fleet: FleetDocument
  private let devices = Mutex<(documents: [String: ServedDocument], strangers: Int)>(([:], 0))

  /// - Parameters:
  ///   - bytes: the whole document as it is handed out.
  ///   - fleet: what it means, secrets of single devices included.
  init(version: Int64?, bytes: [UInt8], fleet: FleetDocument) {
    self.version = version
    whole = ServedDocument(bytes)
    self.fleet = fleet
  }

  /// What holds for one device; keys sorted, so that the same configuration has the same tag.
  public func document(for id: String) -> ServedDocument {
    if let known = devices.withLock({ $0.documents[id] }) { return known }
    let made = ServedDocument(Array(fleet.merged(for: id).canonical.utf8))
    let isListed = fleet.knows(id)
    devices.withLock { kept in
      if kept.documents[id] != nil { return }
      if !isListed {
        if kept.strangers >= Self.strangerLimit { return }
        kept.strangers += 1
      }
      kept.documents[id] = made
    }
    return made
  }
}

/// Where the fleet's configuration comes from.
public protocol FleetSource: Sendable {
  /// The newest good state. Cheap: asked at each request.
  func current() -> ServedFleet
  /// Another document `NAME.json` of the same place, or `nil` where there is none.
  ///
  /// - Throws: why it is there and cannot be handed out.
  func document(named name: String) throws(ConfigurationError) -> ServedDocument?
}
