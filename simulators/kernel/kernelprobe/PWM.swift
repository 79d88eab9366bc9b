import Glibc
import HAL
import LinuxHAL

/// The kernel's PWM: its rules and its sysfs, over a clock that drives nothing (board.dts).
func checkPWM(_ checks: inout Checks) {
  let channel = "/sys/class/pwm/pwmchip0/pwm0"
  do throws(LinuxHALError) {
    let fan = try LinuxPWM(chip: 0, channel: 0, frequencyHertz: 25_000)
    checks.expect("25 kHz is a period of 40 µs", text(of: channel + "/period"), is: "40000")
    checks.expect("it runs", text(of: channel + "/enable"), is: "1")
    checks.expect("low", text(of: channel + "/duty_cycle"), is: "0")
    fan.set(dutyPercent: 40)
    checks.expect("40 % are 16 µs", text(of: channel + "/duty_cycle"), is: "16000")
    fan.set(dutyPercent: 100)
    checks.expect("100 % are all of it", text(of: channel + "/duty_cycle"), is: "40000")
    let again = try LinuxPWM(chip: 0, channel: 0, frequencyHertz: 50_000)
    checks.expect("a shorter period than the duty that was", text(of: channel + "/period"), is: "20000")
    again.stop()
    checks.expect("stopped, it is given back", access(channel, F_OK) != 0)
    let beyond = failure { () throws(LinuxHALError) in _ = try LinuxPWM(chip: 0, channel: 1, frequencyHertz: 25_000) }
    checks.expect("a channel beyond the last is missing", beyond?.code, is: .missing)
    say("        \(beyond.map { "\($0)" } ?? "")")
  } catch {
    checks.expect("PWM works", false, "\(error)")
  }
}

/// What a user who belongs to no group is told; the last, because the program stays that user.
func checkPermissions(_ checks: inout Checks) {
  checks.expect("the program becomes nobody", setuid(65534), is: 0)
  let cases: [(String, () throws(LinuxHALError) -> Void)] = [
    ("i2c", { () throws(LinuxHALError) in _ = try LinuxI2CBus(LinuxI2CBus.available().first?.number ?? 0) }),
    ("gpio", { () throws(LinuxHALError) in _ = try LinuxGPIO(lineNamed: "door") }),
    ("gpio", { () throws(LinuxHALError) in _ = try LinuxPWM(chip: 0, channel: 0, frequencyHertz: 25_000) }),
  ]
  for (group, body) in cases {
    let error = failure(body)
    checks.expect("it may not", error?.code, is: .noPermission)
    checks.expect(
      "and is told the group \(group)", error?.remedy.contains("group \(group) ") == true, "\(error as Any)")
    say("        \(error.map { "\($0)" } ?? "")")
  }
}
