"""`machine` as the firmware uses it on an RP2040, for the unix port: every call is a question to the board."""

import errno

import board as _board
from board import board
from micropython import const

PWRON_RESET = const(1)
WDT_RESET = const(3)

# GPIO 0 ... 28 are themselves; the Pico W's LED is on the wireless chip.
_LED = const(64)
# The exit code of a firmware that wants to be started again.
_RESTART = const(75)
# What Linux says of a missing acknowledgement in the middle of what is written before a read.
_EREMOTEIO = const(121)


class _Registers:
    """`mem32`, of which the firmware writes one register: the watchdog's, to stop it."""

    def __setitem__(self, address, value):
        if (address, value) != (0x4005_B000, 1 << 30):
            raise ValueError("the simulated board has no register 0x%08X" % address)
        board.call(_board.WATCHDOG_STOP)


mem32 = _Registers()


def reset():
    """Starts the board again."""
    board.call(_board.RESET)
    raise SystemExit(_RESTART)


def reset_cause():
    """Why the board started."""
    return board.call(_board.RESET_CAUSE)[1]


def unique_id():
    """Eight bytes."""
    return b"martlet\x00"


class Pin:
    """A GPIO."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, name, mode=-1, pull=-1, value=None):
        self.number = _LED if name == "LED" else name
        if not 0 <= self.number <= 28 and self.number != _LED:
            raise ValueError("there is no such pin")
        if mode >= 0:
            self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, value=None):
        """Sets direction, pull and, for an output, the level."""
        board.call(_board.PIN_MODE, self.number, mode & 0xFF | (pull & 0xFF) << 8)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        """The level, or sets it."""
        if level is None:
            return board.call(_board.PIN_READ, self.number)[1]
        board.call(_board.PIN_WRITE, self.number, 1 if level else 0)
        return None


class I2C:
    """A controller. Like the software bus of the real one it tells a missing address from a missing data
    acknowledgement.
    """

    def __init__(self, block, *, scl, sda, freq=400_000, timeout=50_000):
        self._block = block
        self._held = b""  # written without a stop: goes with the read that follows

    def writeto(self, address, content, stop=True):
        """Writes; gives how many bytes were acknowledged."""
        if not stop:
            self._held = bytes(content)
            return len(content)
        return self._transfer(address, bytes(content), 0)[0]

    def readfrom_into(self, address, into, stop=True):
        """Reads as many bytes as `into` has."""
        held, self._held = self._held, b""
        acknowledged, content = self._transfer(address, held, len(into))
        if acknowledged < len(held):
            raise OSError(_EREMOTEIO)
        into[:] = content

    def scan(self):
        """The addresses that answer."""
        found = []
        for address in range(0x08, 0x78):
            if board.call(_board.I2C_TRANSFER, self._block, address)[0] == _board.OK:
                found.append(address)
        return found

    def _transfer(self, address, content, count):
        status, value, answer = board.call(_board.I2C_TRANSFER, self._block, address | count << 16, content)
        if status == _board.OK:
            return len(content), answer
        if status == _board.DATA_NOT_ACKNOWLEDGED:
            return value, bytes(count)
        if status == _board.TIMEOUT:
            raise OSError(errno.ETIMEDOUT)
        if status == _board.STUCK:
            raise OSError(16)  # EBUSY, which MicroPython's errno module does not name
        raise OSError(errno.ENODEV)


SoftI2C = I2C


class ADC:
    """A converter's input."""

    def __init__(self, channel):
        self._channel = channel

    def read_u16(self):
        """One conversion, 12 bits scaled to 16 as the RP2040's port does it."""
        raw = board.call(_board.ADC_READ, self._channel)[1]
        return raw << 4 | raw >> 8


class PWM:
    """A pin that is high for a share of the time."""

    def __init__(self, pin, *, freq=0, duty_u16=0):
        self._pin = pin
        self._frequency = freq
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        """Sets the share, 0 ... 65,535."""
        board.call(_board.PWM_SET, self._pin.number, duty, self._frequency.to_bytes(4, "little"))


class WDT:
    """The watchdog."""

    def __init__(self, timeout=5000):
        board.call(_board.WATCHDOG_START, 0, timeout)

    def feed(self):
        """Not yet."""
        board.call(_board.WATCHDOG_FEED)
