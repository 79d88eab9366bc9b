import Foundation
import Glibc
import Testing

@testable import LinuxHAL

@Suite struct LinuxPWMTests {
  let folder: DeviceFolder
  static let chip = "/sys/class/pwm/pwmchip0"

  init() throws {
    folder = try DeviceFolder()
  }

  /// A chip of two channels, as the kernel shows it; its channels are given.
  func makeChip(channels: [Int]) throws {
    for name in ["export", "unexport"] { try folder.put("\(Self.chip)/\(name)") }
    try folder.put("\(Self.chip)/npwm", "2\n")
    for channel in channels {
      for name in ["period", "duty_cycle", "enable"] { try folder.put("\(Self.chip)/pwm\(channel)/\(name)") }
    }
  }

  func make(channel: Int = 0, chip: Int = 0, patience: Int = 0) throws(LinuxHALError) -> LinuxPWM {
    try LinuxPWM(
      chip: chip, channel: channel, frequencyHertz: 25_000, files: folder.files, patienceMilliseconds: patience)
  }

  @Test func channelStartsLowAtItsFrequency() throws {
    try makeChip(channels: [0])
    let fan = try make()
    #expect(fan.periodNanoseconds == 40_000)
    #expect(try folder.line("\(Self.chip)/pwm0/period") == "40000")
    #expect(try folder.line("\(Self.chip)/pwm0/duty_cycle") == "0")
    #expect(try folder.line("\(Self.chip)/pwm0/enable") == "1")
    // It was there already.
    #expect(try folder.line("\(Self.chip)/export") == "")
  }

  @Test func dutyIsAShareOfThePeriod() throws {
    try makeChip(channels: [0])
    let fan = try make()
    fan.set(dutyPercent: 40)
    #expect(try folder.line("\(Self.chip)/pwm0/duty_cycle") == "16000")
    #expect(LinuxPWM.dutyNanoseconds(percent: 0, of: 40_000) == 0)
    #expect(LinuxPWM.dutyNanoseconds(percent: 100, of: 40_000) == 40_000)
    #expect(LinuxPWM.dutyNanoseconds(percent: 255, of: 40_000) == 40_000)
    #expect(LinuxPWM.dutyNanoseconds(percent: 33, of: 15_625_000) == 5_156_250)
  }

  @Test func stoppedChannelIsGivenBack() throws {
    try makeChip(channels: [1])
    let fan = try make(channel: 1)
    fan.stop()
    #expect(try folder.line("\(Self.chip)/pwm1/enable") == "0")
    #expect(try folder.line("\(Self.chip)/unexport") == "1")
  }

  @Test func channelIsExportedAndWaitedFor() throws {
    try makeChip(channels: [])
    let error = try #require(throws: LinuxHALError.self) { _ = try make(channel: 1, patience: 30) }
    #expect(error.code == .missing)
    #expect(error.remedy == "channel 1 was not exported")
    #expect(try folder.line("\(Self.chip)/export") == "1")
  }

  @Test func missingChipTellsWhichThereAre() throws {
    let none = try #require(throws: LinuxHALError.self) { _ = try make() }
    #expect(none.code == .missing)
    #expect(
      none.description == """
        \(folder.root)/sys/class/pwm/pwmchip0: no such file or directory; there is no PWM chip; \
        on a Raspberry Pi set dtoverlay=pwm-2chan in config.txt and restart
        """)
    try makeChip(channels: [])
    let some = try #require(throws: LinuxHALError.self) { _ = try make(chip: 3) }
    #expect(some.remedy.hasPrefix("there are: pwmchip0;"))
  }

  @Test func channelBeyondTheLastIsRefused() throws {
    try makeChip(channels: [0, 1])
    let error = try #require(throws: LinuxHALError.self) { _ = try make(channel: 2) }
    #expect(error.description == "\(folder.root)\(Self.chip)/pwm2: the chip has 2 channels; use 0 … 1")
  }

  @Test(
    "Each errno has its remedy",
    arguments: [
      (EACCES, LinuxHALError.Code.noPermission, "group gpio"), (EBUSY, .busy, "holds channel 1"),
      (EINVAL, .unsuitable, "no such frequency"), (EIO, .failed, "dmesg | grep pwm"),
    ])
  func errnoHasARemedy(errno: Int32, code: LinuxHALError.Code, words: String) {
    let error = LinuxPWM.refusal(errno, "/sys/class/pwm/pwmchip0/export", channel: 1)
    #expect(error.code == code)
    #expect(error.remedy.contains(words))
  }
}
