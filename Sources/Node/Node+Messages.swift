import Sensors
import Telemetry

extension Node {
  /// Writes the next payload that is due into `payload`; `false` when none is.
  ///
  /// Nothing is due before the first attempt to fetch the configuration has ended, well or badly, or while the broker is
  /// not connected.
  public mutating func takePayload<let capacity: Int>(now: UInt32, into payload: inout InlineBytes<capacity>) -> Bool {
    guard link.isConnected, configurationFetch.hasEnded else { return false }
    let boot = bootUnixMilliseconds
    let reading = outbox.takeNext(now: now) { uptime in
      boot.flatMap { UInt32(exactly: ($0 + uptime) / 1000) }
    }
    guard let reading else { return false }
    payload.removeAll()
    reading.encode(device: identity.device, firmware: identity.firmware, dropped: outbox.dropped, into: &payload)
    return true
  }

  /// The gateway's acknowledgement came: forgets what it names and sets the clock by it.
  ///
  /// - Returns: how many readings were forgotten.
  @discardableResult
  public mutating func acknowledgementArrived(_ text: borrowing Span<UInt8>) -> Int {
    var forgotten = 0
    do throws(JSONError) {
      let time = try Acknowledgement.decode(text) { boot, first, last in
        forgotten += outbox.acknowledge(boot: boot, first: first, last: last)
      }
      acknowledgedAt = uptimeMilliseconds
      if let time { setClock(unixMilliseconds: time) }
    } catch {
      // Half an acknowledgement names what it names; the rest will be sent and acknowledged again.
    }
    return forgotten
  }

  /// A time source said what time it is. Differences below two seconds are the network's, not the clock's.
  public mutating func setClock(unixMilliseconds: UInt64) {
    guard unixMilliseconds >= uptimeMilliseconds else { return }
    let boot = unixMilliseconds - uptimeMilliseconds
    if let known = bootUnixMilliseconds, max(known, boot) - min(known, boot) < 2000 { return }
    bootUnixMilliseconds = boot
  }

  /// The broker's connection was lost: what is under way will be sent again.
  public mutating func connectionLost() {
    outbox.connectionLost()
  }

  // MARK: Configuration

  /// A configuration arrived.
  ///
  /// - Returns: the keys whose values were refused; their old values stay.
  /// - Throws: where the document is not JSON; the old configuration stays.
  @discardableResult
  public mutating func configurationArrived(
    _ document: borrowing Span<UInt8>, tag: InlineBytes<64>
  ) throws(JSONError) -> RefusedKeys {
    // The next look is due by the new period; by the old one where this document is none.
    defer { configurationIsUnchanged() }
    let refused = try configuration.apply(document)
    configurationTag = tag
    motion.cooldownMilliseconds = configuration.motionCooldownMilliseconds
    // A shorter period begins now, not after the longer one has run out.
    measurementDue = min(measurementDue, uptimeMilliseconds + UInt64(configuration.measurementPeriodMilliseconds))
    heartbeatDue = min(heartbeatDue, uptimeMilliseconds + UInt64(configuration.heartbeatPeriodMilliseconds))
    return refused
  }

  /// The configuration in use is the newest.
  public mutating func configurationIsUnchanged() {
    configurationFetch.end(at: uptimeMilliseconds, retryAfter: UInt64(configuration.configurationPeriodMilliseconds))
  }

  /// The configuration could not be fetched: the one in use stays, and it is tried again.
  public mutating func configurationFailed() {
    configurationFetch.end(
      at: uptimeMilliseconds, retryAfter: min(30_000, UInt64(configuration.configurationPeriodMilliseconds)))
  }

  /// The gateway says which configuration is the newest: another one than in use is fetched at once.
  public mutating func configurationAnnounced(tag: InlineBytes<64>) {
    if tag != configurationTag { configurationFetch.hurry() }
  }

  // MARK: Status

  /// The retained message that says this device is there.
  public func writeOnlineStatus<let capacity: Int>(into message: inout InlineBytes<capacity>) {
    writeStatus("online", into: &message)
    message.append(",\"version\":")
    message.append(jsonString: identity.firmware)
    message.append(",\"config\":")
    message.append(jsonString: configurationTag)
    message.append(UInt8(ascii: "}"))
  }

  /// The last will: what the broker says when the device is gone.
  public func writeOfflineStatus<let capacity: Int>(into message: inout InlineBytes<capacity>) {
    writeStatus("offline", into: &message)
    message.append(UInt8(ascii: "}"))
  }

  private func writeStatus<let capacity: Int>(_ state: StaticString, into message: inout InlineBytes<capacity>) {
    message.removeAll()
    message.append("{\"state\":\"")
    message.append(state)
    message.append("\",\"boot\":")
    message.append(unsigned: UInt64(identity.boot))
  }
}

/// When the configuration is to be fetched.
struct ConfigurationFetch: Sendable {
  private var isUnderWay = false
  /// Uptime at which it is due, ms.
  private var due: UInt64 = 0
  /// Whether an attempt has ended, well or badly: publishing waits for the first, never for a server that is down.
  private(set) var hasEnded = false

  mutating func begin(at uptime: UInt64, isJoined: Bool) -> Bool {
    guard isJoined, !isUnderWay, uptime >= due else { return false }
    isUnderWay = true
    return true
  }

  mutating func end(at uptime: UInt64, retryAfter: UInt64) {
    isUnderWay = false
    hasEnded = true
    due = uptime + retryAfter
  }

  mutating func hurry() {
    due = 0
  }
}
