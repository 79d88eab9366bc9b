import GatewayCore
import Profiles
import Telemetry

/// All that the gateway knows about topics and payloads: what a message is, and what row an entry makes.
public enum Profiles {
  /// The longest payload that is looked at, in bytes; a longer one is a dead letter (`too-large`).
  static let payloadLimit = 65_536
  /// 2024-01-01T00:00:00Z, before any of this software was built: a device that says so had no clock.
  static let earliest: Int64 = 1_704_067_200_000_000
  /// How far a reading may lie ahead of the gateway's clock: one day, for clocks and time zones set wrong by hand.
  static let latestAhead: Int64 = 86_400_000_000

  /// Which reading of which device, for the acknowledgement.
  struct ReadingID: Equatable {
    var device: String
    var boot: Int64
    var seq: Int64
    /// What the device says with it that it had to drop.
    var losses: [Loss] = []
  }

  /// What a message is.
  enum Verdict: Equatable {
    /// To be journaled; `row` is what the entry makes, `reading` is to be acknowledged by name (version 2 only).
    case accepted(Entry, row: Row, reading: ReadingID?)
    /// To be kept as a dead letter. A version-2 reading whose identity is sure, but whose time cannot be, is named: the
    /// device must not send it for ever, and it is kept.
    case refused(DeadLetter, reading: ReadingID?)
    case status(DeviceStatus)
    /// Counted and logged, not kept.
    case log(DeviceLogLine)
    /// The gateway's own topics, answers to commands, and a status that was cleared.
    case ignored
    /// Not to be taken yet: its time would come from the gateway's clock, which is not set. The device gets no
    /// acknowledgement and sends it again.
    case postponed
  }

  /// A message as it came.
  struct Arrival {
    var topic: String
    /// At most `payloadLimit` + 1 bytes.
    var payload: [UInt8]
    var length: Int
    /// Microseconds since 1970 UTC.
    var received: Int64
    var isRetained = false
    /// How it came here, where another gateway passed it on; `payload` is then the device's own again.
    var relay: Relay?

    /// When a gateway heard it first. A clock that is far off counts for nothing.
    var firstReceived: Int64 {
      guard let relay, earliest...received + latestAhead ~= relay.received else { return received }
      return relay.received
    }
  }

  /// Says what a message is.
  ///
  /// - Parameters:
  ///   - clock: fixes when a boot began, for readings without wall time.
  ///   - profiles: who else is understood.
  static func classify(
    _ arrival: Arrival, base: String, clock: inout BootClock, profiles: ProfileSet = ProfileSet()
  ) throws(StoreError) -> Verdict {
    guard let (device, suffix) = parts(of: arrival.topic, base: base) else {
      if let verdict = foreign(arrival, profiles, &clock) { return verdict }
      return refuse(arrival, "unknown-topic", "not a topic under \(base)/")
    }
    switch suffix {
    case "": break
    case "status": return status(arrival, device: device)
    case "log":
      return arrival.length == 0 ? .ignored : .log(DeviceLogLine(device: device, payload: arrival.payload))
    case "ack", "config", "cmd", "cmd/result", "relay/ack": return .ignored
    default:
      if let verdict = foreign(arrival, profiles, &clock) { return verdict }
      return refuse(arrival, "unknown-topic", "nothing is known of \(base)/<device>/\(suffix)")
    }
    guard arrival.length <= payloadLimit else {
      return refuse(arrival, "too-large", "\(arrival.length) bytes; at most \(payloadLimit) are taken")
    }
    guard device.utf8.count <= 32 else {
      return refuse(arrival, "bad-device-id", "the device's id in the topic is longer than 32 bytes")
    }
    guard isShowable(device) else {
      return refuse(
        arrival, "bad-device-id",
        "the device's id in the topic has control characters or marks that change how it is shown")
    }
    let payload: Payload
    var extra = Extra()
    do throws(PayloadError) {
      payload = try Payload.decode(arrival.payload.span) { extra.add(arrival.payload[$0..<$1]) }
    } catch {
      let (reason, detail) = words(error)
      return refuse(arrival, reason, detail)
    }
    return try accept(payload, extra, arrival, device, &clock)
  }

  private static func accept(
    _ payload: Payload, _ extra: Extra, _ arrival: Arrival, _ device: String, _ clock: inout BootClock
  ) throws(StoreError) -> Verdict {
    let named = text(payload.deviceID)
    guard named.isEmpty || named == device else {
      return refuse(arrival, "identity-mismatch", "the topic is of \(device), the payload of \(named)")
    }
    var entry = Entry(
      device: device, boot: -1, seq: 0, timestamp: arrival.received, timeSource: .received,
      received: arrival.firstReceived, profile: .iots6Version1, bytes: arrival.payload,
      via: arrival.relay?.path)
    var reading: ReadingID?
    if payload.version == 2 {
      guard payload.deviceID.isDeviceID else {
        return refuse(arrival, "bad-device-id", "a device's id is 1 to 32 of A-Z a-z 0-9 _ -")
      }
      guard let boot = payload.boot, let seq = payload.seq else {
        return refuse(arrival, "missing-field", "version 2 needs boot and seq")
      }
      entry.boot = Int64(boot)
      entry.seq = Int64(seq)
      entry.profile = .martletVersion2
      reading = ReadingID(
        device: device, boot: entry.boot, seq: entry.seq,
        losses: payload.dropped.isEmpty ? [] : losses(payload.dropped, device))
    } else {
      entry.seq = hash(arrival.payload)
    }
    if let relay = arrival.relay, let identity = relay.translated {
      entry.seq = identity
      entry.profile = .translated
      entry.timestamp = relay.timestamp
      entry.timeSource = relay.timeSource
    } else if let timestamp = payload.timestampMicroseconds {
      entry.timestamp = timestamp
      entry.timeSource = .device
    } else if let relay = arrival.relay {
      // Fixed once, by the gateway that heard it first.
      entry.timestamp = relay.timestamp
      entry.timeSource = relay.timeSource == .device ? .received : relay.timeSource
    } else if payload.version == 2, let uptime = payload.uptimeMilliseconds {
      let uptime = Int64(uptime) * 1000
      if arrival.received < earliest {
        let isKnown = try clock.knows(device: device, boot: entry.boot)
        if !isKnown { return .postponed }
      }
      let epoch = try clock.epoch(device: device, boot: entry.boot, uptime: uptime, received: arrival.received)
      entry.timestamp = epoch + uptime
      entry.timeSource = .derived
    }
    // A gateway whose clock was never set cannot tell what lies ahead.
    let reference = clock.reference(arrival.received)
    let isAhead = reference >= earliest && entry.timestamp > reference + latestAhead
    guard entry.timestamp >= earliest, !isAhead else {
      return refuse(
        arrival, "impossible-time",
        "\(entry.timeSource.name) time \(entry.timestamp / 1_000_000) s, received at \(arrival.received / 1_000_000) s"
          + (entry.timeSource == .received ? ": the gateway's clock is not set" : ""),
        reading: reading)
    }
    return .accepted(entry, row: row(from: entry, payload, extra), reading: reading)
  }

  /// Which reading a payload is, as an entry would name it; `nil` for bytes that are none.
  public static func identity(of bytes: [UInt8]) -> (boot: Int64, seq: Int64)? {
    guard let payload = try? Payload.decode(bytes.span) else { return nil }
    if payload.version != 2 { return (-1, hash(bytes)) }
    guard let boot = payload.boot, let seq = payload.seq else { return nil }
    return (Int64(boot), Int64(seq))
  }

  private static func losses(_ dropped: DroppedRanges, _ device: String) -> [Loss] {
    (0..<dropped.count).compactMap { index in
      let range = dropped[index]
      guard range.first <= range.last else { return nil }
      return Loss(
        device: device, boot: Int64(range.boot), seqs: Int64(range.first)...Int64(range.last),
        reason: "device: dropped", sparesArrived: true)
    }
  }

  static func refuse(
    _ arrival: Arrival, _ reason: String, _ detail: String, reading: ReadingID? = nil
  ) -> Verdict {
    .refused(
      DeadLetter(
        received: arrival.received, topic: arrival.topic, reason: reason, detail: detail, bytes: arrival.payload,
        length: arrival.length,
        loss: reading.map {
          Loss(
            device: $0.device, boot: $0.boot, seqs: $0.seq...$0.seq, reason: "gateway: \(reason)", sparesArrived: false)
        }), reading: reading)
  }

  /// The device and what follows its id, of `<base>/<device>` or `<base>/<device>/<suffix>`.
  static func parts(of topic: String, base: String) -> (device: String, suffix: String)? {
    let topic = topic.utf8
    guard topic.starts(with: base.utf8) else { return nil }
    let rest = topic.dropFirst(base.utf8.count)
    guard rest.first == UInt8(ascii: "/") else { return nil }
    let levels = rest.dropFirst()
    guard let slash = levels.firstIndex(of: UInt8(ascii: "/")) else {
      return levels.isEmpty ? nil : (String(Substring(levels)), "")
    }
    let device = levels[..<slash]
    let suffix = levels[levels.index(after: slash)...]
    return device.isEmpty || suffix.isEmpty ? nil : (String(Substring(device)), String(Substring(suffix)))
  }

  /// Whether an id looks like what it is: no control characters, no invisible marks that turn the direction of writing (Unicode's
  /// general categories Cc, Cf, Zl, Zp). Version 1 knows no other rule for ids.
  private static func isShowable(_ device: String) -> Bool {
    if device.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return true }
    return device.unicodeScalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
      case _: true
      }
    }
  }

  /// FNV-1a over the exact bytes, 64 bits, the last bit dropped (Fowler, Noll, Vo; offset and prime of
  /// draft-eastlake-fnv). The same in every gateway, so that the database's unique key meets its twin.
  static func hash(_ bytes: [UInt8]) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int64(hash >> 1)
  }

  /// The dead letter's short code, and the place for a person.
  static func words(_ error: PayloadError) -> (reason: String, detail: String) {
    switch error.code {
    case .notJSON(.invalidUTF8): ("invalid-utf8", "at byte \(error.offset)")
    case .notJSON(let code): ("not-json", "\(code) at byte \(error.offset)")
    case .notAnObject: ("not-an-object", "a payload is a JSON object")
    case .unsupportedVersion: ("unsupported-version", "v at byte \(error.offset) is neither 1 nor 2")
    case .missing(let field): ("missing-field", "\(field.name)")
    case .wrongType(let field): ("wrong-type", "\(field.name) at byte \(error.offset)")
    case .outOfRange(let field): ("out-of-range", "\(field.name) at byte \(error.offset)")
    case .tooLong(let field): ("too-long", "\(field.name) at byte \(error.offset)")
    case .duplicate(let field): ("duplicate-field", "\(field.name) at byte \(error.offset)")
    }
  }
}

// MARK: - Rows

extension Profiles {
  /// Why an entry's bytes do not say what its columns say, or `nil`: damage that the journal's own check cannot see.
  public static func fault(in entry: Entry) -> String? {
    if entry.profile == .iots6Version1, hash(entry.bytes) != entry.seq { return "its bytes are not those that came" }
    let payload: Payload
    do throws(PayloadError) { payload = try Payload.decode(entry.bytes.span) } catch {
      let (reason, detail) = words(error)
      return "\(reason): \(detail)"
    }
    let named = text(payload.deviceID)
    guard named.isEmpty || named == entry.device else { return "its bytes are of \(named)" }
    guard entry.profile != .martletVersion2 || payload.boot.map(Int64.init) == entry.boot,
      entry.profile != .martletVersion2 || payload.seq.map(Int64.init) == entry.seq
    else { return "its bytes are of another reading" }
    if entry.profile == .translated { return nil }
    guard payload.timestampMicroseconds.map({ $0 == entry.timestamp }) ?? (entry.timeSource != .device) else {
      return "its time is not the one in its bytes"
    }
    return nil
  }

  /// The row an entry makes: always the same for the same entry.
  public static func row(from entry: Entry) -> Row {
    var extra = Extra()
    do throws(PayloadError) {
      let payload = try Payload.decode(entry.bytes.span) { extra.add(entry.bytes[$0..<$1]) }
      return row(from: entry, payload, extra)
    } catch {
      // It was decoded before it was journaled: only a file damaged behind SQLite's back, or a codec that became
      // stricter, leads here. The identity is still worth a row.
      var row = identity(of: entry)
      row.quality = "undecodable"
      return row
    }
  }

  private static func identity(of entry: Entry) -> Row {
    var row = Row(
      device: entry.device, boot: entry.boot, seq: entry.seq, timestamp: entry.timestamp, timeSource: entry.timeSource,
      received: entry.received)
    row.profile = entry.profile
    return row
  }

  /// The members of a payload that have no column, as the inside of a JSON object.
  private struct Extra {
    private var bytes: [UInt8] = []

    mutating func add(_ member: ArraySlice<UInt8>) {
      bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
      bytes.append(contentsOf: member)
    }

    /// The object, or `nil` where there is nothing.
    var object: String? { bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) + "}" }
  }

  private static func row(from entry: Entry, _ payload: Payload, _ extra: Extra) -> Row {
    var row = identity(of: entry)
    row.event = nonEmpty(payload.event)
    row.temperatureCentiCelsius = payload.temperatureCentiCelsius
    row.humidityCentiPercent = payload.humidityCentiPercent
    row.pressurePascals = payload.pressurePascals
    row.motion = isHigh(payload.motion)
    row.switchClosed = isHigh(payload.switchLevel)
    row.sensorType = nonEmpty(payload.sensorType)
    row.quality = nonEmpty(payload.quality)
    row.wifiRSSI = payload.wifiRSSI
    row.uptimeMilliseconds = payload.uptimeMilliseconds.map { Int64(clamping: $0) }
    row.version = nonEmpty(payload.firmware)
    row.extra = extra.object
    return row
  }

  private static func isHigh(_ level: Level) -> Bool? {
    switch level {
    case .unknown: nil
    case .low: false
    case .high: true
    }
  }

  private static func nonEmpty<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String? {
    bytes.isEmpty ? nil : text(bytes)
  }

  private static func text<let capacity: Int>(_ bytes: InlineBytes<capacity>) -> String {
    bytes.withSpan { span in span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
  }
}

// MARK: - Status

extension Profiles {
  /// `{"state":"online","boot":17,"version":"1.0.0"}`; other members are passed over.
  private static func status(_ arrival: Arrival, device: String) -> Verdict {
    // An empty retained message clears the topic: nothing is said.
    if arrival.length == 0 { return .ignored }
    guard arrival.length <= payloadLimit else {
      return refuse(arrival, "too-large", "\(arrival.length) bytes; at most \(payloadLimit) are taken")
    }
    let text = arrival.payload.span
    var status = DeviceStatus(
      device: device, isOnline: false, received: arrival.received, isRetained: arrival.isRetained)
    var isKnown = false
    do throws(JSONError) {
      var cursor = JSONCursor()
      guard try cursor.next(in: text) == .objectStart else {
        return refuse(arrival, "not-an-object", "a status is a JSON object")
      }
      while case .key(let key) = try cursor.next(in: text) {
        var look = cursor
        let value = try look.next(in: text)
        _ = try cursor.skipValue(in: text)
        if key.matches("state", in: text), case .string(let word) = value {
          status.isOnline = word.matches("online", in: text)
          isKnown = status.isOnline || word.matches("offline", in: text)
        } else if key.matches("boot", in: text), case .number(let number) = value {
          status.boot = number.integer(in: text)
        } else if key.matches("version", in: text), case .string(let word) = value {
          let name: InlineBytes<24>? = word.string(in: text)
          status.version = name.flatMap { nonEmpty($0) }
        }
      }
      _ = try cursor.next(in: text)
    } catch {
      return refuse(
        arrival, error.code == .invalidUTF8 ? "invalid-utf8" : "not-json", "\(error.code) at byte \(error.offset)")
    }
    return isKnown ? .status(status) : refuse(arrival, "bad-status", "state is neither online nor offline")
  }
}
