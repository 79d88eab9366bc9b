"""The board's ticks as the core wants them: milliseconds in 32 bits that wrap."""

import time


class Ticks:
    """`time.ticks_ms` wraps at 2^30 on the RP2040; the core counts to 2^32."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._value = 0

    def now(self):
        """The tick, 0 at the start; to be asked more often than every six days."""
        ticks = time.ticks_ms()
        self._value = (self._value + time.ticks_diff(ticks, self._last)) & 0xFFFF_FFFF
        self._last = ticks
        return self._value
