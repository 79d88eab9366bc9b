import Glibc

/// `kernelprobe`: runs the device's drivers on a kernel's own I²C, GPIO and PWM, inside user-mode Linux, and says what holds.
/// The last line is `kernel: checks=N failed=M`, and the exit status says the same.
@main
struct KernelProbe {
  static func main() {
    var checks = Checks()
    checkChips(&checks)
    checkSMBus(&checks)
    checkShortedBus(&checks)
    checkLines(&checks)
    checkPWM(&checks)
    checkPermissions(&checks)
    say("kernel: checks=\(checks.count) failed=\(checks.failures)")
    exit(checks.failures == 0 ? 0 : 1)
  }
}

/// Claims, and how many did not hold.
struct Checks {
  private(set) var count = 0
  private(set) var failures = 0

  /// A claim, and what was seen where it does not hold.
  mutating func expect(_ claim: String, _ holds: Bool, _ seen: @autoclosure () -> String = "") {
    count += 1
    guard !holds else { return say("ok      \(claim)") }
    failures += 1
    say("FAILED  \(claim): \(seen())")
  }

  /// A claim about a value.
  mutating func expect<Value: Equatable>(_ claim: String, _ value: Value, is expected: Value) {
    expect(claim, value == expected, "\(value) instead of \(expected)")
  }
}

/// What a call throws, or `nil`.
func failure<Failure: Error>(_ body: () throws(Failure) -> Void) -> Failure? {
  do throws(Failure) {
    try body()
    return nil
  } catch {
    return error
  }
}

/// A line on the standard output, at once: what was said must be out before the machine is off.
func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = write(STDOUT_FILENO, bytes, bytes.count)
}
