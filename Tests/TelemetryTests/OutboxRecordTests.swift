import Telemetry
import Testing

@Suite struct OutboxRecordTests {
  static func reading(_ random: inout SplitMix) -> Reading {
    func maybe(_ value: Int32) -> Int32? { random.next() % 4 == 0 ? nil : value }
    let measurement = Measurement(
      temperatureCentiCelsius: maybe(Int32(random.next() % 16_500) - 4000),
      humidityCentiPercent: maybe(Int32(random.next() % 10_001)),
      pressurePascals: maybe(Int32(random.next() % 80_001) + 30_000),
      quality: Quality.allCases[Int(random.next() % UInt64(Quality.allCases.count))],
      sensor: SensorKind.allCases[Int(random.next() % UInt64(SensorKind.allCases.count))])
    return Reading(
      boot: UInt32(truncatingIfNeeded: random.next()), seq: UInt32(truncatingIfNeeded: random.next()),
      event: EventKind.allCases[Int(random.next() % 3)], measurement: measurement,
      motion: Level.allCases[Int(random.next() % 3)], switchLevel: Level.allCases[Int(random.next() % 3)],
      wifiRSSI: random.next() % 3 == 0 ? nil : -Int8(random.next() % 128), uptimeMilliseconds: random.next() >> 16,
      unixSeconds: random.next() % 3 == 0 ? nil : UInt32(truncatingIfNeeded: random.next()) | 1,
      suppressed: UInt16(truncatingIfNeeded: random.next()),
      fanDutyPercent: random.next() % 2 == 0 ? nil : UInt8(random.next() % 101),
      fansActive: random.next() % 2 == 0 ? nil : UInt8(random.next() % 9))
  }

  static func isNone(_ record: OutboxRecord.Bytes) -> Bool { OutboxRecord.decode(record.span) == nil }

  /// CRC-16/IBM-3740's published check value.
  @Test func checksumOfTheNineDigitsIsThePublishedOne() {
    let checksum = CRC16.checksum(Array("123456789".utf8).span)
    #expect(checksum == 0x29B1)
  }

  /// The example of protocol/outbox.md, put together by hand.
  @Test func theRecordIsTheseBytes() {
    let reading = Reading(
      boot: 17, seq: 1234, event: .switchChange,
      measurement: Measurement(
        temperatureCentiCelsius: -5, humidityCentiPercent: nil, pressurePascals: 101_325, quality: .range,
        sensor: .bmp280),
      motion: .low, switchLevel: .high, wifiRSSI: -61, uptimeMilliseconds: 0x0123_4567_89AB, unixSeconds: 1_795_473_929,
      suppressed: 258, fanDutyPercent: 55)
    let record = OutboxRecord.encode(reading, wasSent: true)
    let bytes = (0..<38).map { record[$0] }
    #expect(
      bytes == [
        0x01, 0x66, 0x24, 0xC3, 17, 0, 0, 0, 0xD2, 0x04, 0, 0, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01, 0x02, 0x01, 0x09,
        0xC2, 0x04, 0x6B, 0xFB, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x80, 0xCD, 0x8B, 0x01, 0, 55, 255,
      ])
    let checksum = CRC16.checksum(bytes.span)
    #expect(UInt16(record[38]) | UInt16(record[39]) << 8 == checksum)
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func anyReadingComesBackAsItWas(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<500 {
      let reading = Self.reading(&random)
      let wasSent = random.next() % 2 == 0
      let record = OutboxRecord.encode(reading, wasSent: wasSent)
      let decoded = OutboxRecord.decode(record.span)
      #expect(decoded?.reading == reading)
      #expect(decoded?.wasSent == wasSent)
    }
  }

  @Test func aTornRecordIsNoneWhereverItWasTorn() {
    var random = SplitMix(seed: 4)
    let record = OutboxRecord.encode(Self.reading(&random), wasSent: false)
    for length in 0..<OutboxRecord.byteCount {
      let torn = OutboxRecord.decode(record.span.extracting(first: length))
      #expect(torn?.reading == nil)
      // Erased flash behind the tear.
      var erased = record
      for index in length..<OutboxRecord.byteCount { erased[index] = 0xFF }
      #expect(Self.isNone(erased))
    }
  }

  @Test func erasedAndZeroedFlashIsNoRecord() {
    #expect(Self.isNone(OutboxRecord.Bytes(repeating: 0xFF)))
    #expect(Self.isNone(OutboxRecord.Bytes(repeating: 0)))
  }

  @Test func noFlippedBitGoesUnnoticed() {
    var random = SplitMix(seed: 5)
    let record = OutboxRecord.encode(Self.reading(&random), wasSent: true)
    for bit in 0..<320 {
      var changed = record
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(Self.isNone(changed))
    }
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(seed: 6)
    for _ in 0..<20_000 {
      var bytes = (0..<40).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      bytes[0] = 1
      // With a right checksum too: then the values themselves are looked at.
      let checksum = CRC16.checksum(bytes.span.extracting(first: 38))
      bytes[38] = UInt8(checksum & 255)
      bytes[39] = UInt8(checksum >> 8)
      if let decoded = OutboxRecord.decode(bytes.span) {
        let again = OutboxRecord.encode(decoded.reading, wasSent: decoded.wasSent)
        let twice = OutboxRecord.decode(again.span)
        #expect(twice?.reading == decoded.reading)
      }
    }
  }

  @Test func readingsOfSeveralLivesWaitTogetherAndOnlyThisLifesGetATime() {
    var earlier = Outbox<8>()
    earlier.append(plain(1, boot: 1))
    _ = earlier.takeNext(now: 0) { _, _ in nil }  // on the wire without a time: it stays without
    earlier.append(plain(2, boot: 1))
    var flash: [OutboxRecord.Bytes] = [earlier.record(at: 0), earlier.record(at: 1)]
    flash[1][20] ^= 0xFF
    flash.append(OutboxRecord.encode(plain(3, boot: 1), wasSent: false))

    var outbox = Outbox<8>()
    let restored = flash.map { outbox.restore($0.span) }
    #expect(restored == [true, false, true])
    outbox.append(plain(1, boot: 2))
    let time = { (boot: UInt32, uptime: UInt64) in boot == 2 ? UInt32(5000 + uptime / 1000) : nil }
    let sent = (0..<3).compactMap { _ in outbox.takeNext(now: 0, unixSeconds: time) }
    #expect(sent.map { [$0.boot, $0.seq] } == [[1, 1], [1, 3], [2, 1]])
    #expect(sent.map(\.unixSeconds) == [nil, nil, 5001])
    #expect(outbox.acknowledge(boot: 1, first: 1, last: 9) == 2)
    #expect(outbox.count == 1)
  }

  @Test func whatWasOnTheWireWithoutATimeStaysWithoutOneAlsoThroughFlash() {
    var outbox = Outbox<4>()
    for (seq, wasSent) in [(1, true), (2, false)] as [(UInt32, Bool)] {
      let record = OutboxRecord.encode(plain(seq, boot: 1), wasSent: wasSent)
      _ = outbox.restore(record.span)
    }
    let sent = (0..<2).compactMap { _ in outbox.takeNext(now: 0) { _, uptime in UInt32(5000 + uptime / 1000) } }
    #expect(sent.map(\.unixSeconds) == [nil, 5002])
  }

  private func plain(_ seq: UInt32, boot: UInt32) -> Reading {
    Reading(
      boot: boot, seq: seq, event: .heartbeat, measurement: .missing(.absent), motion: .low, switchLevel: .low,
      uptimeMilliseconds: UInt64(seq) * 1000)
  }
}
