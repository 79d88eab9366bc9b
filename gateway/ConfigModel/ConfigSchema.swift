/// Every key that a device, the former fleet or this gateway follows, described once.
///
/// From this table come the check of a document (`ConfigCheck`), the reference in docs/configuration.md, and the form in
/// the pages. What `Sources/Node` checks by itself agrees with it: Tests/ConfigModelTests/DeviceAgreementTests.swift.
///
/// A key may stand in an entry of `device_list`, in `device_global_config` and in `system_global_config`; the entry wins
/// over the system's, and that over the devices' in general (see `FleetDocument`).
public enum ConfigSchema {
  /// The longest merged document that the firmware takes, in bytes (firmware-micropython/ports/shell.py).
  public static let deviceDocumentLimit = 8192

  /// The sections of the fleet's document whose members are merged for a device.
  public static let sharedSections = ["device_global_config", "system_global_config"]

  /// Every key, by topic.
  public static let fields: [ConfigField] =
    identity + periods + reporting + display + log + pwmFan + stepFans + wiring + broker + api

  /// The key of that path, or `nil`.
  public static func field(_ path: [String]) -> ConfigField? { byPath[path] }

  /// The path of every object that holds keys.
  static let groups: Set<[String]> = Set(
    fields.flatMap { field in (1..<field.path.count).map { Array(field.path.prefix($0)) } })

  private static let byPath = Dictionary(uniqueKeysWithValues: fields.map { ($0.path, $0) })

  private static let day: Int64 = 86_400_000

  private static let identity: [ConfigField] = [
    ConfigField(
      "device_id", .identity, .text(1...DeviceID.lengthLimit), isOfOneDevice: true,
      "The name on the wire: A-Z a-z 0-9 _ -. From the board's straps, unless it was provisioned."),
    ConfigField(
      "name", .identity, .text(0...64), reader: .gateway, isOfOneDevice: true, "What people call the device."),
    ConfigField(
      "location", .identity, .text(0...64), reader: .gateway, isOfOneDevice: true,
      "Where it is; the fleet's page groups by it."),
    ConfigField(
      "enabled", .identity, .flag, standard: .number("1"), "0: the device publishes nothing."),
  ]

  private static let periods: [ConfigField] = [
    ConfigField(
      "heartbeat_publish_period", .periods, .integer(1000...day), unit: "ms", standard: .number("60000"),
      "Between two readings that are sent without an event."),
    ConfigField(
      "temperature_check_period", .periods, .integer(500...3_600_000), unit: "ms", standard: .number("5000"),
      "Between two measurements."),
    ConfigField(
      "motion_cooldown_wait_period", .periods, .integer(0...3_600_000), unit: "ms", standard: .number("60000"),
      "After a motion, in which others are only counted."),
    ConfigField(
      "motion_check_period", .periods, .integer(0...10_000), unit: "ms", standard: .number("0"),
      "Between two looks at the motion pin; 0: at every step."),
    ConfigField(
      "switch_check_period", .periods, .integer(0...10_000), unit: "ms", standard: .number("0"),
      "Between two looks at the switch's pin; 0: at every step."),
    ConfigField(
      "switch_debounce_period", .periods, .integer(0...10_000), unit: "ms", standard: .number("30"),
      "How long a level has to stay until it counts."),
    ConfigField(
      "check_config_file_period", .periods, .integer(1000...day), unit: "ms", standard: .number("60000"),
      "Between two fetches of this document."),
  ]

  private static let reporting: [ConfigField] = [
    ConfigField(
      "payload_version", .reporting, .integer(1...2), standard: .number("2"),
      "1: flat JSON in °F and inHg for an old back end; a reading is then forgotten when the broker has it."),
    ConfigField(
      "onchip_temperature_offset", .reporting, .hundredths(-5000...5000), unit: "°C", standard: .number("0"),
      "Added to what the RP2040's own sensor measures."),
  ]

  private static let display: [ConfigField] = [
    ConfigField(
      "display_units", .display, .word(["C", "F"]), standard: .string("C"), "Degrees on the display alone."),
    ConfigField(
      "display_dim_period", .display, .integer(0...day), unit: "ms", standard: .number("600000"),
      "After motion or switch, until the display dims; 0: never."),
    ConfigField(
      "display_shift_period", .display, .integer(0...day), unit: "ms", standard: .number("180000"),
      "Until the picture moves on by a pixel; 0: never."),
  ]

  private static let log: [ConfigField] = [
    ConfigField(
      "remote_log_level", .log, .word(["off", "error", "warning", "info", "debug"]), standard: .string("warning"),
      "Lines up to this level are sent."),
    ConfigField("remote_logger.mqtt.enabled", .log, .flag, standard: .number("1"), "0: as level off."),
    ConfigField(
      "remote_logger.mqtt.base_topic", .log, .text(0...64), reader: .former, "Under which topic the lines are sent."),
    ConfigField("remote_logger.http.enabled", .log, .flag, reader: .former, "1: lines also go to the address."),
    ConfigField("remote_logger.http.url", .log, .url(256), reader: .former, "Where the lines go."),
  ]

  private static let pwmFan: [ConfigField] =
    fan("fan_pwm_controller_config", .pwmFan) + [
      ConfigField(
        "fan_pwm_controller_config.fan_min_duty", .pwmFan, .integer(0...100), unit: "%", standard: .number("30"),
        "The least duty with which it turns, used at the lower temperature."),
      ConfigField(
        "fan_pwm_controller_config.fan_max_duty", .pwmFan, .integer(0...100), unit: "%", standard: .number("100"),
        "The duty at the upper temperature."),
      ConfigField(
        "fan_pwm_controller_config.manual_override.manual_dutycycle", .pwmFan, .integer(0...100), unit: "%",
        standard: .number("0"), "The duty under manual override."),
      ConfigField(
        "fan_pwm_controller_config.pwm_pin", .pwmFan, .integer(0...ConfigField.Kind.lastPin), unit: "GPIO",
        reader: .firmware, "The fan's pin; without it there is none."),
      ConfigField(
        "fan_pwm_controller_config.pwm_freq", .pwmFan, .integer(1...65_535), unit: "Hz", standard: .number("64"),
        reader: .firmware, "The fan's frequency."),
    ]

  private static let stepFans: [ConfigField] =
    fan("fan_step_controller_config", .stepFans) + [
      ConfigField(
        "fan_step_controller_config.pins", .stepFans, .pins(8), unit: "GPIO", standard: .array([]),
        "The fans' pins, in the order in which they come on."),
      ConfigField(
        "fan_step_controller_config.manual_override.fans_active", .stepFans, .integer(0...8), standard: .number("0"),
        "How many run under manual override."),
    ]

  private static func fan(_ group: String, _ topic: ConfigField.Topic) -> [ConfigField] {
    [
      ConfigField("\(group).enabled", topic, .flag, standard: .number("0"), "1: there is such a control."),
      ConfigField(
        "\(group).temp_min", topic, .hundredths(-4000...12_500), unit: "°C", standard: .number("30"),
        "Below it the fan is off."),
      ConfigField(
        "\(group).temp_max", topic, .hundredths(-4000...12_500), unit: "°C", standard: .number("50"),
        "From it on the fan runs with all it has."),
      ConfigField(
        "\(group).hysteresis", topic, .hundredths(0...5000), unit: "°C", standard: .number("2"),
        "How far it must cool down again before less is done."),
      ConfigField(
        "\(group).manual_override.enabled", topic, .flag, standard: .number("0"), "1: the temperature does not count."),
    ]
  }

  private static let wiring: [ConfigField] = [
    pin("i2c_temp_sensor_pins.i2c_sda", 4, "Data of the sensors' bus."),
    pin("i2c_temp_sensor_pins.i2c_scl", 5, "Clock of the sensors' bus."),
    pin("i2c_display_pins.i2c_sda", nil, "Data of the display's bus; without it the display is on the sensors'."),
    pin("i2c_display_pins.i2c_scl", nil, "Clock of the display's bus."),
    pin("onewire_ds18b20_pin.pin", 22, "The 1-Wire bus of a DS18B20."),
    pin("motion_sensor_pin.pin", 16, "The motion sensor."),
    pin("switch_sensor_pin.pin", 14, "The switch."),
  ]

  private static func pin(_ name: String, _ standard: Int?, _ help: String) -> ConfigField {
    ConfigField(
      name, .wiring, .integer(0...ConfigField.Kind.lastPin), unit: "GPIO", standard: standard.map { .number("\($0)") },
      reader: .firmware, help)
  }

  private static let broker: [ConfigField] = [
    ConfigField("mqtt_config.enabled", .broker, .flag, reader: .former, "0: nothing goes over MQTT."),
    ConfigField("mqtt_config.broker", .broker, .text(1...64), reader: .firmware, "The broker's name or address."),
    ConfigField(
      "mqtt_config.port", .broker, .integer(1...65_535), standard: .number("1883"), reader: .firmware,
      "The broker's port; 8883 is usual with TLS."),
    ConfigField("mqtt_config.user", .broker, .text(0...64), reader: .firmware, "The user's name; empty: none."),
    ConfigField(
      "mqtt_config.password", .broker, .text(0...64), reader: .firmware, isSecret: true, "The user's password."),
    ConfigField(
      "mqtt_config.base_topic", .broker, .text(1...64), standard: .string("iots6"), reader: .firmware,
      "What every topic begins with."),
    ConfigField("mqtt_config.ssl", .broker, .flag, standard: .number("0"), reader: .firmware, "1: TLS."),
    ConfigField(
      "mqtt_config.reconnect_delay", .broker, .integer(0...3_600_000), unit: "ms", reader: .former,
      "Until the next attempt to connect."),
  ]

  private static let api: [ConfigField] = [
    ConfigField("api_config.enabled", .api, .flag, reader: .former, "1: readings also go to that address."),
    ConfigField("api_config.url", .api, .url(256), reader: .former, "Where readings go."),
    ConfigField("api_config.api_key", .api, .text(0...256), reader: .former, isSecret: true, "What opens it."),
    ConfigField(
      "api_config.timeout_ms", .api, .integer(1...600_000), unit: "ms", reader: .former,
      "How long one attempt may take."
    ),
    ConfigField(
      "api_config.retry_delay_ms", .api, .integer(0...3_600_000), unit: "ms", reader: .former,
      "Until the next attempt."),
  ]
}
