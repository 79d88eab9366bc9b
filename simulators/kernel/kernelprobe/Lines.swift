import Glibc
import HAL
import LinuxHAL

/// The levels of gpio-sim's lines, from the other side.
private struct Bench {
  let folder = getenv("GPIO_LINES").map { String(cString: $0) } ?? "/sys/devices/platform/gpio-sim.0/gpiochip0"

  /// Makes what is connected to a line high or low.
  func pull(_ line: Int, high: Bool) {
    let descriptor = open("\(folder)/sim_gpio\(line)/pull", O_WRONLY)
    let word = Array((high ? "pull-up" : "pull-down").utf8)
    _ = write(descriptor, word, word.count)
    close(descriptor)
  }

  /// The level of a line.
  func level(_ line: Int) -> String { text(of: "\(folder)/sim_gpio\(line)/value") }
}

/// A file's first line, or nothing.
func text(of path: String) -> String {
  let descriptor = open(path, O_RDONLY)
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 64)
  let count = read(descriptor, &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
}

/// The kernel's GPIO lines.
func checkLines(_ checks: inout Checks) {
  do throws(LinuxHALError) {
    let gpio = try LinuxGPIO(lineNamed: "door")
    checks.expect("a chip is found by a line's name", gpio.label, is: "bench")
    checks.expect("it has eight lines", gpio.lineCount, is: 8)
    let door = try gpio.info(.named("door"))
    checks.expect("the name belongs to line 3", door.offset, is: 3)
    checks.expect("which is free", door.holder, is: nil)
    try checkLevels(gpio, &checks)
    let bench = Bench()
    try checkEdges(gpio, bench, &checks)
    try checkRisingOnly(gpio, bench, &checks)
    try checkDebouncing(gpio, bench, &checks)
    checkRefusals(gpio, &checks)
  } catch {
    checks.expect("GPIO works", false, "\(error)")
  }
}

private func checkLevels(_ gpio: LinuxGPIO, _ checks: inout Checks) throws(LinuxHALError) {
  let bench = Bench()
  try checkHolding(gpio, bench, &checks)
  checks.expect("a pin that nobody holds is given back", try gpio.info(.offset(1)).holder, is: nil)
  let pin = try gpio.input(.offset(1), bias: .pullDown)
  checks.expect("a pull-down makes an input low", !pin.isHigh())

  let lamp = try gpio.output(.offset(2), high: true)
  checks.expect("an output begins as told", bench.level(2), is: "1")
  lamp.set(high: false)
  checks.expect("it is set low", bench.level(2), is: "0")
  lamp.set(high: true)
  checks.expect("and high", bench.level(2), is: "1")
}

private func checkHolding(_ gpio: LinuxGPIO, _ bench: Bench, _ checks: inout Checks) throws(LinuxHALError) {
  let pin = try gpio.input(.offset(1), bias: .pullUp)
  checks.expect("a pull-up makes an input high", pin.isHigh())
  bench.pull(1, high: false)
  checks.expect("what is connected makes it low", !pin.isHigh())
  checks.expect("gpioinfo would show who holds it", try gpio.info(.offset(1)).holder, is: "martlet")
  let busy = failure { () throws(LinuxHALError) in _ = try gpio.input(.offset(1)) }
  checks.expect("a line is held once", busy?.code, is: .busy)
  checks.expect("the error says by whom", busy?.remedy.hasPrefix("held by martlet;") == true, "\(busy as Any)")
}

private func checkEdges(_ gpio: LinuxGPIO, _ bench: Bench, _ checks: inout Checks) throws(LinuxHALError) {
  bench.pull(3, high: false)
  let door = try gpio.input(.named("door"), edges: .both)
  checks.expect("no edge before there was one", try door.nextEdge(), is: nil)
  var last: UInt64 = 0
  for (index, high) in [true, false, true, false].enumerated() {
    bench.pull(3, high: high)
    checks.expect("an edge makes the descriptor readable", door.waitForEdge(milliseconds: 5000))
    let edge = try door.nextEdge()
    checks.expect("it \(high ? "rises" : "falls")", edge?.isRising, is: high)
    checks.expect("it is number \(index + 1)", edge?.sequence, is: UInt32(index + 1))
    checks.expect("later than the one before", edge.map { $0.timestampNanoseconds > last } == true, "\(edge as Any)")
    checks.expect("and the level is that", door.isHigh(), is: high)
    last = edge?.timestampNanoseconds ?? 0
  }
}

private func checkRisingOnly(_ gpio: LinuxGPIO, _ bench: Bench, _ checks: inout Checks) throws(LinuxHALError) {
  bench.pull(3, high: false)
  let door = try gpio.input(.named("door"), edges: .rising)
  for _ in 0..<2 {
    bench.pull(3, high: true)
    checks.expect("a rising edge is reported", door.waitForEdge(milliseconds: 5000))
    checks.expect("as such", try door.nextEdge()?.isRising, is: true)
    bench.pull(3, high: false)
  }
  checks.expect("a falling one is not", try door.nextEdge(), is: nil)
}

private func checkDebouncing(_ gpio: LinuxGPIO, _ bench: Bench, _ checks: inout Checks) throws(LinuxHALError) {
  bench.pull(3, high: false)
  let door = try gpio.input(.named("door"), edges: .both, debounceMicroseconds: 500_000)
  // A contact that bounces for a while. gpio-sim reports on a tick of 10 ms; faster than that it would smooth by itself.
  for high in [true, false, true, false, true] {
    bench.pull(3, high: high)
    usleep(20_000)
  }
  checks.expect("a contact that bounces is an edge", door.waitForEdge(milliseconds: 5000))
  checks.expect("up", try door.nextEdge()?.isRising, is: true)
  checks.expect("once", try door.nextEdge(), is: nil)
}

private func checkRefusals(_ gpio: LinuxGPIO, _ checks: inout Checks) {
  let cases: [(String, () throws(LinuxHALError) -> Void)] = [
    ("a line beyond the last", { () throws(LinuxHALError) in _ = try gpio.input(.offset(8)) }),
    ("a name that no line has", { () throws(LinuxHALError) in _ = try gpio.output(.named("window")) }),
    ("a name on no chip", { () throws(LinuxHALError) in _ = try LinuxGPIO(lineNamed: "window") }),
    ("a chip that is not there", { () throws(LinuxHALError) in _ = try LinuxGPIO(chip: 9) }),
    ("a bus that is not there", { () throws(LinuxHALError) in _ = try LinuxI2CBus(99) }),
    (
      "a PWM chip that is not there",
      { () throws(LinuxHALError) in _ = try LinuxPWM(chip: 9, channel: 0, frequencyHertz: 1) }
    ),
  ]
  for (what, body) in cases {
    let error = failure(body)
    checks.expect("\(what) is missing", error?.code, is: .missing)
    say("        \(error.map { "\($0)" } ?? "")")
  }
}
