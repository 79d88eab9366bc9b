import ArgumentParser
import Foundation
import GatewayCore
import Ingest
import Profiles

struct DecodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Say what rows messages would become.",
    discussion: """
      Standard input: a message a line, topic TAB payload. Standard output: for each an object on a line, the columns of
      sensor_data in SI units, or {"refused":"reason"}. Without --profile every shipped profile is tried, by topic.
      Nothing is connected to, nothing is kept.

      EXIT CODES  0 every line became a row, 3 some were refused, 1 a profile cannot be used, 64 a wrong option.

      EXAMPLES
        printf 'tele/attic/SENSOR\\t{"Time":"2019-11-03T19:34:28","BME280":{"Temperature":21.7},"TempUnit":"C"}\\n' | martlet decode
        mosquitto_sub -F '%t\t%p' -t 'zigbee2mqtt/#' | martlet decode --profile zigbee2mqtt
        martlet decode --profile my-weather.yaml < samples.tsv
      """)

  @Option(help: "A shipped profile's name, or a file with one; may come several times. See: martlet profile list.")
  var profile: [String] = []

  @Option(name: .customLong("base-topic"), help: "What stands before a device's id in martlet's own topics.")
  var baseTopic = "iots6"

  @Option(name: .customLong("gateway-id"), help: "What stands in the column gateway.")
  var gatewayID = "decode"

  @Option(name: .customLong("received-at"), help: "The moment of arrival, ISO 8601. Default: now.")
  var receivedAt: String?

  func run() async throws {
    try await Failure.reported {
      let profiles = try ProfileChoice(profile)
      let fixed = try receivedAt.map { text in
        guard let moment = Row.moment(text) else {
          throw SettingsError(description: "--received-at: '\(text)' is no ISO 8601 time, such as 2026-11-24T08:00:00Z")
        }
        return moment
      }
      var refused = 0
      var input = InputLines()
      while let line = input.next() {
        if line.isEmpty { continue }
        let received = fixed ?? GatewayClock.system.wallMicroseconds()
        do throws(Refusal) {
          let row = try decode(line, received, profiles)
          print(row.json(gateway: gatewayID))
        } catch {
          refused += 1
          print("{\"refused\":\(Row.quoted(error.description))}")
        }
        // Somebody may watch a pipe.
        fflush(nil)
      }
      if refused > 0 { throw ExitCode(3) }
    }
  }

  private func decode(_ bytes: [UInt8], _ received: Int64, _ choice: ProfileChoice) throws(Refusal) -> Row {
    guard let tab = bytes.firstIndex(of: 0x09) else {
      throw Refusal("no-tab", "a line is topic TAB payload")
    }
    let (row, profile) = try Profiles.decode(
      topic: String(decoding: bytes[..<tab], as: UTF8.self), payload: Array(bytes[(tab + 1)...]), received: received,
      base: choice.codecs.isEmpty ? nil : baseTopic, profiles: choice.others)
    let codec: PayloadProfile.Codec? =
      switch profile {
      case .iots6Version1: .iots6Version1
      case .martletVersion2: .martletVersion2
      case .translated: nil
      }
    if let codec, !choice.codecs.contains(codec) {
      throw Refusal("unsupported-version", "the payload is \(codec.rawValue), which was not asked for")
    }
    return row
  }
}

/// Lines of standard input as they are: what is no UTF-8 must reach the decoder, and be told.
struct InputLines: IteratorProtocol {
  private let file = fdopen(STDIN_FILENO, "r")

  mutating func next() -> [UInt8]? {
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    guard let file else { return nil }
    let count = getline(&line, &capacity, file)
    guard count >= 0, let line else { return nil }
    var bytes = [UInt8](UnsafeRawBufferPointer(start: line, count: count))
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return bytes
  }
}

/// The profiles somebody named: shipped ones by name, others by file.
struct ProfileChoice {
  /// Those the gateway reads itself.
  var codecs: Set<PayloadProfile.Codec> = []
  /// The others.
  var others = ProfileSet()

  /// - Parameter names: none means every shipped one.
  init(_ names: [String]) throws {
    let profiles = names.isEmpty ? ProfileSet.builtIn : try names.map(Self.profile)
    for profile in profiles {
      if let codec = profile.codec { codecs.insert(codec) } else { try others.add(profile) }
    }
  }

  /// A shipped profile by its name, or one from a file.
  static func profile(_ name: String) throws -> PayloadProfile {
    if let known = ProfileSet.builtIn(named: name) { return known }
    guard FileManager.default.fileExists(atPath: name) else {
      throw SettingsError(
        description: "profile '\(name)': neither a file nor one of "
          + ProfileSet.builtIn.map(\.name).joined(separator: ", "))
    }
    let text: String
    do { text = try String(contentsOfFile: name, encoding: .utf8) } catch {
      throw SettingsError(description: "profile '\(name)' cannot be read: \(error.localizedDescription)")
    }
    let profile = try PayloadProfile(yaml: text, file: name)
    guard profile.codec == nil else {
      throw SettingsError(description: "profile '\(name)': codec is for the shipped ones; leave that line out")
    }
    return profile
  }
}
