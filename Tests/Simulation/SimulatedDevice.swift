import Telemetry

/// A device of version 2: the real outbox, payloads and acknowledgements.
final class SimulatedDevice: @unchecked Sendable {
  /// What it knows of the time in one boot.
  enum Clock: CaseIterable {
    /// Set from the network.
    case set
    /// None; then the gateway's, which comes with its acknowledgements.
    case learned
    /// None at all: the gateway derives the time from the uptime.
    case none
    /// Set, and wrong by years.
    case wrong
  }

  let name: String
  private let id: DeviceID
  private let world: World
  private var boot: UInt32 = 0
  private var seq: UInt32 = 0
  private var outbox = Outbox<24>()
  private var payload = InlineBytes<512>()
  private var clock = Clock.set
  private var bootedAt: Int64 = 0
  /// The moment of the boot, milliseconds since 1970, where it is known.
  private var bootUnixMilliseconds: Int64?
  private var isLinked = true
  private var resendSeconds = 10.0
  private var isResendDue = false

  init(_ name: String, _ world: World) {
    self.name = name
    self.world = world
    id = InlineBytes(Array(name.utf8).span)
    powerUp()
  }

  var isEmpty: Bool { outbox.isEmpty && outbox.dropped.isEmpty }

  /// The power was cut: what waited in memory is gone, nothing of it was acknowledged.
  func powerUp() {
    boot += 1
    seq = 0
    outbox = Outbox<24>()
    clock = world.chance.pick([.set, .set, .learned, .learned, .none, .none, .wrong])
    bootedAt = world.stage.now
    switch clock {
    case .set: bootUnixMilliseconds = world.trueWall / 1000
    case .wrong: bootUnixMilliseconds = 1_262_304_000_000
    case .learned, .none: bootUnixMilliseconds = nil
    }
  }

  /// Makes a reading.
  func make(_ event: EventKind) {
    seq += 1
    world.truth.make(ReadingName(name, Int64(boot), Int64(seq)), isDated: clock != .wrong)
    outbox.append(
      Reading(
        boot: boot, seq: seq, event: event,
        measurement: Measurement(
          temperatureCentiCelsius: 2000 + Int32(seq % 500), humidityCentiPercent: 4512, pressurePascals: 101_325,
          quality: .ok, sensor: .bme280), motion: .low, switchLevel: .high, wifiRSSI: -61,
        uptimeMilliseconds: UInt64(world.stage.now - bootedAt) / 1000))
    send()
  }

  func setLink(_ isUp: Bool) {
    isLinked = isUp
    if isUp { reconnected() }
  }

  /// The broker is there again, or the link is.
  func reconnected() {
    outbox.connectionLost()
    send()
  }

  func acknowledged(_ text: [UInt8]) {
    guard isLinked else { return }
    resendSeconds = 10
    let time = try? Acknowledgement.decode(text.span) { boot, first, last in
      for seq in first...last { world.truth.acknowledge(ReadingName(name, Int64(boot), Int64(seq))) }
      outbox.acknowledge(boot: boot, first: first, last: last)
    }
    if clock == .learned, bootUnixMilliseconds == nil, let time {
      bootUnixMilliseconds = Int64(time) - (world.stage.now - bootedAt) / 1000
    }
    send()
  }

  private func send() {
    guard isLinked, world.broker.isUp else { return }
    let offset = bootUnixMilliseconds
    while let reading = outbox.takeNext(
      now: UInt32(truncatingIfNeeded: world.stage.now / 1000),
      unixSeconds: { _, uptime in offset.flatMap { UInt32(exactly: ($0 + Int64(uptime)) / 1000) } })
    {
      payload.removeAll()
      reading.encode(device: id, firmware: InlineBytes<24>("1.0.0"), dropped: outbox.dropped, into: &payload)
      let bytes = payload.withSpan { span in span.withUnsafeBufferPointer { Array($0) } }
      world.broker.publish(.init(topic: "iots6/\(name)", payload: bytes, former: nil))
    }
    guard !outbox.isEmpty, !isResendDue else { return }
    isResendDue = true
    // A device that is answered by nobody looks later and later here; the real one floods its broker's queue.
    world.stage.after(Int64(resendSeconds * 1e6)) { [self] in
      isResendDue = false
      resendSeconds = min(resendSeconds * 2, 3600)
      send()
    }
  }
}

/// A device of version 1: a message and the broker's acknowledgement, no more.
final class SimulatedFormerDevice: @unchecked Sendable {
  static let name = "Cellar21"
  private let world: World
  private var count = 0

  init(_ world: World) {
    self.world = world
  }

  func make() {
    guard world.broker.isUp else { return }
    count += 1
    let seconds = UInt32(world.trueWall / 1_000_000)
    var stamp = InlineBytes<32>()
    stamp.append(timestamp: seconds)
    let time = stamp.withSpan { span in span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
    let text =
      #"{"event_type":"heartbeat","device_id":"Cellar21","temperature":72.5,"uptime_seconds":\#(count),"timestamp":"\#(time)"}"#
    let payload = Array(text.utf8)
    world.truth.make(former: count, payload)
    world.broker.publish(.init(topic: "iots6/\(Self.name)", payload: payload, former: count))
  }
}
