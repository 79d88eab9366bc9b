import Foundation
import LocalNode
import MQTTClient

/// The device inside the gateway's process, as the settings' `localNode` section describes it.
struct LocalNodeSettings: Sendable, Equatable {
  enum Board: String, CaseIterable {
    case linux, virtual
  }

  var device: String
  var board = Board.linux
  var seed: UInt64 = 1
  var i2c = 1
  var displayI2C: Int?
  var motion: String?
  var door: String?
  var light: String?
  /// `nil`: the built-in configuration.
  var configServer: String? = "http://127.0.0.1:5000"
  /// `nil`: beside the journal.
  var stateFolder: String?

  /// The section; `nil` where no device is named.
  ///
  /// - Throws: `SettingsError` naming the key.
  init?(_ reader: SettingsReader) throws {
    guard let device = try reader.text("localNode.device") else { return nil }
    let isName = device.utf8.allSatisfy {
      UInt8(ascii: "-") == $0 || UInt8(ascii: "_") == $0 || Self.isAlphanumeric($0)
    }
    guard isName, device.utf8.count <= 32 else {
      throw SettingsError(description: "localNode.device: '\(device)' is not 1 to 32 letters, digits, '-' or '_'")
    }
    self.device = device
    if let word = try reader.text("localNode.board") {
      guard let board = Board(rawValue: word) else {
        throw SettingsError(
          description: "localNode.board: '\(word)' is none of "
            + Board.allCases.map(\.rawValue).joined(separator: ", "))
      }
      self.board = board
    }
    seed = UInt64(try reader.number("localNode.seed", 0...Int(Int32.max)) ?? Int(seed))
    i2c = try reader.number("localNode.i2c", 0...255) ?? i2c
    displayI2C = try reader.number("localNode.displayI2c", 0...255)
    motion = try reader.text("localNode.motion")
    door = try reader.text("localNode.switch")
    light = try reader.text("localNode.led")
    stateFolder = try reader.text("localNode.stateFolder")
    if let address = try reader.text("localNode.configServer") {
      guard address == "none" || address.hasPrefix("http://") || address.hasPrefix("https://") else {
        throw SettingsError(
          description:
            "localNode.configServer: '\(address)' is neither 'none' nor an address such as http://127.0.0.1:5000")
      }
      configServer = address == "none" ? nil : address
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
  }

  /// What `LocalNode` wants to know.
  ///
  /// - Throws: `LinuxHALError` where a bus or a line cannot be had.
  func options(_ settings: Settings) throws -> LocalNodeOptions {
    var broker = settings.broker.options(clientID: "martlet-node-\(device)")
    broker.keepAliveSeconds = 15
    let wiring: LocalNodeOptions.Wiring =
      switch board {
      case .virtual: .virtual(seed: seed)
      case .linux:
        .linux(try LinuxBoard(bus: i2c, displayBus: displayI2C, motion: motion, door: door, light: light))
      }
    return LocalNodeOptions(
      device: device, firmware: Martlet.release, wiring: wiring, broker: broker, baseTopic: settings.broker.baseTopic,
      configServer: configServer, stateFolder: stateFolder ?? settings.journalPath + ".local-node")
  }
}
