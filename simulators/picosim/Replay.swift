import ArgumentParser
import Foundation
import HAL
import Node
import NodeShell
import Telemetry

struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Feed a recorded trace to the drivers and say where they deviate.",
    discussion: "The exit code is 1 at the first transaction that is not the recorded one.")

  @Argument(help: "The file that `picosim record` wrote.")
  var file: String

  func run() throws {
    let trace: BusTrace
    do {
      trace = try BusTrace(String(contentsOfFile: file, encoding: .utf8))
    } catch let failure as BusTrace.Failure {
      throw ValidationError("\(file):\(failure)")
    }
    let result = Self.replay(trace)
    if let deviation = result.deviation {
      print("\(file):\(deviation) in the step at \(result.step) ms")
      throw ExitCode(1)
    }
    print("picosim: \(trace.steps.count) steps, \(result.transactions) transactions, as recorded")
  }

  /// How far a trace was followed.
  struct Result {
    var transactions: Int
    /// The last step's time, ms.
    var step: UInt32
    var deviation: ReplayBus.Deviation?
  }

  /// Runs a device on the recorded bus.
  static func replay(_ trace: BusTrace) -> Result {
    let bus = ReplayBus()
    let (motion, door) = (RecordedPin(), RecordedPin())
    let identity = NodeIdentity(
      device: InlineBytes(Array(trace.device.utf8).span), firmware: InlineBytes("1.0.0-sim"), boot: 1)
    var device = Device<PlainWiring<ReplayBus, RecordedPin, RecordedPin>, 256>(
      node: Node(identity: identity), bus: bus, motion: motion, door: door, light: RecordedPin())
    var payload = InlineBytes<512>()
    for step in trace.steps {
      bus.expect(step)
      motion.set(high: step.isMotionHigh)
      door.set(high: step.isSwitchHigh)
      let link = Link(isJoined: step.isJoined, rssi: step.isJoined ? -55 : nil, isConnected: step.isConnected)
      if device.step(now: step.now, link: link).fetchConfiguration { device.node.configurationIsUnchanged() }
      bus.finish()
      if var deviation = bus.deviation {
        // What was done too much has no line of its own: it is missing behind the step's last one.
        if deviation.line == 0 { deviation.line = step.transactions.last?.line ?? step.line }
        return Result(transactions: bus.count, step: step.now, deviation: deviation)
      }
      guard step.isConnected else { continue }
      while device.node.takePayload(now: step.now, into: &payload) {
        device.node.acknowledgementArrived(pretendedAcknowledgement(of: payload.array).span)
      }
    }
    return Result(transactions: bus.count, step: trace.steps.last?.now ?? 0)
  }
}

/// A pin with the level it had.
private final class RecordedPin: InputPin, OutputPin {
  private var level = false

  func isHigh() -> Bool { level }
  func set(high: Bool) { level = high }
}
