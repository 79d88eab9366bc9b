import Configuration
import Foundation
import MQTTClient

/// Reads single settings and says which one is wrong.
struct SettingsReader {
  let config: ConfigReader

  func text(_ key: String) throws -> String? {
    try wrap(key, "text") { try config.fetchedText(key) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Words with commas between them.
  func list(_ key: String) throws -> [String]? { try text(key).map(Self.list) }

  static func list(_ words: String) -> [String] {
    words.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  func number(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
    guard let text = try text(key) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw SettingsError(
        description: "\(key): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func flag(_ key: String) throws -> Bool? {
    guard let text = try text(key) else { return nil }
    switch text.lowercased() {
    case "true", "1", "yes": return true
    case "false", "0", "no": return false
    default: throw SettingsError(description: "\(key): '\(text)' is neither true nor false")
    }
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _: Choice.Type
  ) throws -> Choice? where Choice.RawValue == String {
    guard let word = try text(key) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      throw SettingsError(
        description: "\(key): '\(word)' is none of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  func version(_ key: String) throws -> MQTTVersion {
    switch try text(key) {
    case nil, "5", "5.0": return .v5
    case "3.1.1", "3", "4": return .v311
    case let word?: throw SettingsError(description: "\(key): '\(word)' is neither 5 nor 3.1.1")
    }
  }

  /// TLS where it is asked for, or where any of its files is named.
  func tls(_ section: String) throws -> MQTTTLS? {
    var tls = MQTTTLS(
      authorityFile: try text("\(section).caFile"), certificateFile: try text("\(section).certificateFile"),
      keyFile: try text("\(section).keyFile"), serverName: try text("\(section).serverName"))
    tls.minimumVersion = try choice("\(section).minimumVersion", MQTTTLS.Version.self) ?? tls.minimumVersion
    tls.applicationProtocol = try text("\(section).applicationProtocol")
    let isAskedFor = try flag("\(section).enabled")
    return isAskedFor ?? (tls != MQTTTLS()) ? tls : nil
  }

  private func wrap<Value>(_ key: String, _ kind: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw SettingsError(description: "\(key): not \(kind) (\(error))") }
  }
}

extension ConfigReader {
  /// The value as text, whichever scalar the file wrote it as.
  fileprivate func fetchedText(_ key: String) throws -> String? {
    string(forKey: ConfigKey(key)) ?? int(forKey: ConfigKey(key)).map(String.init)
      ?? bool(forKey: ConfigKey(key)).map(String.init)
  }
}
