import CBoard
import EmbeddedCheck

// A function, because Swift 6 refuses mutable globals and armv6m has no main actor.
func run() -> Int32 {
  runEmbeddedCheck(seconds: 20) { board_put($0) }
  runEmbeddedDialogue { board_put($0) }
  report("stack=", board_stack_peak())
  return 0
}

func report(_ name: StaticString, _ value: UInt32) {
  for index in 0..<name.utf8CodeUnitCount { board_put(name.utf8Start[index]) }
  var divisor: UInt32 = 1_000_000
  while divisor > 0 {
    board_put(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
    divisor /= 10
  }
  board_put(0x0A)
}

board_exit(run())
