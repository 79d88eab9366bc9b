import RegisterDump
import Testing

@Suite struct DecodeTests {
  func decode(_ chip: DecodableChip, _ text: String) throws -> String {
    try decodeRegisters(of: chip, RegisterDump(text))
  }

  /// BST-BMP280-DS001 section 3.12.
  @Test func publishedBMP280Example() throws {
    let report = try decode(
      .bme280,
      """
      # from the datasheet
      0xD0: 0x60
      88: 70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17 00
      A1: 4B
      E1: 6A 01 00 13 29 03 1E
      F2: 01 00 25
      F7: 65 5A C0 7E ED 00 6B 4C
      """)
    #expect(
      report == """
        id            60  a BME280
        calibration   T1…T3 27504 26435 -1000
                      P1…P9 36477 -10685 3024 2855 140 -7 15500 -14600 6000
                      H1…H6 75 362 0 313 50 30
        ctrl_hum      01  humidity ×1
        status        00  idle
        ctrl_meas     25  temperature ×1, pressure ×1, forced mode
        pressure      655AC0  raw 415148
        temperature   7EED00  raw 519888
        humidity      6B4C  raw 27468
        reading       25.08 °C  40.89 %RH  1006.53 hPa  ok

        """)
  }

  /// BST-BMP280-DS001 section 4.2: a BMP280's calibration ends at 9F.
  @Test func bmp280NeedsNoMoreThanItHas() throws {
    let dump = """
      D0: 60
      88: 70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17
      F7: 65 5A C0 7E ED 00
      """
    let report = try decode(.bmp280, dump)
    #expect(report.hasPrefix("id            60  a BME280, read as a BMP280 all the same\n"))
    #expect(report.hasSuffix("reading       25.08 °C  1006.53 hPa  ok\n"))
    let failure = #expect(throws: RegisterDump.Failure.self) { try decode(.bme280, dump) }
    #expect(failure?.description == "the dump lacks calibration: 88…A1, 26 bytes")
  }

  @Test func chipThatNeverMeasuredIsPowerOn() throws {
    let report = try decode(
      .bmp280,
      """
      88: 70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17 00 00
      F7: 80 00 00 80 00 00
      """)
    #expect(report.hasSuffix("reading       power-on\n"))
  }

  @Test func sht31WithAWrongChecksumIsNoReading() throws {
    #expect(
      try decode(.sht31, "F32D: 20 10 2D\n2400: 66 66 93 BE EF 91")
        .hasSuffix(
          """
          temperature   666693  checksum ok
          humidity      BEEF91  checksum wrong: 92 expected
          reading       crc

          """))
    #expect(try decode(.sht31, "2400: 66 66 93 BE EF 92").hasSuffix("reading       25.00 °C  74.58 %RH  ok\n"))
  }

  @Test func heaterOfAnSHT31IsPointedOut() throws {
    #expect(try decode(.sht31, "F32D: 20 10 00\n2400: 66 66 93 BE EF 92").contains("heater on"))
  }

  @Test func tmp117() throws {
    #expect(
      try decode(.tmp117, "00: 0C 80\n01: 22 20\n0F: 01 17") == """
        device id     0117  a TMP117
        configuration 2220  continuous, 8 averaged, data ready
        temperature   0C80  25.00 °C
        reading       25.00 °C  ok

        """)
    #expect(try decode(.tmp117, "00: 80 00").hasSuffix("temperature   8000  -256.00 °C\nreading       power-on\n"))
    #expect(try decode(.tmp117, "00: FF FF").hasSuffix("reading       -0.01 °C  ok\n"))
  }

  @Test func ds18b20() throws {
    #expect(
      try decode(.ds18b20, "BE: 5E FF 4B 46 7F FF 0C 10 00").contains("temperature   5EFF  -10.13 °C"))
    #expect(
      try decode(.ds18b20, "BE: 5E FF 4B 46 7F FF 0C 10 00").hasSuffix("checksum      00  wrong\nreading       crc\n"))
    // The scratchpad as it is after a power-up.
    #expect(
      try decode(.ds18b20, "BE: 50 05 4B 46 7F FF 0C 10 1C") == """
        temperature   5005  85.00 °C
        alarms        4B46  75 °C and 70 °C
        configuration 7F  12 bits
        checksum      1C  ok
        reading       power-on

        """)
  }

  @Test(arguments: [
    ("hello", "line 1: not `ADDRESS: BYTES` in hexadecimal, for example `F7: 65 5A C0`"),
    ("\n00: 0C 8G", "line 2: `8G` is no byte: two hexadecimal digits, for example `5A`"),
    ("00: 100", "line 1: `100` is no byte: two hexadecimal digits, for example `5A`"),
    ("10000: 00", "line 1: not `ADDRESS: BYTES` in hexadecimal, for example `F7: 65 5A C0`"),
    ("00:", "line 1: no bytes after the colon"),
    ("# nothing\n", "the dump is empty; it needs lines like `F7: 65 5A C0`"),
    ("0F: 01 17", "the dump lacks register 00, two bytes"),
    ("00: 0C", "the dump lacks register 00, two bytes"),
  ])
  func badDumpSaysWhereAndWhat(text: String, reason: String) {
    do {
      _ = try decode(.tmp117, text)
      Issue.record("no error")
    } catch {
      #expect("\(error)" == reason)
    }
  }
}
