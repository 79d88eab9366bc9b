import Telemetry

/// A recorded life: what a device saw at each step, and every transaction that it made then.
///
///     # martlet trace 1
///     device Attic06
///     step 0 motion=0 switch=0 joined=1 connected=1
///     P 76
///     R 76 D0 -> 60
///     step 500 motion=0 …
///
/// A step's number is the device's clock in ms. Transactions are written as the simulated bus writes them: `W` write, `R`
/// read (what was written first, then what came), `P` a probe, `! reason` for one that failed, `9 clocks` for a recovery.
struct BusTrace: Equatable {
  /// What a device sees when it is stepped.
  struct Step: Equatable {
    var now: UInt32
    var isMotionHigh = false
    var isSwitchHigh = false
    var isJoined = false
    var isConnected = false
    /// Where it stands in the file, from 1.
    var line = 0
    var transactions: [Transaction] = []
  }

  /// One line.
  struct Transaction: Equatable {
    var text: String
    var line: Int
  }

  static let head = "# martlet trace 1"

  var device: String
  var steps: [Step]

  /// What is wrong in a file, and where.
  struct Failure: Error, Equatable, CustomStringConvertible {
    var line: Int
    var reason: String
    var description: String { "\(line): \(reason)" }
  }

  /// The trace that a text describes. Empty lines and comments after the first line do not count.
  ///
  /// - Throws: `Failure` for the first line that is none.
  init(_ text: String) throws(Failure) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.head else {
      throw Failure(line: 1, reason: "a trace begins with `\(Self.head)`")
    }
    device = ""
    steps = []
    for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      let number = index + 1
      let words = line.split(separator: " ")
      switch words.first {
      case "device" where words.count == 2: device = String(words[1])
      case "step": steps.append(try Self.step(words, number))
      case "W", "R", "P", "9":
        guard !steps.isEmpty else { throw Failure(line: number, reason: "a transaction before the first step") }
        steps[steps.count - 1].transactions.append(Transaction(text: String(line), line: number))
      default: throw Failure(line: number, reason: "neither a step nor a transaction: `\(line)`")
      }
    }
    guard (1...32).contains(device.utf8.count) else { throw Failure(line: 1, reason: "`device NAME` is missing") }
  }

  private static func step(_ words: [Substring], _ line: Int) throws(Failure) -> Step {
    guard words.count == 6, let now = UInt32(words[1]) else {
      throw Failure(line: line, reason: "a step is `step MS motion=0 switch=0 joined=0 connected=0`")
    }
    var levels: [Bool] = []
    for (word, name) in zip(words[2...], ["motion", "switch", "joined", "connected"]) {
      guard word == "\(name)=0" || word == "\(name)=1" else {
        throw Failure(line: line, reason: "`\(word)` is not `\(name)=0` or `\(name)=1`")
      }
      levels.append(word.hasSuffix("1"))
    }
    return Step(
      now: now, isMotionHigh: levels[0], isSwitchHigh: levels[1], isJoined: levels[2], isConnected: levels[3],
      line: line)
  }
}

extension BusTrace.Step {
  /// The step's own line.
  var text: String {
    let levels = [("motion", isMotionHigh), ("switch", isSwitchHigh), ("joined", isJoined), ("connected", isConnected)]
    return "step \(now) " + levels.map { "\($0.0)=\($0.1 ? 1 : 0)" }.joined(separator: " ")
  }
}
