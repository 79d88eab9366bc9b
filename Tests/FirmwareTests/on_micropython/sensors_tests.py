"""Published examples, detection, faults: the values of FACTS and of Tests/SensorsTests."""

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, DATA_NOT_ACKNOWLEDGED, STUCK, TIMEOUT
from core.sensors import bme280_compensation, crc8, ds18b20, on_chip_temperature, sht31, tmp117
from core.sensors.bme280_calibration import BME280Calibration
from core.sensors.board_sensor import BoardSensor
from core.sensors.motion_sensor import MotionSensor
from core.sensors.switch_sensor import SwitchSensor
from core.telemetry import measurement
from core.telemetry.measurement import missing
from fixed_board import FixedBME280

from world import ScriptedBus, equal


def bme280(chip_id=0x60):
    chip = FixedBME280()
    registers = {number: chip.register(number) for number in range(256)}
    registers[0xD0] = chip_id
    return registers


def measured(sensor, now=0, wait=10):
    sensor.begin(now)
    return sensor.poll(now + wait)


def test_the_published_example_of_the_bmp280_datasheet():
    chip = FixedBME280()
    calibration = BME280Calibration(
        bytes(chip.register(0x88 + i) for i in range(26)), bytes(chip.register(0xE1 + i) for i in range(7))
    )
    fine = bme280_compensation.fine_temperature(519888, calibration)
    equal(fine, 128422)
    equal(bme280_compensation.centi_celsius(fine), 2508)
    equal(bme280_compensation.pressure_q8(415148, fine, calibration), 25767233)
    equal(bme280_compensation.pascals(415148, fine, calibration), 100653)


def test_any_calibration_and_any_raw_value_give_a_value_in_range_or_none():
    state = 99
    for _ in range(400):
        noise = bytearray(41)
        for index in range(41):
            state = (state * 1103515245 + 12345) & 0x7FFF_FFFF
            noise[index] = state >> 16 & 0xFF
        calibration = BME280Calibration(noise[:26], noise[26:33])
        raw = bme280_compensation.BME280Raw(noise[33:41])
        found = bme280_compensation.measurement(raw, calibration, measurement.BME280)
        assert found.temperature_centi_celsius is None or -4000 <= found.temperature_centi_celsius <= 8500
        assert found.pressure_pascals is None or 30_000 <= found.pressure_pascals <= 110_000
        assert found.humidity_centi_percent is None or 0 <= found.humidity_centi_percent <= 10_000


def test_checksums_of_the_datasheets():
    equal(crc8.sensirion(0xBE, 0xEF), 0x92)
    crc = 0
    for byte in (0x02, 0x1C, 0xB8, 0x01, 0, 0, 0, 0xA2):  # application note 27
        crc = crc8.dallas(byte, crc)
    equal(crc, 0)


def test_published_temperatures():
    for raw, value in ((0x0C80, 2500), (0xFFFF, -1), (0xE700, -5000), (0x0000, 0)):
        equal(tmp117.centi_celsius(raw), value)
    for raw, value in (
        (0x07D0, 12500),
        (0x0550, 8500),
        (0x0191, 2506),
        (0x00A2, 1013),
        (0, 0),
        (0xFFF8, -50),
        (0xFF5E, -1013),
        (0xFE6F, -2506),
        (0xFC90, -5500),
    ):
        equal(ds18b20.centi_celsius(raw), value, hex(raw))
    equal((sht31.centi_celsius(0), sht31.centi_celsius(65535), sht31.centi_percent(65535)), (-4500, 13000, 10000))
    equal(on_chip_temperature.centi_celsius(876), 2704)


def test_a_bme280_is_found_and_measured():
    sensor = BoardSensor(ScriptedBus({0x76: bme280()}))
    equal(measured(sensor), measurement.Measurement(2508, 4075, 100653, measurement.OK, measurement.BME280))


def test_a_bmp280_has_no_humidity():
    sensor = BoardSensor(ScriptedBus({0x77: bme280(0x58)}))
    equal(measured(sensor), measurement.Measurement(2508, None, 100653, measurement.OK, measurement.BMP280))


def test_an_empty_board_says_absent_and_looks_at_every_address_in_order():
    bus = ScriptedBus({})
    equal(measured(BoardSensor(bus)), missing(measurement.ABSENT))
    equal(
        bus.trace,
        [
            "76 W D0 R1",
            "77 W D0 R1",
            "44 W F3 2D R3",
            "45 W F3 2D R3",
            "48 W 0F R2",
            "49 W 0F R2",
            "4A W 0F R2",
            "4B W 0F R2",
        ],
    )


def test_a_lost_chip_says_nack_and_is_found_again():
    bus = ScriptedBus({0x76: bme280()})
    sensor = BoardSensor(bus)
    measured(sensor)
    del bus.chips[0x76]
    for _ in range(3):
        equal(measured(sensor), missing(measurement.NACK, measurement.BME280))
    bus.chips[0x76] = bme280()
    equal(measured(sensor).quality, measurement.OK)


def test_every_bus_fault_has_its_reason_and_a_stuck_bus_is_recovered():
    for fault, quality in (
        (ADDRESS_NOT_ACKNOWLEDGED, measurement.NACK),
        (DATA_NOT_ACKNOWLEDGED, measurement.NACK),
        (TIMEOUT, measurement.STUCK),
        (STUCK, measurement.STUCK),
    ):
        bus = ScriptedBus({0x76: bme280()})
        sensor = BoardSensor(bus)
        measured(sensor)
        bus.faults = [fault]
        equal(measured(sensor).quality, quality)
        equal("recover" in bus.trace, fault == STUCK)


def test_a_flipped_calibration_bit_is_noticed():
    class Flipping(ScriptedBus):
        def transaction(self, address, write, read):
            super().transaction(address, write, read)
            if write is not None and write[0] == 0x88 and len(self.trace) == 3:
                read[4] ^= 0x10

    equal(measured(BoardSensor(Flipping({0x76: bme280()}))).quality, measurement.CRC)


def test_the_chip_s_own_sensor_is_the_last_choice():
    class Channel:
        is_there = True

        def is_present(self):
            return self.is_there

        def read(self):
            return 876

    channel = Channel()
    sensor = BoardSensor(ScriptedBus({}), None, channel)
    first = measured(sensor)
    equal(first.sensor, measurement.ON_CHIP)
    sensor.set_offset(-425)
    equal(measured(sensor).temperature_centi_celsius, first.temperature_centi_celsius - 425)
    channel.is_there = False
    equal(measured(sensor).quality, measurement.ABSENT)
    equal(measured(BoardSensor(ScriptedBus({}), None, channel)).sensor, measurement.NONE)


def test_motion_is_a_rising_edge_then_a_cool_down_across_the_wrap_of_the_tick():
    motion = MotionSensor(1000)
    start = 0xFFFF_FF00
    equal(motion.update(start, True), None, "the first level is no edge")
    motion.update(start, False)
    equal(motion.update(start, True), 0)
    motion.update(start + 10, False)
    equal(motion.update(start + 20, True), None)
    motion.update(start + 30, False)
    equal(motion.update((start + 1000) & 0xFFFF_FFFF, True), 1)


def test_one_toggle_of_a_bouncing_switch_is_one_event():
    door = SwitchSensor(30)
    events = 0
    now = 0
    for level in (False,) * 9 + (True, False, True, False, True, False, True) + (True,) * 20:
        now += 10 if level == door.is_high else 7
        events += door.update(now, level)
    equal(events, 1)
    equal(door.is_high, True)
