import ArgumentParser
import Testing
import VirtualBoard

@testable import picosim

@Suite struct TraceTests {
  private func trace(faults: UInt64? = nil, minutes: UInt64 = 5) throws -> String {
    var plan = Fleet.Plan(names: ["Attic06"], endpoints: try Endpoints.parse([]))
    plan.network = .pretend
    plan.speed = .max
    plan.faults = faults
    return try Record.record(plan, milliseconds: minutes * 60_000)
  }

  @Test(arguments: [nil, 1, 2, 3] as [UInt64?]) func aRecordedLifeReplaysWithItsFaults(faults: UInt64?) throws {
    let result = Replay.replay(try BusTrace(trace(faults: faults, minutes: 30)))
    #expect(result.deviation == nil)
    #expect(result.transactions > 1000)
  }

  @Test func aDriverThatDoesSomethingElseIsNamedWithTheLine() throws {
    let lines = try trace().split(separator: "\n").map(String.init)
    let index = try #require(lines.firstIndex { $0.hasPrefix("W 76 F4") })
    var changed = lines
    changed[index] = "W 76 F4 27"
    let deviation = Replay.replay(try BusTrace(changed.joined(separator: "\n"))).deviation
    #expect(deviation == ReplayBus.Deviation(line: index + 1, recorded: "W 76 F4 27", done: lines[index]))
  }

  @Test func atransactionThatIsMissingOrTooMuchIsADeviation() throws {
    let lines = try trace().split(separator: "\n").map(String.init)
    let index = try #require(lines.firstIndex { $0.hasPrefix("W 76 F4") })
    var shorter = lines
    shorter.remove(at: index)
    #expect(Replay.replay(try BusTrace(shorter.joined(separator: "\n"))).deviation != nil)
    var longer = lines
    longer.insert("P 50 ! address NACK", at: index + 1)
    #expect(Replay.replay(try BusTrace(longer.joined(separator: "\n"))).deviation?.line == index + 2)
  }

  @Test(arguments: [
    ("", "1: a trace begins with"),
    ("# martlet trace 1\nP 76", "2: a transaction before the first step"),
    ("# martlet trace 1\nstep 5 motion=0", "2: a step is `step MS"),
    ("# martlet trace 1\nstep 5 motion=2 switch=0 joined=0 connected=0", "2: `motion=2` is not"),
    ("# martlet trace 1\nhello", "2: neither a step nor a transaction"),
    ("# martlet trace 1\n", "1: `device NAME` is missing"),
  ])
  func aFileThatIsNoTraceIsRefusedWithTheLine(text: String, reason: String) {
    #expect {
      _ = try BusTrace(text)
    } throws: { error in
      "\(error)".hasPrefix(reason)
    }
  }
}
