# Mirrors Sources/Sensors/BME280.swift.
"""Bosch BME280 (temperature, humidity, pressure) and BMP280 (no humidity) on I2C, in forced mode and never waited for.

Registers and formulas: Bosch BST-BME280-DS002, BST-BMP280-DS001.
"""

from core.hal.i2c_bus import I2CError
from core.sensors import bme280_compensation
from core.sensors.bme280_calibration import BME280Calibration
from core.sensors.sensor_error import BUS, STARTING, UNEXPECTED_ID, UNSTABLE, SensorError
from core.telemetry.measurement import BME280 as KIND_BME280
from core.telemetry.measurement import BMP280 as KIND_BMP280
from core.telemetry.measurement import NONE, POWER_ON, missing
from micropython import const

# The registers used, by the datasheet's names (section 5.3).
CALIBRATION00 = const(0x88)  # dig_T1 ... dig_P9, one reserved byte, dig_H1: 26 bytes
ID = const(0xD0)  # 0x60 BME280, 0x58 BMP280
CALIBRATION26 = const(0xE1)  # dig_H2 ... dig_H6: 7 bytes
CONTROL_HUMIDITY = const(0xF2)  # takes effect with the next write to CONTROL_MEASUREMENT
STATUS = const(0xF3)  # bit 3: measuring; bit 0: calibration is being copied
CONTROL_MEASUREMENT = const(0xF4)
DATA = const(0xF7)  # pressure, temperature (20 bits each) and humidity (16 bits): 8 bytes

_HUMIDITY_TIMES_ONE = const(0b001)
_BOTH_TIMES_ONE = const(0b001_001_00)
_FORCED_MODE = const(0b01)


class BME280:
    """A driver for the chip at `address`, 0x76 or 0x77; touches the bus only when asked to."""

    def __init__(self, bus, address):
        self.bus = bus
        self.address = address
        self.kind = NONE
        self.calibration = None

    def probe(self):
        """Reads the id and, twice, the calibration: the chip has no checksum, and one flipped bit would falsify all."""
        chip_id = self._read_byte(ID)
        if chip_id == 0x60:
            found = KIND_BME280
        elif chip_id == 0x58:
            found = KIND_BMP280
        else:
            raise SensorError(UNEXPECTED_ID, chip_id)
        if self._read_byte(STATUS) & 0x01:
            raise SensorError(STARTING)
        low, high = self._read_calibration(found)
        low_again, high_again = self._read_calibration(found)
        # The reserved byte before dig_H1 is no calibration.
        if low[:24] != low_again[:24] or low[25] != low_again[25] or high != high_again:
            raise SensorError(UNSTABLE, 0, CALIBRATION00)
        self.calibration = BME280Calibration(low, high)
        self.kind = found

    def start(self):
        """Starts one measurement of every channel at oversampling 1. `probe` must have succeeded."""
        if self.kind == KIND_BME280:
            self._write(CONTROL_HUMIDITY, _HUMIDITY_TIMES_ONE)
        self._write(CONTROL_MEASUREMENT, _BOTH_TIMES_ONE | _FORCED_MODE)

    def poll(self):
        """What the measurement gave, or None while the chip says it is measuring."""
        if self._read_byte(STATUS) & 0x08:
            return None
        burst = bytearray(8)
        self._read(DATA, burst)
        raw = bme280_compensation.BME280Raw(burst)
        if raw.holds_a_reset_value() and self._has_forgotten():
            return missing(POWER_ON, self.kind)
        return bme280_compensation.measurement(raw, self.calibration, self.kind)

    def _has_forgotten(self):
        """Whether the chip lost power since `start`: its control registers are not what was written."""
        if self.kind == KIND_BME280 and self._read_byte(CONTROL_HUMIDITY) & 0b111 != _HUMIDITY_TIMES_ONE:
            return True
        return self._read_byte(CONTROL_MEASUREMENT) & 0b111_111_00 != _BOTH_TIMES_ONE

    def _read_calibration(self, kind):
        low = bytearray(26)
        high = bytearray(7)
        self._read(CALIBRATION00, low)
        if kind == KIND_BME280:
            self._read(CALIBRATION26, high)
        return low, high

    def _read_byte(self, register):
        byte = bytearray(1)
        self._read(register, byte)
        return byte[0]

    def _read(self, register, into):
        try:
            self.bus.transaction(self.address, bytes((register,)), into)
        except I2CError as error:
            raise SensorError(BUS, error.code, register)

    def _write(self, register, value):
        try:
            self.bus.transaction(self.address, bytes((register, value)), None)
        except I2CError as error:
            raise SensorError(BUS, error.code, register)
