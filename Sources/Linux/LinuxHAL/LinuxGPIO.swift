import CI2C
import Glibc

/// A GPIO chip of this machine: `/dev/gpiochipN`, by the character device's second interface (Linux 5.10 or newer).
///
///     let gpio = try LinuxGPIO(lineNamed: "GPIO4")        // the chip's number differs between Raspberry Pis
///     let door = try gpio.input(.named("GPIO14"), bias: .pullUp, edges: .both, debounceMicroseconds: 20_000)
///     let lamp = try gpio.output(.named("GPIO4"))
public struct LinuxGPIO: Sendable {
  /// Which line of a chip.
  public enum Line: Equatable, Sendable, CustomStringConvertible {
    /// By its place, from 0.
    case offset(UInt32)
    /// By the name the device tree gives it: on a Raspberry Pi `GPIO4`, or `SDA1`.
    case named(String)

    /// As in `line 4` and `line GPIO4`.
    public var description: String {
      switch self {
      case .offset(let offset): "line \(offset)"
      case .named(let name): "line \(name)"
      }
    }
  }

  /// What is known of a line without taking it.
  public struct LineInfo: Equatable, Sendable {
    /// Its place, from 0.
    public let offset: UInt32
    /// The device tree's name for it; often empty.
    public let name: String
    /// Who holds it (a program's or driver's label), or `nil` when it is free.
    public let holder: String?
  }

  /// What holds an input's level while nothing drives it.
  public enum Bias: Equatable, Sendable {
    /// As the line is.
    case asIs
    /// A resistor to the supply: a switch to ground.
    case pullUp
    /// A resistor to ground.
    case pullDown
    /// None, also where there was one.
    case disabled
  }

  /// Which changes of an input are reported.
  public enum Edges: Equatable, Sendable {
    /// None: the level is looked at.
    case none
    /// Low to high.
    case rising
    /// High to low.
    case falling
    /// Both.
    case both
  }

  /// What lines are taken as: `gpioinfo` shows it.
  public static let consumer = "martlet"
  /// How many edges the kernel keeps until they are read; then the oldest are lost, and the sequence shows the gap.
  public static let eventCapacity: UInt32 = 64

  /// The device node.
  public let path: String
  /// What the chip calls itself: `pinctrl-bcm2711`, `pinctrl-rp1`.
  public let label: String
  /// How many lines it has.
  public let lineCount: UInt32
  private let file: OpenFile

  /// The chip `/dev/gpiochipN`.
  ///
  /// - Throws: `LinuxHALError`: `missing` with what chips there are, `noPermission` with the group, `unsuitable` where the
  ///   node is no GPIO chip.
  public init(chip number: Int, files: DeviceFiles = .host) throws(LinuxHALError) {
    let path = files.path("/dev/gpiochip\(number)")
    let descriptor = martlet_open(path)
    guard descriptor >= 0 else { throw Self.refusal(-descriptor, path, files) }
    file = OpenFile(descriptor)
    var info = gpiochip_info()
    let result = martlet_gpio_chip(descriptor, &info)
    guard result >= 0 else { throw Self.refusal(-result, path, files) }
    self.path = path
    label = Self.text(of: info.label)
    lineCount = info.lines
  }

  /// The first chip that has a line of this name.
  ///
  /// - Throws: `LinuxHALError`: `missing` where no chip that can be opened has one; the refusal where none can be opened.
  public init(lineNamed name: String, files: DeviceFiles = .host) throws(LinuxHALError) {
    var refusal: LinuxHALError?
    var labels: [String] = []
    for number in files.numbers(in: "/dev", prefix: "gpiochip") {
      do throws(LinuxHALError) {
        let chip = try LinuxGPIO(chip: number, files: files)
        labels.append(chip.label)
        guard chip.lines().contains(where: { $0.name == name }) else { continue }
        self = chip
        return
      } catch {
        refusal = error
      }
    }
    if labels.isEmpty, let refusal { throw refusal }
    let looked = labels.isEmpty ? "there is no GPIO chip" : "no line of that name on \(labels.joined(separator: ", "))"
    throw LinuxHALError(
      .missing, device: files.path("/dev/gpiochip*") + " line \(name)", cause: looked,
      remedy: "gpioinfo lists the names; use an offset where a line has none")
  }

  /// All lines.
  public func lines() -> [LineInfo] {
    (0..<lineCount).compactMap { info(offset: $0) }
  }

  /// Takes a line as an input. It is given back when nobody holds the pin any more.
  ///
  /// - Parameters:
  ///   - debounceMicroseconds: a level counts when it stood for so long; 0 for every change.
  /// - Throws: `LinuxHALError`: `missing`, `busy` with who holds it, `unsuitable` where the chip has no such bias or edges.
  public func input(
    _ line: Line, bias: Bias = .asIs, edges: Edges = .none, debounceMicroseconds: UInt32 = 0
  ) throws(LinuxHALError) -> LinuxInputPin {
    var flags = martlet_gpio_input
    switch bias {
    case .asIs: break
    case .pullUp: flags |= martlet_gpio_pull_up
    case .pullDown: flags |= martlet_gpio_pull_down
    case .disabled: flags |= martlet_gpio_no_bias
    }
    switch edges {
    case .none: break
    case .rising: flags |= martlet_gpio_rising
    case .falling: flags |= martlet_gpio_falling
    case .both: flags |= martlet_gpio_rising | martlet_gpio_falling
    }
    return LinuxInputPin(try request(line, flags: flags, debounce: debounceMicroseconds, high: false))
  }

  /// Takes a line as an output. It is given back when nobody holds the pin any more; most chips then keep the level.
  ///
  /// - Parameter high: the level it begins with, without a moment of the other.
  /// - Throws: `LinuxHALError`: `missing`, `busy` with who holds it, `unsuitable` where the line cannot be driven.
  public func output(_ line: Line, high: Bool = false) throws(LinuxHALError) -> LinuxOutputPin {
    LinuxOutputPin(try request(line, flags: martlet_gpio_output, debounce: 0, high: high))
  }

  /// What is known of a line without taking it.
  ///
  /// - Throws: `LinuxHALError.missing`.
  public func info(_ line: Line) throws(LinuxHALError) -> LineInfo {
    let found =
      switch line {
      case .offset(let offset): offset < lineCount ? info(offset: offset) : nil
      case .named(let name): lines().first { $0.name == name }
      }
    guard let found else {
      throw LinuxHALError(
        .missing, device: "\(path) \(line)", cause: "\(label) has \(lineCount) lines and no such one",
        remedy: "gpioinfo lists them")
    }
    return found
  }

  private func info(offset: UInt32) -> LineInfo? {
    var info = gpio_v2_line_info()
    guard martlet_gpio_line(file.descriptor, offset, &info) >= 0 else { return nil }
    let consumer = Self.text(of: info.consumer)
    let isUsed = info.flags & martlet_gpio_used != 0
    return LineInfo(
      offset: offset, name: Self.text(of: info.name),
      holder: isUsed ? (consumer.isEmpty ? "a driver without a name" : consumer) : nil)
  }

  private func request(_ line: Line, flags: UInt64, debounce: UInt32, high: Bool) throws(LinuxHALError) -> OpenFile {
    let offset = try info(line).offset
    let descriptor = martlet_gpio_request(
      file.descriptor, offset, flags, debounce, high ? 1 : 0, Self.eventCapacity, Self.consumer)
    guard descriptor < 0 else { return OpenFile(descriptor) }
    throw Self.refusal(-descriptor, line: line, of: path, holder: info(offset: offset)?.holder)
  }
}

extension LinuxGPIO {
  /// Why a node cannot be opened or is not what it should be.
  static func refusal(_ errno: Int32, _ path: String, _ files: DeviceFiles) -> LinuxHALError {
    let code = LinuxHALError.code(of: errno)
    let numbers = files.numbers(in: "/dev", prefix: "gpiochip").map { "gpiochip\($0)" }
    let list = numbers.isEmpty ? "there is no GPIO chip" : "there are: " + numbers.joined(separator: ", ")
    let remedy =
      switch code {
      case .missing: list
      case .noPermission: LinuxHALError.membership(of: "gpio")
      case .unsuitable: "this is no GPIO chip, or the kernel is older than 5.10; \(list)"
      case .busy, .failed: "see what the kernel says about it: dmesg | grep gpio"
      }
    return LinuxHALError(code, device: path, cause: LinuxHALError.words(for: errno), remedy: remedy)
  }

  /// Why a line cannot be taken.
  static func refusal(_ errno: Int32, line: Line, of path: String, holder: String?) -> LinuxHALError {
    let code = LinuxHALError.code(of: errno)
    let remedy =
      switch code {
      case .busy:
        "held by \(holder ?? "nobody any more: try again");"
          + " stop that program, or take the overlay that uses the line out of config.txt"
      case .noPermission: LinuxHALError.membership(of: "gpio")
      case .unsuitable: "this line cannot do that: ask for no bias, or look at the level instead of edges"
      case .missing, .failed: "see what the kernel says about it: dmesg | grep gpio"
      }
    return LinuxHALError(code, device: "\(path) \(line)", cause: LinuxHALError.words(for: errno), remedy: remedy)
  }

  /// A C array of characters up to its end or a zero.
  private static func text<Characters>(of characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
