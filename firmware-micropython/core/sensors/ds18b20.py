# Mirrors Sources/Sensors/DS18B20.swift.
"""Maxim DS18B20 (temperature) on 1-Wire, one of several on a line, with or without a supply of its own.

Commands and memory: Maxim DS18B20 datasheet 19-7487.
"""

from core.hal.one_wire_bus import OneWireError
from core.sensors import crc8
from core.sensors.sensor_error import CHECKSUM, IGNORED, ONE_WIRE, SensorError
from core.telemetry.measurement import DS18B20 as KIND
from core.telemetry.measurement import OK, POWER_ON, RANGE, Measurement, missing
from core.telemetry.rounding import rounded_division
from micropython import const

# The commands used (table 3 and the ROM commands above it).
MATCH_ROM = const(0x55)  # the chip with the code that follows
SKIP_ROM = const(0xCC)  # every chip
CONVERT = const(0x44)
WRITE_SCRATCHPAD = const(0x4E)  # two alarm bytes and the configuration follow
READ_SCRATCHPAD = const(0xBE)  # nine bytes, the last of them the checksum
READ_POWER_SUPPLY = const(0xB4)  # a low bit from a chip that lives on the line's current

FAMILY = const(0x28)
CONVERTING_MILLISECONDS = const(750)  # the longest at 12 bits (table 2)

# The alarm bytes and the configuration that `probe` writes: 12 bits, and a mark that the chip forgets with its supply.
_MARK_HIGH = const(0x4D)
_MARK_LOW = const(0xB2)
_MARK_CONFIGURATION = const(0x7F)
_POWER_ON_VALUE = const(0x0550)  # 85 degrees C: also what the chip holds after a power-up


class DS18B20:
    """A driver for the chip with the 64-bit `code`, or for the only one (None)."""

    kind = KIND

    def __init__(self, wire, code):
        self.wire = wire
        self.code = code
        self.is_parasitic = False
        self._has_measured = False

    def probe(self):
        """Asks how the chip is supplied, sets 12 bits and the mark, and reads them back."""
        wire = self.wire
        self._select()
        wire.write(READ_POWER_SUPPLY, False)
        self.is_parasitic = not wire.read_bit()
        self._select()
        wire.write(WRITE_SCRATCHPAD, False)
        wire.write(_MARK_HIGH, False)
        wire.write(_MARK_LOW, False)
        wire.write(_MARK_CONFIGURATION, False)
        if not self._scratchpad()[1]:
            raise SensorError(IGNORED, 0, WRITE_SCRATCHPAD)
        self._has_measured = False

    def start(self):
        """Starts one conversion. Nothing may use the line for 750 ms."""
        self._select()
        self.wire.write(CONVERT, self.is_parasitic)
        # Otherwise a flipped bit in the command would leave the value of the conversion before.
        if not self.is_parasitic and self.wire.read_bit():
            raise SensorError(IGNORED, 0, CONVERT)

    def read(self):
        """What the conversion that began 750 ms ago gave."""
        raw, is_marked = self._scratchpad()
        if not is_marked:
            return missing(POWER_ON, KIND)
        # The first 85 degrees C after a probe may still be the power-on value.
        was_measured = self._has_measured
        self._has_measured = True
        if raw == _POWER_ON_VALUE and not was_measured:
            return missing(POWER_ON, KIND)
        return measurement(raw)

    def _select(self):
        try:
            self.wire.reset()
        except OneWireError as error:
            raise SensorError(ONE_WIRE, error.code)
        if self.code is None:
            self.wire.write(SKIP_ROM, False)
            return
        self.wire.write(MATCH_ROM, False)
        for shift in range(0, 64, 8):
            self.wire.write(self.code >> shift & 0xFF, False)

    def _scratchpad(self):
        """(raw temperature, whether the mark is there)."""
        self._select()
        self.wire.write(READ_SCRATCHPAD, False)
        content = bytearray(9)
        crc = 0
        for index in range(9):
            content[index] = self.wire.read_byte()
            crc = crc8.dallas(content[index], crc)
        # A line that hangs low reads as zeros, whose checksum is zero: five bits of a configuration are always set.
        if crc != 0 or content[4] & 0x1F != 0x1F:
            raise SensorError(CHECKSUM, 0, READ_SCRATCHPAD)
        is_marked = content[2] == _MARK_HIGH and content[3] == _MARK_LOW and content[4] == _MARK_CONFIGURATION
        return content[1] << 8 | content[0], is_marked


def centi_celsius(raw):
    """1/16 degree C a bit, two's complement (table 1), in 0.01 degrees C."""
    return rounded_division((raw - 0x10000 if raw & 0x8000 else raw) * 100, 16)


def measurement(raw):
    """What the temperature bytes mean; the chip measures -55 ... 125 degrees C."""
    value = centi_celsius(raw)
    if not -5500 <= value <= 12_500:
        return missing(RANGE, KIND)
    return Measurement(value, None, None, OK, KIND)
