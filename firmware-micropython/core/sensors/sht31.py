# Mirrors Sources/Sensors/SHT31.swift.
"""Sensirion SHT31 (temperature, humidity) on I2C. Commands, checksum and formulas: SHT3x-DIS datasheet."""

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, I2CError
from core.sensors import crc8
from core.sensors.sensor_error import BUS, CHECKSUM, SensorError
from core.telemetry.measurement import OK, RANGE, Measurement, missing
from core.telemetry.measurement import SHT31 as KIND
from core.telemetry.rounding import rounded_division
from micropython import const

# The commands used, two bytes each (section 4).
MEASURE = const(0x2400)  # one measurement, high repeatability, no clock stretching
SOFT_RESET = const(0x30A2)  # as after a power-up, in 1.5 ms
HEATER_OFF = const(0x3066)  # the heater warms the chip by degrees
READ_STATUS = const(0xF32D)  # 16 bits and their checksum

MEASURING_MILLISECONDS = const(16)  # the longest at high repeatability (table 4: 15.5)


class SHT31:
    """A driver for the chip at `address`, 0x44 or 0x45; touches the bus only when asked to."""

    kind = KIND

    def __init__(self, bus, address):
        self.bus = bus
        self.address = address

    def probe(self):
        """Reads the status, which only an SHT3x closes with the right checksum, and turns off a heater that is on."""
        answer = bytearray(3)
        try:
            self.bus.transaction(self.address, _bytes(READ_STATUS), answer)
        except I2CError as error:
            raise SensorError(BUS, error.code, READ_STATUS)
        if _word(answer, 0, READ_STATUS) & 0x2000:
            self._send(HEATER_OFF)

    def start(self):
        """Starts one measurement; a chip that still measures does not acknowledge."""
        self._send(MEASURE)

    def poll(self):
        """What the measurement gave, or None while the chip does not acknowledge: it measures, or it is gone."""
        answer = bytearray(6)
        try:
            self.bus.transaction(self.address, None, answer)
        except I2CError as error:
            if error.code == ADDRESS_NOT_ACKNOWLEDGED:
                return None
            raise SensorError(BUS, error.code, MEASURE)
        temperature = _word(answer, 0, MEASURE)
        humidity = _word(answer, 3, MEASURE)
        return measurement(temperature, humidity)

    def reset(self):
        """Puts the chip into the state after a power-up, in 1.5 ms."""
        self._send(SOFT_RESET)

    def _send(self, command):
        try:
            self.bus.transaction(self.address, _bytes(command), None)
        except I2CError as error:
            raise SensorError(BUS, error.code, command)


def centi_celsius(raw):
    """-45 + 175 * raw / 65535 degrees C (section 4.13), in 0.01 degrees C; rounded as a whole."""
    return rounded_division(raw * 17_500 - 4500 * 65_535, 65_535)


def centi_percent(raw):
    """100 * raw / 65535 %RH (section 4.13), in 0.01 %RH."""
    return rounded_division(raw * 10_000, 65_535)


def measurement(temperature, humidity):
    """What two raw values mean. The chip measures -40 ... 125 degrees C; its words reach to -45 and 130."""
    celsius = centi_celsius(temperature)
    if not -4000 <= celsius <= 12_500:
        return missing(RANGE, KIND)
    return Measurement(celsius, centi_percent(humidity), None, OK, KIND)


def _bytes(command):
    return bytes((command >> 8, command & 0xFF))


def _word(answer, index, command):
    high, low = answer[index], answer[index + 1]
    if crc8.sensirion(high, low) != answer[index + 2]:
        raise SensorError(CHECKSUM, 0, command)
    return high << 8 | low
