import CBoard
import EmbeddedCheck

// A function, because Swift 6 refuses mutable globals and armv6m has no main actor.
func run() -> Int32 {
  guard EmbeddedCheck.byteCount <= Int(BOARD_MEMORY_BYTES) else { return 2 }
  EmbeddedCheck(in: board_memory(), checksum: board_checksum()).live(seconds: 20, put: board_put)
  EmbeddedCheck(in: board_memory(), checksum: board_checksum()).ask(put: board_put)
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
