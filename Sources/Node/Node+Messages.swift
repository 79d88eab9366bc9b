import Sensors
import Telemetry

extension Node {
  /// Writes the next payload that is due into `payload`; `false` when none is.
  ///
  /// Nothing is due before the first attempt to fetch the configuration has ended, well or badly, or while the broker is
  /// not connected.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func takePayload<let capacity: Int>(now: UInt32, into payload: inout InlineBytes<capacity>) -> Bool {
    guard link.isConnected, configurationFetch.hasEnded else { return false }
    let (start, boot) = (bootUnixMilliseconds, identity.boot)
    let reading = outbox.takeNext(now: now) { life, uptime in
      // When an earlier life began nobody knows: the gateway may.
      life != boot ? nil : start.flatMap { UInt32(exactly: ($0 + uptime) / 1000) }
    }
    guard let reading else { return false }
    taken = ReadingIdentity(boot: reading.boot, seq: reading.seq, payloadVersion: configuration.payloadVersion)
    payload.removeAll()
    if configuration.payloadVersion == 1 {
      reading.encodeVersion1(device: identity.device, firmware: identity.firmware, into: &payload)
    } else {
      reading.encode(device: identity.device, firmware: identity.firmware, dropped: outbox.dropped, into: &payload)
    }
    return true
  }

  /// The gateway's acknowledgement came: forgets what it names and sets the clock by it.
  ///
  /// - Returns: how many readings were forgotten.
  @discardableResult
  public mutating func acknowledgementArrived(_ text: borrowing Span<UInt8>) -> Int {
    var forgotten = 0
    var proof: UInt32 = 0
    do throws(JSONError) {
      let time = try Acknowledgement.decode(text) { boot, first, last in
        let count = outbox.acknowledge(boot: boot, first: first, last: last)
        forgotten += count
        if count > 0, boot == identity.boot { proof = max(proof, min(last, made)) }
      }
      acknowledgedAt = uptimeMilliseconds
      if proof > 0 { gatewayReached(with: proof) }
      if let time { setClock(unixMilliseconds: time) }
    } catch {
      // Half an acknowledgement names what it names; the rest will be sent and acknowledged again.
    }
    return forgotten
  }

  /// The broker took a payload (PUBACK). What was sent as version 1 is forgotten, whatever is configured by now: nobody
  /// tells more of it, and sent again as version 2 it would be a second row. What was sent as version 2 waits for the
  /// gateway.
  ///
  /// - Parameter reading: what `taken` was when it was published.
  public mutating func brokerAcknowledged(_ reading: ReadingIdentity) {
    guard reading.payloadVersion == 1 else { return }
    outbox.acknowledge(boot: reading.boot, first: reading.seq, last: reading.seq)
    acknowledgedAt = uptimeMilliseconds
    if reading.boot == identity.boot { gatewayReached(with: reading.seq) }
  }

  /// A time source said what time it is. Differences below two seconds are the network's, not the clock's.
  public mutating func setClock(unixMilliseconds: UInt64) {
    guard unixMilliseconds >= uptimeMilliseconds else { return }
    let boot = unixMilliseconds - uptimeMilliseconds
    if let known = bootUnixMilliseconds {
      let distance = max(known, boot) - min(known, boot)
      if distance < 2000 { return }
      clock = .stepped
      let seconds = Int32(clamping: distance / 1000)
      log(.warning, "clock stepped", value: boot > known ? seconds : -seconds)
    } else {
      clock = .set
    }
    bootUnixMilliseconds = boot
  }

  /// Takes a reading that an earlier life left in flash, or this one spilled there; see `Outbox.record(at:)`.
  ///
  /// - Returns: `false` when the bytes are no record.
  @discardableResult
  public mutating func restore(_ record: borrowing Span<UInt8>) -> Bool {
    outbox.restore(record)
  }

  /// The broker's connection was lost: what is under way will be sent again.
  public mutating func connectionLost() {
    outbox.connectionLost()
  }

  // MARK: Status and log

  /// The retained message that says this device is there, and what became of its configuration. Publish it again when
  /// `statusEdition` has grown. Mutating, so that the node is not copied for it.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func writeOnlineStatus<let capacity: Int>(into message: inout InlineBytes<capacity>) {
    writeStatus("online", into: &message)
    message.append(",\"version\":")
    message.append(jsonString: identity.firmware)
    message.append(",\"config\":")
    message.append(jsonString: configurationTag)
    message.append(",\"config_state\":")
    message.append(quoted: trial.state.name)
    if trial.state == .returned || trial.state == .refused {
      message.append(",\"config_refused\":")
      message.append(jsonString: trial.refusedTag)
      message.append(",\"config_reason\":")
      message.append(quoted: trial.state == .returned ? "gateway-not-reached" : "not-json")
    }
    writeRefusedKeys(into: &message)
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

  /// At most four by name, so that the message stays within 512 bytes, and how many more there are.
  private mutating func writeRefusedKeys<let capacity: Int>(into message: inout InlineBytes<capacity>) {
    guard !refusedKeys.isEmpty else { return }
    message.append(",\"refused\":[")
    var count = 0
    for raw in UInt8(0)..<UInt8(ConfigurationKey.count) {
      guard let key = ConfigurationKey(rawValue: raw), refusedKeys.contains(key) else { continue }
      count += 1
      guard count <= 4 else { continue }
      message.append(count == 1 ? "\"" : ",\"")
      key.appendPath(to: &message)
      message.append(UInt8(ascii: "\""))
    }
    message.append(UInt8(ascii: "]"))
    guard count > 4 else { return }
    message.append(",\"refused_more\":")
    message.append(unsigned: UInt64(count - 4))
  }

  /// Writes the next message for the log topic: once what the last life was, then lines; `false` when there is none, or
  /// the broker is not connected.
  #if hasFeature(Embedded)
    @inline(never)
  #endif
  public mutating func takeLog<let capacity: Int>(into message: inout InlineBytes<capacity>) -> Bool {
    guard link.isConnected, configuration.logLevel != .off else { return false }
    guard isFlightTold else {
      isFlightTold = true
      if hasPreviousFlight {
        previousFlight.write(endedBy: flight.cause, firmware: identity.firmware, into: &message)
        hasPreviousFlight = false
      } else {
        flight.write(endedBy: nil, firmware: identity.firmware, into: &message)
      }
      return true
    }
    return lines.take(into: &message)
  }
}
