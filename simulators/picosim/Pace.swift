import ArgumentParser

/// How the boards' time runs: with the real one, faster by a factor, or as fast as the machine can.
enum Speed: Equatable, ExpressibleByArgument {
  case factor(Double)
  case max

  init?(argument: String) {
    if argument == "max" {
      self = .max
    } else if let factor = Double(argument), factor >= 0.01, factor <= 10_000 {
      self = .factor(factor)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { "1" }
}

/// A span of time on the command line: `90` and `90s` are seconds, `500ms`, `5m`, `12h`, `7d`.
struct TimeSpan: Equatable, ExpressibleByArgument {
  var milliseconds: UInt64

  init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  init?(argument: String) {
    let number = argument.prefix { $0.isNumber || $0 == "." }
    let units: [String: Double] = ["ms": 1, "": 1000, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let factor = units[String(argument.dropFirst(number.count))], let value = Double(number),
      value * factor <= 400 * 86_400_000
    else { return nil }
    milliseconds = UInt64((value * factor).rounded())
  }

  var defaultValueDescription: String {
    milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
  }
}

/// The boards' clock.
struct Pace {
  let speed: Speed
  private let start = ContinuousClock.now
  /// Where the clock was put, with `Speed.max`.
  private var reached: UInt64 = 0

  init(_ speed: Speed) {
    self.speed = speed
  }

  /// Real milliseconds since the start.
  var realMilliseconds: UInt64 {
    let elapsed = (ContinuousClock.now - start).components
    return UInt64(elapsed.seconds) * 1000 + UInt64(elapsed.attoseconds / 1_000_000_000_000_000)
  }

  /// The boards' milliseconds since the start.
  var milliseconds: UInt64 {
    switch speed {
    case .max: reached
    case .factor(1): realMilliseconds
    case .factor(let factor): UInt64(Double(realMilliseconds) * factor)
    }
  }

  /// The boards' time jumps to `milliseconds`, where nothing else moves it.
  mutating func jump(to milliseconds: UInt64) {
    reached = Swift.max(reached, milliseconds)
  }

  /// How long to wait, in real ms, until the boards' clock shows `milliseconds`.
  func wait(until milliseconds: UInt64) -> UInt64 {
    let now = self.milliseconds
    guard milliseconds > now else { return 0 }
    switch speed {
    case .max: return 0
    case .factor(let factor): return UInt64((Double(milliseconds - now) / factor).rounded(.up))
    }
  }
}
