"""The hardware watchdog, fed only by a sampling loop that makes progress while the other loops make theirs."""

import time

import machine
from micropython import const
from ports import log

TIMEOUT_MILLISECONDS = const(8_000)  # the RP2040's longest is 8,388
# The RP2040's watchdog: its control register's atomic-clear alias, and the bit that enables it (datasheet sections
# 2.1.2 and 4.7.6). MicroPython itself has no way to stop it.
_CONTROL_CLEAR = const(0x4005_B000)
_ENABLE = const(1 << 30)


def stop():
    """Stops the watchdog, for a person at the console: otherwise the board restarts in the middle of a new firmware."""
    machine.mem32[_CONTROL_CLEAR] = _ENABLE


class Watchdog:
    """Feeds `wdt` (None where there is none) as long as every loop that reported once reports within its allowance."""

    def __init__(self, wdt):
        self._wdt = wdt
        self._loops = {}  # name -> [last report, allowance in ms]
        self.starving = None  # the name of the loop that hangs

    def expect(self, name, allowance_milliseconds):
        """From now on `name` has to report within that time."""
        self._loops[name] = [time.ticks_ms(), allowance_milliseconds]

    def progress(self, name):
        """`name` has done something."""
        self._loops[name][0] = time.ticks_ms()

    def feed(self):
        """To be called by the sampling loop, once a turn."""
        now = time.ticks_ms()
        for name, (reported, allowance) in self._loops.items():
            if time.ticks_diff(now, reported) > allowance:
                if self.starving is None:
                    self.starving = name
                    log.error("watchdog: %s makes no progress; the board will restart" % name)
                return
        if self._wdt is not None:
            self._wdt.feed()
