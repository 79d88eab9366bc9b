import ArgumentParser
import Foundation
import Node
import VirtualBoard

struct BenchPage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-page",
    abstract: "Serve a web page of a virtual bench: see the OLED and the LED, turn the weather, pull the plugs.",
    discussion: """
      The page is on 127.0.0.1 only, and answers nobody who came by another site. Without --network broker the network is a
      pretence, so nothing else need run. The board measures each second there. Ctrl-C ends.
      """)

  @Option(name: .customLong("page-port"), help: "The page's port; 0 takes a free one.")
  var webPort: UInt16 = 8090

  @OptionGroup var board: OneBoardOptions
  @OptionGroup var happenings: ScenarioOptions
  @OptionGroup var endpoints: Endpoints

  func run() throws {
    Interrupt.catchSignals()
    var plan = try board.plan(endpoints, happenings, network: .pretend)
    plan.configuration.measurementPeriodMilliseconds = 1000
    plan.configuration.motionCooldownMilliseconds = 5000
    // Nobody comes but who waves.
    plan.visitPeriodMilliseconds = 0
    let fleet = try Fleet(plan)
    let bench = Bench(fleet)
    let server = try PageServer(port: webPort, epoll: fleet.epoll, answer: bench.answer)
    fleet.onForeignDescriptor = server.ready
    print("picosim: the bench is on http://127.0.0.1:\(server.port)/")
    fflush(nil)
    while !Interrupt.isRequested {
      // As often as the display may change and a person can see it.
      fleet.turn(until: fleet.milliseconds + 50)
      if let event = bench.news() { server.broadcast(event) }
    }
    fleet.stop()
  }
}
