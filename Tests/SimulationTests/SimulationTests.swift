import Testing

@testable import Simulation

/// Some days of constant storm each; `make simulate` runs years.
@Suite(.serialized) struct SimulationTests {
  private func world(_ seed: UInt64, without broken: Set<Guard> = []) -> World {
    World(seed: seed, broken: broken, climate: World.storm, folder: Simulation.folder(seed))
  }

  @Test func nothingIsLostOrDoubledWhateverMomentTheGatewayDiesAt() throws {
    var met: Set<Step> = []
    for seed: UInt64 in 1...4 {
      let world = world(seed)
      let violations = try world.run(days: 15)
      #expect(violations == [], "again: Simulation --years 1 --days 15 --storm --seed \(seed)")
      met.formUnion(world.deaths.keys)
    }
    // Refused rows are rare; `make simulate` meets the two moments around them.
    #expect(met.isSuperset(of: Set(Step.allCases).subtracting([.beforeLetters, .afterLetters, .opening])))
  }

  @Test func theSameSeedIsTheSameStory() throws {
    let digests = try (0..<2).map { _ in
      let world = world(5)
      _ = try world.run(days: 10)
      return world.digest
    }
    #expect(digests[0] == digests[1])
  }

  /// A guard that nobody misses when it is gone is not proved by the simulation.
  @Test(arguments: Guard.allCases) func withoutAGuardTheSimulationGoesRed(_ which: Guard) throws {
    let isNoticed = try (UInt64(1)...12).contains { try !world($0, without: [which]).run(days: 15).isEmpty }
    #expect(isNoticed, "half a year without \(which.rawValue), and nobody noticed")
  }
}
