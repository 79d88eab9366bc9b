"""The core's I2C bus over `machine.I2C` (or `SoftI2C`)."""

import errno
import time

from core.hal.i2c_bus import ADDRESS_NOT_ACKNOWLEDGED, DATA_NOT_ACKNOWLEDGED, STUCK, TIMEOUT, I2CError
from machine import I2C, Pin
from micropython import const

_FREQUENCY = const(400_000)
_TIMEOUT_MICROSECONDS = const(20_000)
# The RP2040 has two I2C blocks; which pins lead to which follows from SDA's number (datasheet section 1.4.3).
_PINS_PER_BLOCK = const(4)
# MicroPython's errno module does not name these two (py/moderrno.c); the numbers are Linux's. Not seen on a board yet.
_EBUSY = const(16)
_EREMOTEIO = const(121)


class I2CWires:
    """The bus on two pins. Opened again after a recovery, which drives the pins by hand."""

    def __init__(self, sda, scl):
        self._sda = sda
        self._scl = scl
        self._open()

    def _open(self):
        block = self._sda % _PINS_PER_BLOCK // 2
        self._i2c = I2C(block, sda=Pin(self._sda), scl=Pin(self._scl), freq=_FREQUENCY, timeout=_TIMEOUT_MICROSECONDS)

    def transaction(self, address, write, read):
        """Runs one transaction; see core/hal/i2c_bus.py."""
        i2c = self._i2c
        try:
            if read is None:
                bytes_to_write = b"" if write is None else write
                acknowledged = i2c.writeto(address, bytes_to_write)
                if acknowledged < len(bytes_to_write):
                    raise I2CError(DATA_NOT_ACKNOWLEDGED)
                return
            if write is not None:
                acknowledged = i2c.writeto(address, write, False)
                if acknowledged < len(write):
                    raise I2CError(DATA_NOT_ACKNOWLEDGED)
            i2c.readfrom_into(address, read)
        except OSError as error:
            raise I2CError(error_of(error.errno))

    def recover(self):
        """Nine clocks and a stop by hand, so that a chip which hangs in the middle of a byte lets go of SDA."""
        sda = Pin(self._sda, Pin.OPEN_DRAIN, value=1)
        scl = Pin(self._scl, Pin.OPEN_DRAIN, value=1)
        for _ in range(9):
            scl.value(0)
            time.sleep_us(5)
            scl.value(1)
            time.sleep_us(5)
        sda.value(0)
        time.sleep_us(5)
        sda.value(1)
        self._open()


def error_of(number):
    """What an `OSError` of the bus means."""
    # The RP2040's hardware says EIO for every missing acknowledgement, the software bus ENODEV for that of the address.
    if number == errno.ETIMEDOUT:
        return TIMEOUT
    if number == _EBUSY:
        return STUCK
    if number == _EREMOTEIO:
        return DATA_NOT_ACKNOWLEDGED
    return ADDRESS_NOT_ACKNOWLEDGED
