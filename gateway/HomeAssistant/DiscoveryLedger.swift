import GatewayCore

/// Which entities Home Assistant was told of, and what is to be said next. A value: it publishes nothing.
///
/// ```swift
/// var ledger = DiscoveryLedger(options)
/// for message in ledger.observe(rows) { publish(message) }   // new entities only
/// for message in ledger.all { publish(message) }             // after a reconnect
/// for message in ledger.remove("Attic06") { publish(message) }
/// ```
///
/// An entity is announced when its first value was seen: a board without a humidity sensor gets no humidity. It stays announced while the
/// value is null. Devices of other fleets (payload profiles) are left out: those projects announce themselves to Home
/// Assistant, and would be there twice.
public struct DiscoveryLedger: Sendable {
  /// The most devices that are announced; what a site has, and a bound for a fleet that invents names.
  public static let deviceLimit = 10_000

  private struct Device {
    var firmware: String?
    var profile: Profile
    var entities: [DiscoveryEntity: DiscoveryMessage] = [:]
  }

  private let options: DiscoveryOptions
  private var devices: [String: Device] = [:]
  /// Devices that were not announced because there are too many.
  public private(set) var leftOut = 0

  /// Nothing announced.
  public init(_ options: DiscoveryOptions) {
    self.options = options
  }

  /// How many devices are announced.
  public var count: Int { devices.count }

  /// What new rows make necessary to say.
  public mutating func observe(_ rows: some Sequence<Row>) -> [DiscoveryMessage] {
    rows.flatMap { row in observe(row) }
  }

  private mutating func observe(_ row: Row) -> [DiscoveryMessage] {
    guard row.profile != .translated else { return [] }
    if devices[row.device] == nil, devices.count >= Self.deviceLimit {
      leftOut += 1
      return []
    }
    var device = devices[row.device] ?? Device(firmware: row.version, profile: row.profile)
    // A new firmware, or another payload: everything is told anew.
    let isChanged =
      row.version != nil && row.version != device.firmware || row.profile != device.profile
    if isChanged {
      device.firmware = row.version ?? device.firmware
      device.profile = row.profile
    }
    var messages: [DiscoveryMessage] = []
    for entity in DiscoveryEntity.allCases {
      let isKnown = device.entities[entity] != nil
      guard isKnown ? isChanged : entity.isIn(row) else { continue }
      let message = entity.message(row, firmware: device.firmware, options)
      guard device.entities[entity] != message else { continue }
      device.entities[entity] = message
      messages.append(message)
    }
    devices[row.device] = device
    return messages
  }

  /// Everything that is announced, devices by their names.
  public var all: [DiscoveryMessage] {
    devices.sorted { $0.key < $1.key }.flatMap { _, device in
      DiscoveryEntity.allCases.compactMap { device.entities[$0] }
    }
  }

  /// Forgets a device; what clears each entity it may have, announced by this gateway or another.
  public mutating func remove(_ device: String) -> [DiscoveryMessage] {
    devices[device] = nil
    return Self.clearing(device, options)
  }

  /// What clears every entity a device may have.
  public static func clearing(_ device: String, _ options: DiscoveryOptions) -> [DiscoveryMessage] {
    DiscoveryEntity.allCases.map { DiscoveryMessage(topic: $0.topic(device, options), payload: "") }
  }

  /// Somebody cleared a topic: the entity is not announced any more, and would be with its next value.
  public mutating func cleared(topic: String) {
    for (name, device) in devices {
      guard let entity = device.entities.first(where: { $0.value.topic == topic })?.key else { continue }
      devices[name]?.entities[entity] = nil
      if devices[name]?.entities.isEmpty == true { devices[name] = nil }
      return
    }
  }
}
