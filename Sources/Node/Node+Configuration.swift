import Sensors
import Telemetry

extension Node {
  /// What to keep in flash as the last good configuration.
  public var lastGoodConfiguration: TaggedConfiguration { trial.lastGood }

  /// What to keep in flash as the configuration on trial; `nil`: keep none.
  public var candidateConfiguration: TaggedConfiguration? { trial.candidate }

  /// What to keep in flash of the configuration that was refused last; `nil`: keep none.
  public var refusedConfiguration: RefusedConfiguration? { trial.refused }

  /// Before the first step: what was kept in flash. The trial of the candidate begins anew.
  public mutating func restore(
    lastGood: TaggedConfiguration?, candidate: TaggedConfiguration?, refused: RefusedConfiguration? = nil
  ) {
    if let lastGood { trial = ConfigurationTrial(lastGood: lastGood) }
    if let refused { trial.restore(refused) }
    if let candidate { trial.begin(candidate, nextSeq: made + 1) }
    runActiveConfiguration()
  }

  /// A configuration arrived. It runs at once, on trial: it is kept once the gateway was reached under it.
  ///
  /// - Returns: the keys whose values were refused; their old values stay.
  /// - Throws: where the document is not JSON; the old configuration stays.
  @discardableResult
  public mutating func configurationArrived(
    _ document: borrowing Span<UInt8>, tag: InlineBytes<64>
  ) throws(JSONError) -> RefusedKeys {
    // The next look is due by the new period; by the old one where this document is none.
    defer { endFetch() }
    // While the last good one is compared with it, the server hands the same one out again; and one that failed stays
    // refused.
    if !tag.isEmpty, trial.isCandidate(tag) || tag == trial.refusedTag { return RefusedKeys() }
    var next = trial.lastGood.configuration
    let refused: RefusedKeys
    do throws(JSONError) {
      refused = try next.apply(document)
    } catch {
      trial.refuse(tag)
      statusEdition &+= 1
      isStoringConfiguration = true
      log(.error, "configuration is not JSON", value: Int32(clamping: error.offset))
      throw error
    }
    refusedKeys = refused
    if !refused.isEmpty { log(.warning, "configuration: values refused") }
    if next == trial.lastGood.configuration, tag == trial.lastGood.tag {
      trial.settle()
    } else {
      trial.begin(TaggedConfiguration(configuration: next, tag: tag), nextSeq: made + 1)
    }
    runActiveConfiguration()
    return refused
  }

  /// The configuration in use is the newest.
  public mutating func configurationIsUnchanged() {
    endFetch()
    // A device that publishes nothing gets no acknowledgement: that server and broker are reached is all it can know.
    if !configuration.isEnabled, link.isConnected { gatewayReached(with: .max) }
  }

  private mutating func endFetch() {
    configurationFetch.end(at: uptimeMilliseconds, retryAfter: UInt64(configuration.configurationPeriodMilliseconds))
  }

  /// The configuration could not be fetched: the one in use stays, and it is tried again.
  public mutating func configurationFailed() {
    configurationFetch.end(
      at: uptimeMilliseconds, retryAfter: min(30_000, UInt64(configuration.configurationPeriodMilliseconds)))
  }

  /// The gateway says which configuration is the newest: one that is not known yet is fetched at once.
  public mutating func configurationAnnounced(tag: InlineBytes<64>) {
    guard tag != configurationTag, !trial.isCandidate(tag), tag != trial.refusedTag || tag.isEmpty else { return }
    configurationFetch.hurry()
  }

  /// The gateway holds reading `seq` of this boot.
  mutating func gatewayReached(with seq: UInt32) {
    guard seq >= trial.provedBySeq, trial.gatewayReached() else { return }
    if trial.state == .returned { log(.error, "configuration refused: gateway not reached") }
    runActiveConfiguration()
  }

  /// Makes the configuration that is to run the one that runs.
  mutating func runActiveConfiguration() {
    trial.writeActive(&configuration, &configurationTag)
    statusEdition &+= 1
    isStoringConfiguration = true
    motion.cooldownMilliseconds = configuration.motionCooldownMilliseconds
    door.debounceMilliseconds = UInt32(configuration[.switchDebounce])
    // A shorter period begins now, not after the longer one has run out.
    measurementDue = min(measurementDue, uptimeMilliseconds + UInt64(configuration.measurementPeriodMilliseconds))
    heartbeatDue = min(heartbeatDue, uptimeMilliseconds + UInt64(configuration.heartbeatPeriodMilliseconds))
    motionDue = min(motionDue, uptimeMilliseconds + UInt64(configuration[.motionCheckPeriod]))
    doorDue = min(doorDue, uptimeMilliseconds + UInt64(configuration[.switchCheckPeriod]))
    guard trial.isOpen else { return }
    // A trial needs a reading whose acknowledgement decides it, however long the period.
    heartbeatDue = min(heartbeatDue, uptimeMilliseconds + Self.trialHeartbeatMilliseconds)
    if !configuration.isEnabled { configurationFetch.hurry() }
  }

  /// The longest wait for a heartbeat while a configuration is on trial, ms.
  static var trialHeartbeatMilliseconds: UInt64 { 60_000 }
}

extension ConfigurationKey {
  /// Appends the name with the names of the objects around it: `fan_pwm_controller_config.manual_override.enabled`.
  func appendPath<let capacity: Int>(to message: inout InlineBytes<capacity>) {
    if group.parent != .root {
      message.append(group.parent.name)
      message.append(UInt8(ascii: "."))
    }
    if group != .root {
      message.append(group.name)
      message.append(UInt8(ascii: "."))
    }
    message.append(name)
  }
}
