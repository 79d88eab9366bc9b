import GatewayCore
import Profiles

/// Other fleets' messages, by their payload profiles.
///
/// **Which message is the same one again.** Such devices have neither boot nor seq, so there is no ledger for them and no
/// acknowledgement by name: what the broker lost, nobody knows of. A message is known by a hash of topic and payload. Where the
/// profile says that something in the payload is unlike any other message of the device (its time), that is all: a redelivery
/// makes no second row, days later too. Where there is nothing of the kind, `21.5` may well be measured twice; then the second
/// of arrival is part of the hash: equal messages of one second are one row, and a redelivery after a crash between commit and
/// PUBACK, seconds later, is a second row. What the broker only remembers (retained) is then not taken, because it
/// comes anew with each connection.
extension Profiles {
  /// What a message of another fleet is; `nil`: no profile knows the topic.
  static func foreign(_ arrival: Arrival, _ profiles: ProfileSet, _ clock: inout BootClock) -> Verdict? {
    switch profiles.match(arrival.topic) {
    case nil: nil
    case .ignored: .ignored
    case .profile(let profile): translate(arrival, profile, &clock)
    }
  }

  private static func translate(_ arrival: Arrival, _ profile: PayloadProfile, _ clock: inout BootClock) -> Verdict {
    guard arrival.length <= payloadLimit else {
      return refuse(arrival, "too-large", "\(arrival.length) bytes; at most \(payloadLimit) are taken")
    }
    // An empty retained message clears a topic.
    if arrival.length == 0, arrival.isRetained { return .ignored }
    let reading: TranslatedReading
    do throws(Refusal) { reading = try profile.translate(arrival.payload, topic: arrival.topic) } catch {
      return refuse(arrival, error.reason, "\(profile.name): \(error.detail)")
    }
    if arrival.isRetained, !reading.isUnique { return .ignored }
    let entry = Entry(
      device: reading.device, boot: -1, seq: identity(of: arrival, reading),
      timestamp: reading.timestamp ?? arrival.received, timeSource: reading.timestamp == nil ? .received : .device,
      received: arrival.received, profile: .translated, bytes: reading.canonical)
    let reference = clock.reference(arrival.received)
    if entry.timeSource == .received, entry.timestamp < earliest { return .postponed }
    let isAhead = reference >= earliest && entry.timestamp > reference + latestAhead
    if entry.timestamp < earliest || isAhead {
      return refuse(
        arrival, "impossible-time",
        "\(profile.name): device time \(entry.timestamp / 1_000_000) s, received at \(arrival.received / 1_000_000) s")
    }
    // What the codec does not take back would be no row later on.
    if let fault = fault(in: entry) { return refuse(arrival, "untranslatable", "\(profile.name): \(fault)") }
    return .accepted(entry, row: row(from: entry), reading: nil)
  }

  private static func identity(of arrival: Arrival, _ reading: TranslatedReading) -> Int64 {
    var bytes = Array(arrival.topic.utf8)
    bytes.append(0)
    bytes += arrival.payload
    if !reading.isUnique {
      bytes.append(0)
      bytes += "\(arrival.received / 1_000_000)".utf8
    }
    return hash(bytes)
  }
}

// MARK: - Trying profiles

extension Profiles {
  /// What a message would become, without a gateway.
  ///
  /// - Parameters:
  ///   - received: the moment of arrival, microseconds since 1970 UTC.
  ///   - base: what stands before a device's id in this project's own topics; `nil`: those are not taken.
  ///   - profiles: who else is understood.
  /// - Throws: `Refusal`, also for what is no reading at all.
  public static func decode(
    topic: String, payload: [UInt8], received: Int64, base: String?, profiles: ProfileSet
  ) throws(Refusal) -> (row: Row, profile: Profile) {
    let arrival = Arrival(
      topic: topic, payload: Array(payload.prefix(payloadLimit + 1)), length: payload.count, received: received)
    var clock = BootClock(store: NoStore())
    let verdict: Verdict?
    if let base {
      do throws(StoreError) {
        verdict = try classify(arrival, base: base, clock: &clock, profiles: profiles)
      } catch {
        throw Refusal("no-store", error.description)
      }
    } else {
      verdict = foreign(arrival, profiles, &clock)
    }
    switch verdict {
    case .accepted(let entry, let row, _): return (row, entry.profile)
    case .refused(let letter, _): throw Refusal(letter.reason, letter.detail)
    case .status: throw Refusal("not-a-reading", "a status tells whether a device is there")
    case .log: throw Refusal("not-a-reading", "a log line")
    case .ignored: throw Refusal("not-a-reading", "\(topic) carries no readings")
    case .postponed: throw Refusal("impossible-time", "the moment of arrival lies before 2024")
    case nil: throw Refusal("unknown-topic", "no profile takes \(topic)")
    }
  }

  /// A store without memory.
  private struct NoStore: Store {
    func commit(_ batch: Batch) throws(StoreError) -> CommitResult { CommitResult(isNew: [], lastID: 0) }
    func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? { nil }
    func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] { [] }
    func latest(device: String, limit: Int) throws(StoreError) -> [Entry] { [] }
    func devices() throws(StoreError) -> [String] { [] }
    func advance(sink: String, to id: Int64) throws(StoreError) {}
    func bury(_ letters: [DeadLetter]) throws(StoreError) {}
    func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { [] }
    func statistics() throws(StoreError) -> StoreStatistics {
      StoreStatistics(entries: 0, lastID: 0, deadLetters: 0, bytes: 0, cursors: [:])
    }
  }
}
