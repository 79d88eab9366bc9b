import Glibc
import HAL
import Testing

@testable import LinuxHAL

@Suite struct LinuxI2CBusTests {
  @Test func missingBusTellsHowToGetOne() throws {
    let folder = try DeviceFolder()
    let error = try #require(throws: LinuxHALError.self) { _ = try LinuxI2CBus(1, files: folder.files) }
    #expect(error.code == .missing)
    #expect(
      error.description == """
        \(folder.root)/dev/i2c-1: no such file or directory; there is no I²C bus 1 (there is none at all): \
        on a Raspberry Pi set dtparam=i2c_arm=on in config.txt (sudo raspi-config nonint do_i2c 0) and restart; \
        elsewhere load the driver, sudo modprobe i2c-dev
        """)
  }

  @Test func missingBusTellsWhichThereAre() throws {
    let folder = try DeviceFolder()
    try folder.put("/dev/i2c-20")
    try folder.put("/sys/class/i2c-dev/i2c-20/name", "Broadcom iProc\n")
    try folder.put("/sys/class/i2c-dev/i2c-3/name", "bcm2835 (i2c@7e804000)\n")
    try folder.put("/dev/i2c-stray")
    let error = try #require(throws: LinuxHALError.self) { _ = try LinuxI2CBus(1, files: folder.files) }
    #expect(error.remedy.contains("(there are: 3 bcm2835 (i2c@7e804000), 20 Broadcom iProc)"))
    #expect(LinuxI2CBus.available(files: folder.files).map(\.number) == [3, 20])
  }

  @Test func nodeThatIsNoBusIsSaidToBeNone() throws {
    let folder = try DeviceFolder()
    try folder.put("/dev/i2c-1")
    let error = try #require(throws: LinuxHALError.self) { _ = try LinuxI2CBus(1, files: folder.files) }
    #expect(error.code == .unsuitable)
    #expect(error.remedy == "this is no I²C bus; there are: 1 i2c-1")
  }

  @Test func busThatMayNotBeOpenedTellsTheGroup() {
    let error = LinuxI2CBus.refusal(EACCES, number: 1, files: .host)
    #expect(error.code == .noPermission)
    #expect(
      error.description == """
        /dev/i2c-1: permission denied; \
        add the user to the group i2c (sudo usermod --append --groups i2c USER) and log in again
        """)
  }

  @Test(
    "Each errno is an I²C error (Documentation/i2c/fault-codes.rst)",
    arguments: [
      (ENXIO, I2CError.addressNotAcknowledged), (ENODEV, .addressNotAcknowledged), (EREMOTEIO, .addressNotAcknowledged),
      (EIO, .dataNotAcknowledged), (EPROTO, .dataNotAcknowledged), (EBADMSG, .dataNotAcknowledged),
      (ETIMEDOUT, .timeout), (ETIME, .timeout), (EBUSY, .stuck), (EAGAIN, .stuck), (EINVAL, .addressNotAcknowledged),
      (EOPNOTSUPP, .addressNotAcknowledged), (ESHUTDOWN, .addressNotAcknowledged),
    ])
  func errnoIsAnI2CError(errno: Int32, expected: I2CError) {
    #expect(LinuxI2CBus.error(result: -errno, writeCount: 2, readCount: 0) == expected)
    #expect(LinuxI2CBus.error(result: -errno, writeCount: 1, readCount: 8) == expected)
  }

  @Test func readWithoutAWriteHasNoDataToAcknowledge() {
    #expect(LinuxI2CBus.error(result: -EIO, writeCount: 0, readCount: 6) == .addressNotAcknowledged)
  }

  @Test func messagesThatDidNotGoThroughAreNotAcknowledged() {
    #expect(LinuxI2CBus.error(result: 2, writeCount: 1, readCount: 8) == nil)
    #expect(LinuxI2CBus.error(result: 1, writeCount: 1, readCount: 8) == .addressNotAcknowledged)
    #expect(LinuxI2CBus.error(result: 0, writeCount: 1, readCount: 8) == .addressNotAcknowledged)
    for (written, wanted) in [(0, 0), (3, 0), (0, 6)] {
      #expect(LinuxI2CBus.error(result: 1, writeCount: written, readCount: wanted) == nil)
      #expect(LinuxI2CBus.error(result: 0, writeCount: written, readCount: wanted) == .addressNotAcknowledged)
    }
  }

  @Test func onlyARefusedProbeIsTriedAnotherWay() {
    #expect(LinuxI2CBus.cannotProbe(result: -EOPNOTSUPP, writeCount: 0, readCount: 0))
    #expect(LinuxI2CBus.cannotProbe(result: -EINVAL, writeCount: 0, readCount: 0))
    #expect(!LinuxI2CBus.cannotProbe(result: 1, writeCount: 0, readCount: 0))
    #expect(!LinuxI2CBus.cannotProbe(result: -ENXIO, writeCount: 0, readCount: 0))
    #expect(!LinuxI2CBus.cannotProbe(result: -EOPNOTSUPP, writeCount: 1, readCount: 0))
    #expect(!LinuxI2CBus.cannotProbe(result: -EOPNOTSUPP, writeCount: 0, readCount: 1))
  }

  @Test func everyShapeThatSMBusHasIsACommand() {
    typealias Command = LinuxI2CBus.SMBusCommand
    #expect(Command(write: [], readCount: 0) == .quick)
    #expect(Command(write: [], readCount: 1) == .readByte)
    #expect(Command(write: [0xF7], readCount: 0) == .writeByte(0xF7))
    #expect(Command(write: [0xD0], readCount: 1) == .readByteData(register: 0xD0))
    #expect(Command(write: [0xF4, 0x25], readCount: 0) == .writeByteData(register: 0xF4, 0x25))
    #expect(Command(write: [0x88], readCount: 26) == .readBlock(register: 0x88, count: 26))
    #expect(Command(write: [0x00, 0x21, 0, 127], readCount: 0) == .writeBlock(register: 0x00, [0x21, 0, 127]))
  }

  @Test func whatSMBusHasNoCommandForIsNone() {
    typealias Command = LinuxI2CBus.SMBusCommand
    #expect(Command(write: [0x24, 0x00], readCount: 6) == nil)
    #expect(Command(write: [], readCount: 6) == nil)
    #expect(Command(write: [0x88], readCount: 32) != nil)
    #expect(Command(write: [0x88], readCount: 33) == nil)
    #expect(Command(write: Array(repeating: 0x40, count: 33), readCount: 0) != nil)
    #expect(Command(write: Array(repeating: 0x40, count: 34), readCount: 0) == nil)
  }
}
