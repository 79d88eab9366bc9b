"""The board behind the simulated `machine` and `network`: a process at the other end of two pipes, or constants in
this one.

`MARTLET_BOARD=pipe` speaks the frames of PROTOCOL.md over stdin and stdout; nothing else may be printed there then.
Otherwise a board of constants answers: a BME280, a display that takes everything, quiet pins, and a Wi-Fi that is
there.
"""

import os
import struct
import sys

from fixed_board import FixedBME280
from micropython import const

# Operations, PROTOCOL.md.
I2C_TRANSFER = const(0x01)
PIN_READ = const(0x02)
PIN_WRITE = const(0x03)
PIN_MODE = const(0x04)
ADC_READ = const(0x05)
PWM_SET = const(0x06)
ONE_WIRE_RESET = const(0x07)
ONE_WIRE_WRITE_BIT = const(0x08)
ONE_WIRE_READ_BIT = const(0x09)
ONE_WIRE_WRITE = const(0x0A)
ONE_WIRE_READ = const(0x0B)
RESET = const(0x10)
RESET_CAUSE = const(0x11)
WATCHDOG_START = const(0x12)
WATCHDOG_FEED = const(0x13)
WATCHDOG_STOP = const(0x14)
WIFI_ACTIVE = const(0x20)
WIFI_JOIN = const(0x21)
WIFI_LEAVE = const(0x22)
WIFI_STATUS = const(0x23)
WIFI_RSSI = const(0x24)

# What an answer's status means.
OK = const(0)
ADDRESS_NOT_ACKNOWLEDGED = const(1)
DATA_NOT_ACKNOWLEDGED = const(2)
TIMEOUT = const(3)
STUCK = const(4)
NO_PRESENCE = const(5)
SHORTED = const(6)
NOT_THERE = const(7)
UNKNOWN_OPERATION = const(0xFF)

_HEADER = "<BBHI"
_HEADER_BYTES = const(8)

# A constant 20.9 degrees C of the RP2040's own sensor, 12 bits.
_CHIP_TEMPERATURE_RAW = const(889)
_JOINED = const(3)


class PipeBoard:
    """A board in another process: a frame out, a frame in."""

    def __init__(self, incoming, outgoing):
        self._incoming = incoming
        self._outgoing = outgoing

    def call(self, operation, unit=0, argument=0, body=b""):
        """(status, value, body) of what the board answers."""
        self._outgoing.write(struct.pack(_HEADER, operation, unit, len(body), argument))
        if body:
            self._outgoing.write(body)
        status, _, length, value = struct.unpack(_HEADER, self._take(_HEADER_BYTES))
        return status, value, self._take(length) if length else b""

    def _take(self, count):
        taken = b""
        while len(taken) < count:
            piece = self._incoming.read(count - len(taken))
            if not piece:
                # The board is gone: so is this firmware, as when somebody pulls the plug.
                sys.exit(3)
            taken += piece
        return taken


class FixedBoard:
    """Constants, so that the firmware runs alone."""

    def __init__(self):
        self._chip = FixedBME280()
        self._levels = {}
        self._is_active = False
        self._is_joined = False

    def call(self, operation, unit=0, argument=0, body=b""):
        """(status, value, body) of what a real board would answer."""
        if operation == I2C_TRANSFER:
            return self._transfer(argument & 0xFF, argument >> 16, body)
        if operation == PIN_READ:
            return OK, self._levels.get(unit, 0), b""
        if operation == PIN_WRITE:
            self._levels[unit] = argument
        elif operation == ADC_READ:
            return OK, _CHIP_TEMPERATURE_RAW, b""
        elif operation == ONE_WIRE_RESET:
            return NO_PRESENCE, 0, b""
        elif operation in (ONE_WIRE_READ_BIT, ONE_WIRE_READ):
            return OK, 0xFF, b""
        elif operation == RESET_CAUSE:
            return OK, 1, b""
        elif operation == WIFI_ACTIVE:
            self._is_active = bool(argument)
        elif operation == WIFI_JOIN:
            self._is_joined = self._is_active
        elif operation == WIFI_LEAVE:
            self._is_joined = False
        elif operation == WIFI_STATUS:
            return OK, _JOINED if self._is_joined else 0, b""
        elif operation == WIFI_RSSI:
            return OK, -61 & 0xFFFF_FFFF, b""
        return OK, 0, b""

    def _transfer(self, address, count, written):
        if address == 0x3C:
            return OK, len(written), bytes(count)
        if address != 0x76:
            return ADDRESS_NOT_ACKNOWLEDGED, 0, b""
        first = written[0] if written else 0
        return OK, len(written), bytes(self._chip.register(first + index) for index in range(count))


def _open():
    if os.getenv("MARTLET_BOARD") == "pipe":
        return PipeBoard(sys.stdin.buffer, sys.stdout.buffer)
    return FixedBoard()


board = _open()
