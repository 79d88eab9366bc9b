import ChipModels
import Display
import Glibc
import HAL
import KernelBench
import LinuxHAL
import Sensors
import Telemetry

/// Finds a bus by a part of its adapter's name: numbers depend on what else there is.
func bus(named part: String, _ checks: inout Checks) -> LinuxI2CBus? {
  let found = LinuxI2CBus.available().first { $0.name.contains(part) }
  checks.expect("there is an adapter '\(part)'", found != nil, "\(LinuxI2CBus.available())")
  guard let found else { return nil }
  do throws(LinuxHALError) {
    return try LinuxI2CBus(found.number)
  } catch {
    checks.expect("it can be opened", false, "\(error)")
    return nil
  }
}

/// The chip models outside, through the kernel.
func checkChips(_ checks: inout Checks) {
  guard let bus = bus(named: "virtio", &checks) else { return }
  checks.expect("it takes plain messages", bus.takesPlainMessages)
  checks.expect("a chip that is there answers a probe", bus.answers(0x76))
  checks.expect("so does the display", bus.answers(0x3C))
  checks.expect("an address without a chip does not", !bus.answers(0x55))
  checks.expect(
    "reading from it is an address NACK", failure { () throws(I2CError) in try readOne(bus, 0x55) },
    is: .addressNotAcknowledged)
  checks.expect(
    "writing to it is an address NACK",
    failure { () throws(I2CError) in try bus.write(0x55, register: 0xF4, 0x25) }, is: .addressNotAcknowledged)
  checkSensor(bus, &checks)
  checkDisplay(bus, &checks)
  checkFaults(bus, &checks)
}

/// One byte from a register of a chip.
@discardableResult
func readOne(_ bus: LinuxI2CBus, _ address: UInt8, register: UInt8 = 0xD0) throws(I2CError) -> UInt8 {
  var byte: [UInt8] = [0]
  var bytes = byte.mutableSpan
  try bus.read(address, register: register, into: &bytes)
  return byte[0]
}

/// One reading in the machine's time.
///
/// A driver gives a measurement up, `stuck`, 100 ms after it was begun, and the first begins with looking for the chip. On a
/// machine with other work the transactions alone can take that long: such a measurement is begun again, for five seconds.
func reading(_ sensor: inout EnvironmentSensor<LinuxI2CBus>) -> Measurement? {
  let start = milliseconds()
  while true {
    sensor.begin(now: milliseconds())
    let seen = wait { sensor.poll(now: milliseconds()) }
    if seen?.quality != .stuck || milliseconds() &- start >= 5000 { return seen }
  }
}

/// What the same driver makes of the same air without a kernel in between.
private func reference(_ air: [Int32]) -> Measurement? {
  let (bus, chip) = (SimulatedI2CBus(), BME280Model())
  bus.attach(chip)
  chip.setAir(temperature: Double(air[0]) / 100, humidity: Double(air[1]) / 100, pressure: Double(air[2]))
  var sensor = EnvironmentSensor(bus: bus)
  sensor.begin(now: bus.clock.milliseconds)
  bus.clock.advance(milliseconds: 20)
  return sensor.poll(now: bus.clock.milliseconds)
}

private func checkSensor(_ bus: LinuxI2CBus, _ checks: inout Checks) {
  var sensor = EnvironmentSensor(bus: bus)
  for air: [Int32] in [[2253, 4512, 101_325], [-1234, 6150, 98_765], [4999, 1000, 30_100]] {
    let told = failure { () throws(I2CError) in
      try bus.write(
        BenchChip.address, BenchChip.air(centiCelsius: air[0], centiPercent: air[1], pascals: air[2]).span)
    }
    checks.expect("the bench takes the air \(air)", told, is: nil)
    let seen = reading(&sensor)
    checks.expect("BME280 gives what it gives without a kernel in between", seen, is: reference(air))
    checks.expect("and that is a reading", seen?.quality, is: .ok)
    let temperature = seen?.temperatureCentiCelsius ?? .max
    checks.expect("of this air", (air[0] - 1...air[0] + 1).contains(temperature), "\(temperature)")
  }
}

private func checkDisplay(_ bus: LinuxI2CBus, _ checks: inout Checks) {
  var display = SSD1306(bus: bus)
  var canvas = Canvas()
  for centiCelsius: Int32 in [2253, -1234] {
    var screen = Screen(.reading)
    screen.measurement.temperatureCentiCelsius = centiCelsius
    screen.draw(as: InlineBytes("Attic06"), firmware: InlineBytes("1.0.0"), on: &canvas)
    let isShown = display.show(&canvas, now: milliseconds())
    checks.expect("the display takes a frame", isShown)
    var wanted: [UInt8] = []
    for index in canvas.bytes.indices { wanted.append(canvas.bytes[index]) }
    checks.expect("the frame is not dark", wanted.contains { $0 != 0 })
    checks.expect("its memory is the frame, all 1024 bytes", ask(bus, .showMemory, count: 1024) == wanted, "another")
  }
  let complaints = ask(bus, .showComplaints, count: BenchChip.complaintLength).prefix { $0 != 0 }
  checks.expect("no chip complains", String(decoding: complaints, as: UTF8.self), is: "")
}

/// What the bench has to say.
private func ask(_ bus: LinuxI2CBus, _ command: BenchChip.Command, count: Int) -> [UInt8] {
  var answer = [UInt8](repeating: 0, count: count)
  do throws(I2CError) {
    var bytes = answer.mutableSpan
    try bus.transaction(BenchChip.address, write: [command.rawValue].span, read: &bytes)
  } catch {
    return []
  }
  return answer
}

private func checkFaults(_ bus: LinuxI2CBus, _ checks: inout Checks) {
  var sensor = EnvironmentSensor(bus: bus)
  checks.expect("a sensor is found", reading(&sensor)?.quality, is: .ok)
  let tell = { (bytes: [UInt8]) in
    failure { () throws(I2CError) in try bus.write(BenchChip.address, bytes.span) }
  }
  checks.expect("it is unplugged", tell([BenchChip.Command.unplug.rawValue, 0x76]), is: nil)
  let lost = reading(&sensor)
  checks.expect("then a reading says nack", lost?.quality, is: .nack)
  checks.expect("and has no value", lost?.temperatureCentiCelsius, is: nil)
  checks.expect("it is plugged in again", tell([BenchChip.Command.plugIn.rawValue, 0x76]), is: nil)
  let back = wait { reading(&sensor).flatMap { $0.quality == .ok ? $0 : nil } }
  checks.expect("and gives values again", back?.sensor, is: .bme280)

  checks.expect("a NACK is ordered", tell([BenchChip.Command.nackData.rawValue, 0x76, 1]), is: nil)
  // virtio-i2c has one bit for "failed": which byte it was is not known here.
  checks.expect(
    "a byte that is not acknowledged is an error",
    failure { () throws(I2CError) in try bus.write(0x76, register: 0xF4, 0x25) },
    is: .addressNotAcknowledged)
  checks.expect(
    "the transaction after it is none", failure { () throws(I2CError) in try bus.write(0x76, register: 0xF4, 0x25) },
    is: nil)
  checks.expect("what the bench does not know is an error", tell([0xEE]), is: .addressNotAcknowledged)
}

/// A bus of two GPIO lines (i2c-gpio) whose wires are shorted to ground. Its driver gives up on the clock, and reports that as
/// an address nobody acknowledged: `bit_doAddress` in drivers/i2c/algos/i2c-algo-bit.c makes ENXIO of whatever happened.
func checkShortedBus(_ checks: inout Checks) {
  guard let bus = bus(named: "shorted", &checks) else { return }
  checks.expect("it takes plain messages", bus.takesPlainMessages)
  checks.expect(
    "on a shorted bus nobody acknowledges", failure { () throws(I2CError) in try readOne(bus, 0x76) },
    is: .addressNotAcknowledged)
}
