# Mirrors Sources/Sensors/TMP117.swift.
"""Texas Instruments TMP117 (temperature) on I2C. Registers: TI SNOSD82, section 7.6."""

from core.hal.i2c_bus import I2CError
from core.sensors.sensor_error import BUS, UNEXPECTED_ID, SensorError
from core.telemetry.measurement import OK, POWER_ON, RANGE, Measurement, missing
from core.telemetry.measurement import TMP117 as KIND
from core.telemetry.rounding import rounded_division
from micropython import const

# The registers used; 16 bits each, most significant byte first.
TEMPERATURE = const(0x00)  # two's complement, 7.8125 m degrees C a bit
CONFIGURATION = const(0x01)  # mode, averaging, data-ready flag
DEVICE_ID = const(0x0F)  # 0x117 in the low 12 bits, the revision above

_ONE_SHOT = const(0b0000_1100_0010_0000)  # one shot of eight averaged conversions, in 125 ms (table 7-7)
_MODE_MASK = const(0x0C00)  # after a one-shot conversion shut-down (01), after a power-up continuous (00)
_SHUT_DOWN = const(0x0400)
_DATA_READY = const(0x2000)


class TMP117:
    """A driver for the chip at `address`, 0x48 ... 0x4B; touches the bus only when asked to."""

    kind = KIND

    def __init__(self, bus, address):
        self.bus = bus
        self.address = address

    def probe(self):
        """Reads the device id."""
        device_id = self._read(DEVICE_ID)
        if device_id & 0x0FFF != 0x0117:
            raise SensorError(UNEXPECTED_ID, device_id)

    def start(self):
        """Starts one conversion."""
        # Reading clears a data-ready flag that an earlier conversion left: it would pass for this one's.
        self._read(CONFIGURATION)
        try:
            self.bus.transaction(self.address, bytes((CONFIGURATION, _ONE_SHOT >> 8, _ONE_SHOT & 0xFF)), None)
        except I2CError as error:
            raise SensorError(BUS, error.code, CONFIGURATION)

    def poll(self):
        """What the conversion gave, or None while its data are not ready."""
        configuration = self._read(CONFIGURATION)
        # Neither converting once nor done with it: the chip lost power meanwhile and converts on its own.
        mode = configuration & _MODE_MASK
        if mode != _SHUT_DOWN and mode != _ONE_SHOT & _MODE_MASK:
            return missing(POWER_ON, KIND)
        if not configuration & _DATA_READY:
            return None
        return measurement(self._read(TEMPERATURE))

    def _read(self, register):
        answer = bytearray(2)
        try:
            self.bus.transaction(self.address, bytes((register,)), answer)
        except I2CError as error:
            raise SensorError(BUS, error.code, register)
        return answer[0] << 8 | answer[1]


def centi_celsius(raw):
    """7.8125 m degrees C a bit (section 7.6.2), in 0.01 degrees C."""
    return rounded_division((raw - 0x10000 if raw & 0x8000 else raw) * 25, 32)


def measurement(raw):
    """What the temperature register means. 0x8000 is its value before the first conversion."""
    if raw == 0x8000:
        return missing(POWER_ON, KIND)
    value = centi_celsius(raw)
    if not -5500 <= value <= 15_000:
        return missing(RANGE, KIND)
    return Measurement(value, None, None, OK, KIND)
