# Mirrors Sources/HAL/I2CBus.swift.
"""A bus of chips that answer to 7-bit addresses.

A bus is any object with `transaction(address, write, read)` and `recover()`. `write` is bytes or None, `read` a
bytearray to fill or None; neither is a probe. What stops a transaction is an `I2CError`; the bus is free again,
except after STUCK.
"""

from micropython import const

ADDRESS_NOT_ACKNOWLEDGED = const(0)
DATA_NOT_ACKNOWLEDGED = const(1)
TIMEOUT = const(2)
STUCK = const(3)


class I2CError(Exception):
    """What stopped a transaction: one of the four codes above."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def answers(bus, address):
    """Whether a chip answers to the address."""
    try:
        bus.transaction(address, None, None)
        return True
    except I2CError:
        return False
