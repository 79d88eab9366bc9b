import ArgumentParser
import Foundation
import VirtualBoard

/// What happens to the boards.
struct ScenarioOptions: ParsableArguments {
  @Option(help: "A file that says what happens when; see simulators/scenarios/.")
  var scenario: String?

  @Option(help: "Random faults (chips, bus, Wi-Fi, power) from this seed, about one a minute.")
  var faults: UInt64?

  /// The scenario of the file, or an empty one.
  ///
  /// - Throws: where the file is wrong, with its name, line and key.
  func plan() throws -> Scenario {
    guard let scenario else { return Scenario() }
    do {
      return try Scenario(yaml: String(contentsOfFile: scenario, encoding: .utf8))
    } catch let error as ScenarioError {
      throw ValidationError("\(scenario):\(error)")
    } catch {
      throw ValidationError("\(scenario): \(error.localizedDescription)")
    }
  }
}
