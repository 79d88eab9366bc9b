import GatewayCore
import Profiles
import Telemetry

/// Rows of the existing service's `sensor_data` table, as members of a version-1 payload.
extension Profiles {
  /// The columns of that table that a payload has under another name.
  private static let formerNames = ["time": "timestamp"]

  /// A reading of the existing fleet that was stored, not received: °F and inHg as they stand there, converted and judged as
  /// in a message, but however old.
  ///
  /// - Parameters:
  ///   - members: the row's columns by name, as text; null is `nil`.
  ///   - received: the moment of the import, microseconds since 1970 UTC.
  /// - Returns: always the same identity for the same members, so that a row imported twice is one.
  /// - Throws: `Refusal` with the column.
  public static func former(
    _ members: [(name: String, value: String?)], received: Int64
  ) throws(Refusal) -> Row {
    var text = ""
    for (name, value) in members {
      let name = formerNames[name] ?? name
      guard let value, !value.isEmpty else { continue }
      text += text.isEmpty ? "{" : ","
      text += "\(Row.quoted(name)):\(Row.quoted(level(name, value) ?? value))"
    }
    let bytes = Array((text.isEmpty ? "{}" : text + "}").utf8)
    let payload: Payload
    do throws(PayloadError) { payload = try Payload.decode(bytes.span) } catch {
      let (reason, detail) = words(error)
      throw Refusal(reason, detail)
    }
    guard payload.version == 1 else {
      throw Refusal("unsupported-version", "a column v says it is version \(payload.version)")
    }
    let device = payload.deviceID.withSpan { span in
      span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
    guard !device.isEmpty else { throw Refusal("missing-field", "device_id") }
    guard let timestamp = payload.timestampMicroseconds else {
      throw Refusal("missing-field", "time: absent, or no moment from 1970 on")
    }
    return row(
      from: Entry(
        device: device, boot: -1, seq: hash(bytes), timestamp: timestamp, timeSource: .device, received: received,
        profile: .iots6Version1, bytes: bytes))
  }

  /// Booleans as PostgreSQL and CSV write them, for columns that were boolean in some versions of the table.
  private static func level(_ name: String, _ value: String) -> String? {
    guard name == "motion" || name == "switch" else { return nil }
    return switch value {
    case "t", "true", "1": "HIGH"
    case "f", "false", "0": "LOW"
    case _: nil
    }
  }
}
