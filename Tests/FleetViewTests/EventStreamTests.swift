import GatewayCore
import Hummingbird
import NIOCore
import Testing

@testable import FleetView

private let noon: Int64 = 1_795_478_400_000_000

@Suite(.timeLimit(.minutes(1))) struct EventStreamTests {
  let fleet = Fleet()
  let clock = ManualClock()

  private func observe(_ device: String, temperature: Int32) {
    var row = Row(device: device, boot: 1, seq: 1, timestamp: noon, timeSource: .device, received: noon)
    row.temperatureCentiCelsius = temperature
    fleet.observe([row])
  }

  /// Runs a page's connection and hands the test its events one by one.
  private func withPage(_ body: (inout AsyncStream<String>.Iterator) async throws -> Void) async throws {
    let (parts, part) = AsyncStream.makeStream(of: String.self)
    let events = EventStream(fleet: fleet) { [fleet] known in
      let changes = fleet.changes(since: known, at: noon)
      return (changes.revision, FleetMessage(changes, metrics: MetricsSnapshot(), now: noon))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [clock] in
        var writer: any ResponseBodyWriter = PartWriter(part: part)
        try await events.write(to: &writer, clock: clock)
      }
      var iterator = parts.makeAsyncIterator()
      try await body(&iterator)
      group.cancelAll()
      while (try? await group.next()) != nil {}
    }
  }

  @Test func firstEverythingThenOnlyWhatChanged() async throws {
    observe("A", temperature: 1_000)
    observe("B", temperature: 2_000)
    try await withPage { parts in
      let first = try #require(await parts.next())
      #expect(first.hasPrefix("event: snapshot\ndata: {"))
      #expect(first.hasSuffix("}\n\n"))
      #expect(first.contains(#""device_id":"A""#) && first.contains(#""device_id":"B""#))

      observe("B", temperature: 2_100)
      try await clock.waitForSleepers(2)
      clock.advance(by: EventStream.pause)
      let second = try #require(await parts.next())
      #expect(second.hasPrefix("event: update\ndata: {"))
      #expect(!second.contains(#""device_id":"A""#))
      #expect(second.contains(#""temperature":21"#))
    }
  }

  @Test func manyChangesWithinAPauseAreOneEventWithTheNewest() async throws {
    try await withPage { parts in
      _ = await parts.next()
      for index in 0..<100 { observe("A", temperature: 2_000 + Int32(index)) }
      try await clock.waitForSleepers(2)
      clock.advance(by: EventStream.pause)
      let event = try #require(await parts.next())
      #expect(event.contains(#""temperature":20.99"#))
      #expect(event.contains(#""readings":100"#))

      observe("A", temperature: 3_000)
      try await clock.waitForSleepers(2)
      clock.advance(by: EventStream.pause)
      #expect(try #require(await parts.next()).contains(#""temperature":30"#), "nothing queued between")
    }
  }

  @Test func quietConnectionHearsACommentEachFifteenSeconds() async throws {
    try await withPage { parts in
      _ = await parts.next()
      try await clock.waitForSleepers(2)
      for _ in 0..<17 {
        clock.advance(by: .seconds(1))
        try await clock.waitForSleepers(1)
      }
      #expect(await parts.next() == ": still here\n\n")
    }
  }
}

private struct PartWriter: ResponseBodyWriter {
  let part: AsyncStream<String>.Continuation

  func write(_ buffer: ByteBuffer) async throws {
    part.yield(String(buffer: buffer))
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
