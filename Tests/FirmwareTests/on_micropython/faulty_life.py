"""The shipped firmware for some seconds of its own time, while something is wrong; says what a person would see.

micropython faulty_life.py DIRECTORY SECONDS [fault]

A line each second: `second N samples N led N screen N`: how often the sensor was read since the start, and the numbers
of LED state and screen. The fault `flash-full` lets every write to flash fail.
"""

import builtins
import sys

import board as boards
import hurried
from micropython import const

_PACE = const(15)
_SENSOR = const(0x76)


class CountingBoard:
    """Counts the looks at the sensor's data."""

    def __init__(self, plain):
        self._plain = plain
        self.samples = 0

    def call(self, operation, unit=0, argument=0, body=b""):
        if operation == boards.I2C_TRANSFER and argument & 0xFF == _SENSOR and body == b"\xf7":
            self.samples += 1
        return self._plain.call(operation, unit, argument, body)


counter = boards.board = CountingBoard(boards.board)
hurried.install(_PACE)
import asyncio  # noqa: E402

import main  # noqa: E402
from ports import shell  # noqa: E402

lives = []


class WatchedShell(shell.Shell):
    """The shell, where it can be found."""

    def __init__(self, settings):
        super().__init__(settings)
        lives.append(self)


really_open = open


def open_on_full(path, mode="r"):
    """What a flash without a free block opens."""
    if "w" in mode or "a" in mode:
        raise OSError(28)
    return really_open(path, mode)


async def watch(seconds):
    """Says what a person sees, and ends everything."""
    await asyncio.sleep_ms(0)
    for second in range(seconds):
        node = lives[0]._node
        print("second", second, "samples", counter.samples, "led", node.led_state(), "screen", node.screen().kind)
        await asyncio.sleep_ms(1000)
    sys.exit(0)


shell.Shell = WatchedShell
if "flash-full" in sys.argv[3:]:
    builtins.open = open_on_full
asyncio.create_task(watch(int(sys.argv[2])))
main.main(sys.argv[1])
