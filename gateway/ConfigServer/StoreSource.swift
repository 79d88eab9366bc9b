import ConfigModel
public import ConfigStore
public import Logging
import Synchronization

/// The fleet's configuration out of a store of versions.
///
/// `refresh` looks whether somebody saved, in this process or another; requests never touch the file.
public final class StoreSource: FleetSource {
  private let store: ConfigStore
  private let logger: Logger
  private let fleet: Mutex<ServedFleet>
  private let fault = Mutex<String?>(nil)

  /// Reads the newest version; a store without any hands out an empty fleet until the first save.
  ///
  /// - Throws: `.corrupt`, `.io`.
  public init(_ store: ConfigStore, logger: Logger) throws(ConfigStoreError) {
    self.store = store
    self.logger = logger
    fleet = Mutex(try Self.served(store.newest()))
  }

  /// See `FleetSource`.
  public func current() -> ServedFleet { fleet.withLock { $0 } }

  /// See `FleetSource`: a store holds the fleet's document only.
  public func document(named name: String) -> ServedDocument? {
    name == ConfigurationSource.fleetName ? current().whole : nil
  }

  /// Takes in what was saved since. A store that cannot be read leaves what holds, and is told once.
  ///
  /// - Returns: whether there is something new.
  @discardableResult
  public func refresh() -> Bool {
    do throws(ConfigStoreError) {
      let number = try store.newestNumber()
      guard number != current().version else {
        if fault.withLock({ $0.take() }) != nil { logger.info("the configuration's store can be read again") }
        return false
      }
      let new = try Self.served(store.newest())
      fleet.withLock { $0 = new }
      fault.withLock { $0 = nil }
      logger.info("configuration version \(number) holds")
      return true
    } catch {
      let isNews = fault.withLock { told in
        defer { told = error.description }
        return told != error.description
      }
      if isNews { logger.error("\(error); what was handed out before still is") }
      return false
    }
  }

  private static func served(_ version: ConfigVersion?) throws(ConfigStoreError) -> ServedFleet {
    let document = version?.document ?? .object([JSONValue.Member(key: "device_list", value: .array([]))])
    // What was saved was checked: it has the shape.
    guard let fleet = try? FleetDocument(document) else {
      throw ConfigStoreError(
        .corrupt, "version \(version?.number ?? 0) in the store is no configuration of a fleet")
    }
    return ServedFleet(
      version: version?.number ?? 0, bytes: Array(document.withoutSecretsOfDevices.pretty.utf8), fleet: fleet)
  }
}
