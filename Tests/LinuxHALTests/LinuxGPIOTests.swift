import Glibc
import Testing

@testable import LinuxHAL

@Suite struct LinuxGPIOTests {
  @Test func missingChipTellsWhichThereAre() throws {
    let folder = try DeviceFolder()
    let none = try #require(throws: LinuxHALError.self) { _ = try LinuxGPIO(chip: 4, files: folder.files) }
    #expect(none.code == .missing)
    #expect(none.description == "\(folder.root)/dev/gpiochip4: no such file or directory; there is no GPIO chip")
    try folder.put("/dev/gpiochip10")
    try folder.put("/dev/gpiochip0")
    let some = try #require(throws: LinuxHALError.self) { _ = try LinuxGPIO(chip: 4, files: folder.files) }
    #expect(some.remedy == "there are: gpiochip0, gpiochip10")
  }

  @Test func nodeThatIsNoChipIsSaidToBeNone() throws {
    let folder = try DeviceFolder()
    try folder.put("/dev/gpiochip0")
    let error = try #require(throws: LinuxHALError.self) { _ = try LinuxGPIO(chip: 0, files: folder.files) }
    #expect(error.code == .unsuitable)
    #expect(error.remedy.hasPrefix("this is no GPIO chip, or the kernel is older than 5.10"))
  }

  @Test func nameIsLookedForOnEveryChip() throws {
    let folder = try DeviceFolder()
    let none = try #require(throws: LinuxHALError.self) { _ = try LinuxGPIO(lineNamed: "GPIO4", files: folder.files) }
    #expect(none.code == .missing)
    #expect(none.cause == "there is no GPIO chip")
    try folder.put("/dev/gpiochip0")
    let unsuitable = try #require(throws: LinuxHALError.self) {
      _ = try LinuxGPIO(lineNamed: "GPIO4", files: folder.files)
    }
    #expect(unsuitable.code == .unsuitable)
  }

  @Test func chipThatMayNotBeOpenedTellsTheGroup() {
    let error = LinuxGPIO.refusal(EACCES, "/dev/gpiochip0", .host)
    #expect(error.code == .noPermission)
    #expect(
      error.remedy == "add the user to the group gpio (sudo usermod --append --groups gpio USER) and log in again")
  }

  @Test func busyLineTellsWhoHoldsIt() {
    let error = LinuxGPIO.refusal(EBUSY, line: .named("GPIO4"), of: "/dev/gpiochip0", holder: "onewire@4")
    #expect(error.code == .busy)
    #expect(
      error.description == """
        /dev/gpiochip0 line GPIO4: device or resource busy; held by onewire@4; stop that program, \
        or take the overlay that uses the line out of config.txt
        """)
  }

  @Test func lineThatCannotDoItIsUnsuitable() {
    let error = LinuxGPIO.refusal(EOPNOTSUPP, line: .offset(3), of: "/dev/gpiochip0", holder: nil)
    #expect(error.code == .unsuitable)
    #expect(error.device == "/dev/gpiochip0 line 3")
  }
}
