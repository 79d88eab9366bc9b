import GatewayCore

/// One retained message that tells Home Assistant of an entity, or, with an empty payload, that it is gone
/// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
public struct DiscoveryMessage: Sendable, Equatable {
  /// `homeassistant/sensor/martlet_Attic06/temperature/config`.
  public var topic: String
  /// JSON; empty clears.
  public var payload: String
}

/// Where devices and Home Assistant meet.
public struct DiscoveryOptions: Sendable, Equatable {
  /// What stands before Home Assistant's discovery topics; its own setting has the same default.
  public var prefix = "homeassistant"
  /// What stands before a device's id in topics.
  public var baseTopic = "iots6"
  /// After how many silent seconds a device without a status topic (version 1) counts as away.
  public var expireAfterSeconds = 900
  /// This program's release, told as the origin.
  public var release = ""

  /// All at their defaults.
  public init() {}
}

/// What a device has that Home Assistant shows, each an entity.
enum DiscoveryEntity: String, CaseIterable {
  case temperature, humidity, pressure, motion
  case switchLevel = "switch"
  case quality
  case wifiRSSI = "wifi_rssi"

  /// Home Assistant's kind of entity.
  var component: String {
    switch self {
    case .motion, .switchLevel: "binary_sensor"
    case .temperature, .humidity, .pressure, .quality, .wifiRSSI: "sensor"
    }
  }

  /// Whether a row proves that the device has it.
  func isIn(_ row: Row) -> Bool {
    switch self {
    case .temperature: row.temperatureCentiCelsius != nil
    case .humidity: row.humidityCentiPercent != nil
    case .pressure: row.pressurePascals != nil
    case .motion: row.motion != nil
    case .switchLevel: row.switchClosed != nil
    case .quality: row.quality != nil && row.profile == .martletVersion2
    case .wifiRSSI: row.wifiRSSI != nil
    }
  }

  private var name: String {
    switch self {
    case .temperature: "Temperature"
    case .humidity: "Humidity"
    case .pressure: "Pressure"
    case .motion: "Motion"
    case .switchLevel: "Switch"
    case .quality: "Quality"
    case .wifiRSSI: "Wi-Fi signal"
    }
  }

  /// The members that are this entity's own. Home Assistant reads the device's payload itself, so the unit is the payload's: version
  /// 1 sends °F and inHg.
  private func members(_ profile: Profile) -> String {
    let isFormer = profile == .iots6Version1
    func measured(_ deviceClass: String, _ unit: String, _ decimals: Int) -> String {
      #","device_class":"\#(deviceClass)","unit_of_measurement":"\#(unit)","state_class":"measurement","suggested_display_precision":\#(decimals)"#
    }
    return switch self {
    case .temperature: measured("temperature", isFormer ? "°F" : "°C", 1)
    case .humidity: measured("humidity", "%", 1)
    case .pressure: measured("atmospheric_pressure", isFormer ? "inHg" : "hPa", isFormer ? 2 : 1)
    case .motion: #","device_class":"motion","payload_on":"HIGH","payload_off":"LOW""#
    case .switchLevel: #","payload_on":"HIGH","payload_off":"LOW""#
    case .quality: #","entity_category":"diagnostic","icon":"mdi:check-decagram""#
    case .wifiRSSI:
      #","device_class":"signal_strength","unit_of_measurement":"dBm","state_class":"measurement","entity_category":"diagnostic""#
    }
  }

  /// Where it is announced.
  func topic(_ device: String, _ options: DiscoveryOptions) -> String {
    "\(options.prefix)/\(component)/\(Self.node(device))/\(rawValue)/config"
  }

  /// The announcement.
  func message(_ row: Row, firmware: String?, _ options: DiscoveryOptions) -> DiscoveryMessage {
    let node = Self.node(row.device)
    let base = "\(options.baseTopic)/\(row.device)"
    var payload = #"{"name":"\#(name)","unique_id":"\#(node)_\#(rawValue)","state_topic":\#(Row.quoted(base))"#
    payload += #","value_template":"{{ value_json.\#(rawValue) }}""# + members(row.profile)
    if row.profile == .martletVersion2 {
      payload +=
        #","availability":[{"topic":\#(Row.quoted(base + "/status")),"value_template":"{{ value_json.state }}"}]"#
    } else {
      payload += #","expire_after":\#(options.expireAfterSeconds)"#
    }
    payload += #","device":{"identifiers":["\#(node)"],"name":\#(Row.quoted(row.device)),"manufacturer":"Martlet""#
    payload += #","model":"Pico W""#
    if let firmware { payload += #","sw_version":\#(Row.quoted(firmware))"# }
    payload += #"},"origin":{"name":"Martlet","sw_version":\#(Row.quoted(options.release))}}"#
    return DiscoveryMessage(topic: topic(row.device, options), payload: payload)
  }

  /// A device's id as Home Assistant takes one in topics, `[a-zA-Z0-9_-]`: any other byte as `_` and two digits. Only ids
  /// of the existing fleet have such.
  static func node(_ device: String) -> String {
    "martlet_"
      + device.utf8.map { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: String(UnicodeScalar(byte))
        case _: "_" + String(256 + Int(byte), radix: 16).dropFirst()
        }
      }.joined()
  }
}
