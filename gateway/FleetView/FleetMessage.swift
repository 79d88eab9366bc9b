import GatewayCore

/// The fleet as JSON: the whole of it for `/api/fleet` and a page's first event, what changed for the events after.
///
/// Times are milliseconds since 1970 UTC, values are °C, %RH, hPa and dBm; what is not known is absent.
struct FleetMessage: Encodable, Equatable {
  /// The gateway's clock when this was made, so that a page whose clock is wrong still tells the right age.
  var now: Int64
  var summary: Summary
  var devices: [Device]

  struct Summary: Encodable, Equatable {
    var online: Int
    var total: Int
    var readingsPerSecond: Double
    var readings: UInt64
    var journalEntries: Int64
    var journalBytes: Int64
    var deadLetters: Int64
    var brokerUp: Bool
    var sinks: [Sink]
  }

  struct Sink: Encodable, Equatable {
    var name: String
    var up: Bool
    var lagEntries: Int64
  }

  struct Device: Encodable, Equatable {
    var deviceId: String
    var connection: String
    var stale: Bool
    var staleAfter: Int64
    var period: Int64?
    var seen: Int64
    var version: String?
    var boot: Int64?
    var counts: Counts
    var reading: Reading?
    /// All points, when they replace what the page has.
    var history: [Point]?
    /// The one point to add.
    var appended: Point?
  }

  struct Counts: Encodable, Equatable {
    var readings: Int
    var motion: Int
    var switches: Int
  }

  struct Reading: Encodable, Equatable {
    var time: Int64
    var timeSource: String
    var eventType: String?
    var temperature: Double?
    var humidity: Double?
    var pressure: Double?
    var motion: Bool?
    var `switch`: Bool?
    var sensorType: String?
    var quality: String?
    var wifiRssi: Int16?
    var uptimeMs: Int64?
  }

  /// `[seconds since 1970, °C]`, the shortest that still reads.
  struct Point: Encodable, Equatable {
    var seconds: UInt32
    var temperature: Double

    func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      try container.encode(seconds)
      try container.encode(temperature)
    }
  }
}

extension FleetMessage {
  init(_ changes: FleetChanges, metrics: MetricsSnapshot, now: Int64) {
    self.now = now / 1_000
    summary = Summary(
      online: changes.census.online, total: changes.census.total, readingsPerSecond: changes.readingsPerSecond,
      readings: changes.readings, journalEntries: metrics.journalEntries, journalBytes: metrics.journalBytes,
      deadLetters: metrics.deadLetters, brokerUp: metrics.isBrokerUp,
      sinks: metrics.sinks.sorted { $0.key < $1.key }.map {
        Sink(name: $0.key, up: $0.value.isUp, lagEntries: $0.value.lagEntries)
      })
    devices = changes.devices.map(Device.init)
  }
}

extension FleetMessage.Device {
  init(_ change: DeviceChange) {
    let state = change.state
    deviceId = state.id
    connection = state.connection.rawValue
    stale = state.isStale
    staleAfter = state.staleAfter / 1_000
    period = state.period.map { $0 / 1_000 }
    seen = state.seen / 1_000
    version = state.firmware
    boot = state.boot
    counts = FleetMessage.Counts(
      readings: state.counts.readings, motion: state.counts.motion, switches: state.counts.switches)
    if let row = state.reading, let time = state.readingTime { reading = FleetMessage.Reading(row, time: time) }
    switch change.history {
    case .whole: history = state.history.map(FleetMessage.Point.init)
    case .appended(let point): appended = FleetMessage.Point(point)
    case .unchanged: break
    }
  }
}

extension FleetMessage.Reading {
  init(_ row: Row, time: Int64) {
    self.time = time / 1_000
    timeSource = row.timeSource.name
    eventType = row.event
    temperature = row.temperatureCentiCelsius.map { Double($0) / 100 }
    humidity = row.humidityCentiPercent.map { Double($0) / 100 }
    pressure = row.pressurePascals.map { Double($0) / 100 }
    motion = row.motion
    `switch` = row.switchClosed
    sensorType = row.sensorType
    quality = row.quality
    wifiRssi = row.wifiRSSI
    uptimeMs = row.uptimeMilliseconds
  }
}

extension FleetMessage.Point {
  init(_ point: TemperaturePoint) {
    seconds = point.seconds
    temperature = Double(point.temperatureCentiCelsius) / 100
  }
}
