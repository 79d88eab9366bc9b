import ChipModels
import HAL
import LinuxHAL
import Sensors
import Telemetry

/// An adapter without plain messages, the kernel's i2c-stub: registers that keep what is written.
func checkSMBus(_ checks: inout Checks) {
  guard let bus = bus(named: "stub", &checks) else { return }
  checks.expect("it takes SMBus commands only", !bus.takesPlainMessages)
  checks.expect("its chip answers a quick command", bus.answers(0x76))
  checks.expect("an address without a chip does not", !bus.answers(0x55))
  checks.expect(
    "reading from it is an address NACK", failure { () throws(I2CError) in try readOne(bus, 0x55) },
    is: .addressNotAcknowledged)

  // The BMP280 datasheet's example (BST-BMP280-DS001 section 3.12) as a register file.
  let (pressure, temperature): (UInt32, UInt32) = (415_148, 519_888)
  let data = [
    UInt8(pressure >> 12), UInt8(pressure >> 4 & 0xFF), UInt8(pressure << 4 & 0xF0),
    UInt8(temperature >> 12), UInt8(temperature >> 4 & 0xFF), UInt8(temperature << 4 & 0xF0),
  ]
  for (start, bytes) in [(UInt8(0x88), BME280Trim.published.low), (0xD0, [0x58]), (0xF7, data)] {
    for (index, byte) in bytes.enumerated() {
      let register = start + UInt8(index)
      if let error = failure({ () throws(I2CError) in try bus.write(0x76, register: register, byte) }) {
        checks.expect("register \(register) is written", false, "\(error)")
      }
    }
  }
  var sensor = EnvironmentSensor(bus: bus)
  let measurement = reading(&sensor)
  checks.expect("a BMP280 is found through SMBus", measurement?.sensor, is: .bmp280)
  checks.expect("25.08 °C, as published", measurement?.temperatureCentiCelsius, is: 2508)
  checks.expect("100653 Pa, as published", measurement?.pressurePascals, is: 100_653)

  checkCommands(bus, &checks)
}

private func checkCommands(_ bus: LinuxI2CBus, _ checks: inout Checks) {
  let block: [UInt8] = [0x10] + (1...32).map { $0 }
  checks.expect(
    "32 bytes go in one command", failure { () throws(I2CError) in try bus.write(0x76, block.span) }, is: nil)
  var answer = [UInt8](repeating: 0, count: 32)
  let failed = failure { () throws(I2CError) in
    var bytes = answer.mutableSpan
    try bus.read(0x76, register: 0x10, into: &bytes)
  }
  checks.expect("and come back", failed == nil && answer == Array(block.dropFirst()), "\(answer)")
  checks.expect(
    "33 have no command, and are refused",
    failure { () throws(I2CError) in try bus.write(0x76, (block + [33]).span) }, is: .addressNotAcknowledged)
  // A register's number alone, then a byte: i2c-stub counts on from there.
  var byte: [UInt8] = [0]
  let single = failure { () throws(I2CError) in
    try bus.write(0x76, [0x10].span)
    var bytes = byte.mutableSpan
    try bus.read(0x76, into: &bytes)
  }
  checks.expect("a byte without a register", single == nil && byte == [1], "\(byte)")
}
