import Glibc
import HAL

/// A PWM channel of this machine: `/sys/class/pwm/pwmchipN/pwmM`.
///
///     let fan = try LinuxPWM(chip: 0, channel: 0, frequencyHertz: 25_000)
///     fan.set(dutyPercent: 40)
///
/// It begins low. When the program ends the channel goes on as it is: a fan keeps its speed. `stop()` ends it.
public final class LinuxPWM: PWMPin, Sendable {
  /// How long a channel that was just exported may take to become writable: udev gives it to its group then.
  public static let patienceMilliseconds = 1000

  /// The channel's folder.
  public let path: String
  /// The period in ns.
  public let periodNanoseconds: UInt64
  private let chip: Int
  private let channel: Int
  private let files: DeviceFiles
  private let duty: OpenFile

  /// Takes the channel and starts it, low.
  ///
  /// - Parameters:
  ///   - chip: N in `pwmchipN`.
  ///   - channel: M in `pwmM`, from 0.
  ///   - frequencyHertz: 1 … 1,000,000.
  ///   - patienceMilliseconds: how long to wait for the channel's files.
  /// - Throws: `LinuxHALError`: `missing`, `noPermission`, `busy`, `unsuitable` where the chip has no such period.
  public init(
    chip: Int, channel: Int, frequencyHertz: UInt32, files: DeviceFiles = .host,
    patienceMilliseconds: Int = LinuxPWM.patienceMilliseconds
  ) throws(LinuxHALError) {
    precondition(frequencyHertz >= 1 && frequencyHertz <= 1_000_000, "1 Hz … 1 MHz")
    self.files = files
    self.chip = chip
    self.channel = channel
    let owner = Self.owner(chip)
    let folder = Self.folder(chip, channel)
    path = files.path(folder)
    periodNanoseconds = 1_000_000_000 / UInt64(frequencyHertz)

    try Self.checkChannel(chip: chip, channel: channel, files: files)
    if !files.exists(folder) {
      let result = files.store("\(channel)", in: "\(owner)/export")
      guard result == 0 else { throw Self.refusal(result, files.path("\(owner)/export"), channel: channel) }
    }
    duty = try Self.open("\(folder)/duty_cycle", files: files, channel: channel, patience: patienceMilliseconds)
    // A period shorter than the duty is refused, so the duty goes first. A fresh channel has period 0: then the kernel
    // refuses even a duty of 0, which it already has.
    let result = duty.store("0")
    guard result == 0 || result == EINVAL else { throw Self.refusal(result, path, channel: channel) }
    for (file, value) in [("period", "\(periodNanoseconds)"), ("duty_cycle", "0"), ("enable", "1")] {
      let result = files.store(value, in: "\(folder)/\(file)")
      guard result == 0 else { throw Self.refusal(result, files.path("\(folder)/\(file)"), channel: channel) }
    }
  }

  /// Sets the share of time the pin is high, 0 … 100 %; nothing happens once the chip is gone.
  public func set(dutyPercent: UInt8) {
    _ = duty.store("\(Self.dutyNanoseconds(percent: dutyPercent, of: periodNanoseconds))")
  }

  /// Makes the pin low and ends the channel, which others may take then.
  public func stop() {
    _ = duty.store("0")
    _ = files.store("0", in: Self.folder(chip, channel) + "/enable")
    _ = files.store("\(channel)", in: Self.owner(chip) + "/unexport")
  }

  private static func owner(_ chip: Int) -> String { "/sys/class/pwm/pwmchip\(chip)" }

  private static func folder(_ chip: Int, _ channel: Int) -> String { owner(chip) + "/pwm\(channel)" }

  /// The time high in a period, in ns; more than 100 % is 100 %.
  static func dutyNanoseconds(percent: UInt8, of period: UInt64) -> UInt64 {
    period * UInt64(min(percent, 100)) / 100
  }

  private static func checkChannel(chip: Int, channel: Int, files: DeviceFiles) throws(LinuxHALError) {
    let owner = Self.owner(chip)
    guard files.exists(owner) else {
      let chips = files.numbers(in: "/sys/class/pwm", prefix: "pwmchip").map { "pwmchip\($0)" }
      throw LinuxHALError(
        .missing, device: files.path(owner), cause: LinuxHALError.words(for: ENOENT),
        remedy: (chips.isEmpty ? "there is no PWM chip" : "there are: " + chips.joined(separator: ", "))
          + "; on a Raspberry Pi set dtoverlay=pwm-2chan in config.txt and restart")
    }
    guard let count = files.line(of: "\(owner)/npwm").flatMap({ Int($0) }), channel < 0 || channel >= count else {
      return
    }
    throw LinuxHALError(
      .missing, device: files.path("\(owner)/pwm\(channel)"), cause: "the chip has \(count) channels",
      remedy: "use 0 … \(count - 1)")
  }

  /// Opens an attribute of a channel that may have been exported this moment.
  private static func open(
    _ attribute: String, files: DeviceFiles, channel: Int, patience: Int
  ) throws(LinuxHALError) -> OpenFile {
    for remaining in stride(from: patience, through: 0, by: -10) {
      let descriptor = Glibc.open(files.path(attribute), O_WRONLY | O_CLOEXEC)
      if descriptor >= 0 { return OpenFile(descriptor) }
      let failure = errno
      guard remaining >= 10, failure == EACCES || failure == ENOENT else {
        throw refusal(failure, files.path(attribute), channel: channel)
      }
      usleep(10_000)
    }
    throw refusal(ENOENT, files.path(attribute), channel: channel)
  }

  /// Why an attribute did not take its value.
  static func refusal(_ errno: Int32, _ path: String, channel: Int) -> LinuxHALError {
    let code = LinuxHALError.code(of: errno)
    let remedy =
      switch code {
      case .missing: "channel \(channel) was not exported"
      case .noPermission:
        LinuxHALError.membership(of: "gpio") + "; where no udev rule gives PWM to a group, run as root"
      case .busy: "a driver of the kernel (a fan or backlight in the device tree) holds channel \(channel)"
      case .unsuitable: "the chip has no such frequency"
      case .failed: "see what the kernel says about it: dmesg | grep pwm"
      }
    return LinuxHALError(code, device: path, cause: LinuxHALError.words(for: errno), remedy: remedy)
  }
}
