# Mirrors Sources/HAL/OneWireBus.swift.
"""A 1-Wire line: any object with `reset()`, `write_bit(bit)`, `read_bit()`, `write(byte, keep_powered)`, `read_byte()`.

A board without a line has None in its place. Bits travel least significant first.
"""

from micropython import const

NO_PRESENCE = const(0)
SHORTED = const(1)


class OneWireError(Exception):
    """Why a line did not answer its reset: NO_PRESENCE or SHORTED."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code
